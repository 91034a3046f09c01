import type { ReceivedMessage, Signable } from './scheme.js';
import { type ParseSecret, parseSecrets } from './secret-list.js';
import { LookedUpKeys, type SecretLookup } from './secret-lookup.js';

/**
 * The secrets of a scheme: a list, the same for every message, or a lookup, where they differ by destination, tenant or
 * delivery. A message is signed with all of its secrets (with the first, where a dialect has room for one signature) and
 * verified when any of them fits, so a secret is rotated by adding the new one, waiting until every receiver has it, and
 * dropping the old one.
 */
export type Secrets<Secret = string> = readonly Secret[] | SecretLookup<Secret>;

/** Secrets as a scheme uses them: parsed once, at hand for a message. A promise only where a lookup has to load. */
export interface KeySource<Key> {
  forSigning(message: Signable): readonly Key[] | Promise<readonly Key[]>;
  forVerifying(received: ReceivedMessage): readonly Key[] | Promise<readonly Key[]>;
}

/**
 * Checks a scheme's `secrets` and parses them by `parse`.
 *
 * @throws RingbackError `invalid-secret`, `invalid-option`; its methods `secrets-unavailable`, for what a lookup loads
 *   `invalid-secret`, and `forVerifying`, for a key without secrets, `invalid-signature`.
 */
export function keySource<Secret, Key>(secrets: Secrets<Secret>, parse: ParseSecret<Secret, Key>): KeySource<Key> {
  if (typeof secrets === 'object' && secrets !== null && 'load' in secrets) return new LookedUpKeys(secrets, parse);
  const keys = parseSecrets(secrets, parse);
  return { forSigning: () => keys, forVerifying: () => keys };
}

/** Uses keys at once where they are at hand, so that a scheme with fixed secrets stays synchronous. */
export function withKeys<Key, Result>(
  keys: readonly Key[] | Promise<readonly Key[]>,
  use: (keys: readonly Key[]) => Result,
): Result | Promise<Result> {
  return keys instanceof Promise ? keys.then(use) : use(keys);
}
