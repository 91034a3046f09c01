import { FRAMING_HEADERS, isHeaderName } from '../../header-grammar.js';
import { checkNames, durationOption, invalidOption, numberOption } from '../../options.js';
import type { Secrets } from '../secrets.js';
import { DEFAULT_TOLERANCE_MS } from '../timestamp.js';
import { type Component, component, componentOption } from './components.js';
import { type ContentDigestAlgorithm, isContentDigestAlgorithm } from './content-digest.js';
import type { HttpMessageSignatureKey } from './key.js';
import { isKey, isStringItem } from './structured-field-text.js';

/** Settings of `httpMessageSignatures`. */
export interface HttpMessageSignaturesOptions {
  /**
   * 1 to 10 keys. A message is signed with each of them that can sign, and verified by the one that its signature names: to
   * rotate, add the new one, wait until all receivers have it, drop the old one.
   */
  readonly secrets: Secrets<HttpMessageSignatureKey>;
  /**
   * What a signature covers, and must cover to be accepted, beside the body's digest and the id, which it always covers. Names
   * of RFC 9421 §2: `@method`, `@target-uri`, `@authority`, `@scheme`, `@request-target`, `@path`, `@query`,
   * `@query-param;name="…"`, and lower-case names of headers. All of them must be in the message, but for `content-type`,
   * which is covered where there is one. Default: `@method`, `@target-uri`, `content-type`.
   */
  readonly components?: readonly string[];
  /** The header that carries the callback's id; false for none, so that `verify` vouches for no id. Default `webhook-id` (Standard Webhooks). */
  readonly idHeader?: string | false;
  /** The body's digest in what we sign. When verified, either is taken. Default `sha-256` (RFC 9530). */
  readonly digest?: ContentDigestAlgorithm;
  /** What signatures are labelled, with a number behind it: `sig1`, `sig2`. Verified under any label. Default `sig` (RFC 9421's examples). */
  readonly label?: string;
  /**
   * The parameter `tag`: the name of what both sides use these signatures for. A signature with another tag, or with one
   * where none is set, was made for something else and is passed over. Default: none.
   */
  readonly tag?: string;
  /** How long after it was made a signature may be used, as `expires`, in ms; rounded down to seconds. Default: no `expires`. */
  readonly expiresAfterMs?: number;
  /** How far `created` may lie in the past or the future when verified, in ms. Default 300,000 (Standard Webhooks). */
  readonly toleranceMs?: number;
}

/** The settings as they are used: what RFC 9421 §1.4 calls a profile. */
export interface Profile {
  /** All that is covered, in the order in which we sign it. */
  readonly components: readonly Component[];
  readonly idHeader: string | undefined;
  readonly digest: ContentDigestAlgorithm;
  readonly label: string;
  readonly tag: string | undefined;
  readonly expiresAfterMs: number | undefined;
  readonly toleranceMs: number;
}

const NAMES = ['secrets', 'components', 'idHeader', 'digest', 'label', 'tag', 'expiresAfterMs', 'toleranceMs'];
const MAX_COMPONENTS = 32;
const DEFAULT_COMPONENTS = ['@method', '@target-uri', 'content-type'];
const DEFAULT_ID_HEADER = 'webhook-id';
/** Headers that mean something else already. */
const TAKEN = ['content-digest', 'content-type', 'signature', 'signature-input'];

/** Whether the header of the id can carry it. */
export const isHeaderId = (id: string): boolean => /^[!-~]{1,256}$/.test(id);

/** Parses all settings but the keys. Throws `invalid-option`. */
export function profileOf(options: HttpMessageSignaturesOptions): Profile {
  checkNames('httpMessageSignatures', options, NAMES);
  const { digest = 'sha-256', label = 'sig', tag, expiresAfterMs } = options;
  const idHeader = idHeaderOption(options.idHeader);
  if (!isContentDigestAlgorithm(digest)) throw invalidOption('digest', '"sha-256" or "sha-512"', digest);
  if (typeof label !== 'string' || !isKey(label) || label.length > 64) {
    throw invalidOption('label', 'a lower-case letter or *, then up to 63 of a-z, 0-9, _, -, . and *', label);
  }
  if (tag !== undefined && (typeof tag !== 'string' || !isStringItem(tag) || tag.length > 256)) {
    throw invalidOption('tag', 'up to 256 characters of visible ASCII and spaces', tag);
  }
  return {
    components: componentsOption(options.components, idHeader),
    idHeader,
    digest,
    label,
    tag,
    expiresAfterMs: expiresAfterMs === undefined ? undefined : numberOption('expiresAfterMs', expiresAfterMs, 0, { from: 1_000 }),
    toleranceMs: durationOption('toleranceMs', options.toleranceMs, DEFAULT_TOLERANCE_MS),
  };
}

function idHeaderOption(name: unknown): string | undefined {
  if (name === false) return undefined;
  if (name === undefined) return DEFAULT_ID_HEADER;
  const isFree = typeof name === 'string' && !TAKEN.includes(name) && !FRAMING_HEADERS.has(name);
  if (!isFree || !isHeaderName(name) || name !== name.toLowerCase()) {
    throw invalidOption('idHeader', 'the lower-case name of a header of its own, or false', name);
  }
  return name;
}

function componentsOption(names: unknown = DEFAULT_COMPONENTS, idHeader: string | undefined): readonly Component[] {
  if (!Array.isArray(names) || names.length > MAX_COMPONENTS) {
    throw invalidOption('components', `an array of up to ${MAX_COMPONENTS} names`, names);
  }
  const chosen = names.map((name, index) => componentOption(`components[${index}]`, name));
  const always = idHeader === undefined ? ['content-digest'] : ['content-digest', idHeader];
  const all = [...chosen, ...always.map((name) => component(name))];
  return all.filter(({ text }, index) => all.findIndex((other) => other.text === text) === index);
}
