import { Buffer } from 'node:buffer';
import type { Delivery } from '../../callback.js';
import { RingbackError } from '../../errors.js';
import type { Signable } from '../scheme.js';
import { checkUntaken } from '../scheme-headers.js';
import { isToBeCovered } from './components.js';
import { contentDigest } from './content-digest.js';
import type { ParsedKey } from './key.js';
import { isHeaderId, type Profile } from './options.js';
import { type RequestTarget, requestTarget } from './request-target.js';
import { componentValue, signatureBase } from './signature-base.js';
import { bytesText, dictionaryText, innerListText } from './structured-field-text.js';

const SIGNATURE_HEADERS = ['signature', 'signature-input'];

const unsignable = (fault: string): RingbackError => new RingbackError('invalid-callback', fault);

/** Whether a message of this delivery can be signed, found out before anything is stored or sent. Throws `invalid-callback`. */
export function checkDelivery({ id, to, headers, contentType }: Delivery, profile: Profile): void {
  const request = { method: 'POST', target: targetOf(to), headers: { 'content-type': contentType, ...headers } };
  const added = addedHeaders(profile, id, '');
  checkUntaken(headers, [...Object.keys(added), ...SIGNATURE_HEADERS]);
  for (const component of profile.components) {
    if (!Object.hasOwn(added, component.name)) componentValue(component, request, unsignable);
  }
}

/** The headers to add to a message: its id and digest, and a signature by every key that can sign. */
export function sign(message: Signable, keys: readonly ParsedKey[], profile: Profile): Record<string, string> {
  const added = addedHeaders(profile, message.id, contentDigest(message.body, profile.digest));
  checkUntaken(message.headers, [...Object.keys(added), ...SIGNATURE_HEADERS]);
  const request = { method: message.method, target: targetOf(message.to), headers: { ...message.headers, ...added } };
  const components = profile.components.filter((component) => isToBeCovered(component, request.headers));
  const inputs: [string, string][] = [];
  const signatures: [string, string][] = [];
  for (const key of keys) {
    if (key.sign === undefined) continue;
    const label = `${profile.label}${inputs.length + 1}`;
    const input = innerListText(
      components.map(({ text }) => text),
      parametersOf(message, key, profile),
    );
    inputs.push([label, input]);
    signatures.push([label, bytesText(key.sign(Buffer.from(signatureBase(components, input, request, unsignable))))]);
  }
  if (inputs.length === 0) throw new RingbackError('invalid-secret', 'secrets must have a private or shared key to sign with');
  return { ...added, 'signature-input': dictionaryText(inputs), signature: dictionaryText(signatures) };
}

/** What `created` and `expires` are rounded to. */
const seconds = (ms: number): number => Math.floor(ms / 1000);

function parametersOf({ timestampMs }: Signable, { keyId, algorithm }: ParsedKey, { expiresAfterMs, tag }: Profile) {
  return [
    ['created', seconds(timestampMs)],
    ['expires', expiresAfterMs === undefined ? undefined : seconds(timestampMs + expiresAfterMs)],
    ['keyid', keyId],
    ['alg', algorithm],
    ['tag', tag],
  ] as const;
}

function addedHeaders({ idHeader }: Profile, id: string, digest: string): Record<string, string> {
  if (idHeader === undefined) return { 'content-digest': digest };
  if (!isHeaderId(id)) throw unsignable('id must be 1 to 256 visible ASCII characters to be signed in a header');
  return { [idHeader]: id, 'content-digest': digest };
}

function targetOf(to: string): RequestTarget {
  const target = requestTarget(to);
  if (target === undefined) throw unsignable('HTTP Message Signatures need a destination of http: or https:');
  return target;
}
