import { Buffer } from 'node:buffer';
import { sign as ed25519Sign, verify as ed25519Verify, timingSafeEqual } from 'node:crypto';
import { RingbackError } from '../errors.js';
import type { ClaimedMessage } from './standard-webhooks-message.js';
import type { StandardWebhooksKey, Version } from './standard-webhooks-secret.js';

/** What Standard Webhooks signs: `head`, which is `id.timestamp.`, and the body. */
const head = (id: string, timestamp: string): string => `${id}.${timestamp}.`;

/** ed25519 takes the whole content at once. */
const content = (id: string, timestamp: string, body: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(head(id, timestamp)), body]);

/** One signature for each key that can make one, separated by spaces. Throws `invalid-secret` where none can. */
export function signAll(keys: readonly StandardWebhooksKey[], id: string, timestamp: string, body: Uint8Array): string {
  let signatures = '';
  for (const key of keys) {
    const signature = signWith(key, id, timestamp, body);
    if (signature === undefined) continue;
    signatures = signatures === '' ? signature : `${signatures} ${signature}`;
  }
  if (signatures !== '') return signatures;
  throw new RingbackError(
    'invalid-secret',
    'secrets must hold a whsec_ or a whsk_ secret to sign with, got only whpk_ keys, which verify and do not sign',
  );
}

function signWith(key: StandardWebhooksKey, id: string, timestamp: string, body: Uint8Array): string | undefined {
  if (key.version === 'v1') return `v1,${key.hmac.text([head(id, timestamp), body], 'base64')}`;
  if (key.privateKey === undefined) return undefined;
  return `v1a,${ed25519Sign(null, content(id, timestamp, body), key.privateKey).toString('base64')}`;
}

export const versionsOf = (keys: readonly StandardWebhooksKey[]): ReadonlySet<Version> =>
  new Set(keys.map(({ version }) => version));

/** Whether any of the signatures is any key's. The costly ones are asked last, and only where no cheap one fits. */
export function matchesAny(keys: readonly StandardWebhooksKey[], claimed: ClaimedMessage, body: Uint8Array): boolean {
  return matchesHmac(keys, claimed, body) || matchesEd25519(keys, claimed, body);
}

/** Compares every signature with every key's, whatever has matched before: the time it takes tells nothing about which. */
function matchesHmac(
  keys: readonly StandardWebhooksKey[],
  { id, timestamp, signatures }: ClaimedMessage,
  body: Uint8Array,
): boolean {
  const sent = signatures.get('v1');
  if (sent === undefined) return false;
  let matched = false;
  for (const key of keys) {
    if (key.version !== 'v1') continue;
    const expected = key.hmac.bytes([head(id, timestamp.text), body]);
    for (const signature of sent) matched = timingSafeEqual(expected, signature) || matched;
  }
  return matched;
}

/** Ends at the first that fits: nothing about a public key is secret. */
function matchesEd25519(
  keys: readonly StandardWebhooksKey[],
  { id, timestamp, signatures }: ClaimedMessage,
  body: Uint8Array,
): boolean {
  const sent = signatures.get('v1a');
  if (sent === undefined) return false;
  const signed = content(id, timestamp.text, body);
  for (const key of keys) {
    if (key.version !== 'v1a') continue;
    for (const signature of sent) if (ed25519Verify(null, signed, key.publicKey, signature)) return true;
  }
  return false;
}
