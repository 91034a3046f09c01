import { RingbackError } from '../errors.js';
import { checkNames, durationOption, invalidOption } from '../options.js';
import { invalidSignature, receivedBody } from './received.js';
import type { ReceivedMessage, Signable, SignatureScheme, Verified } from './scheme.js';
import { checkUntaken } from './scheme-headers.js';
import { keySource, type Secrets, withKeys } from './secrets.js';
import { claimedMessage, isSignableId } from './standard-webhooks-message.js';
import { type StandardWebhooksKey, standardWebhooksKey } from './standard-webhooks-secret.js';
import { matchesAny, signAll, versionsOf } from './standard-webhooks-signature.js';
import { checkAge, DEFAULT_TOLERANCE_MS, unixSecondsText } from './timestamp.js';

/** Settings of {@link standardWebhooks}. */
export interface StandardWebhooksOptions {
  /**
   * 1 to 10 secrets, or a lookup of them. `whsec_` and the base64 of 24 to 64 bytes signs and verifies by HMAC-SHA256 (v1);
   * `whsk_` and the base64 of an ed25519 seed and its public key signs and verifies by ed25519 (v1a); `whpk_` and the base64 of
   * such a public key only verifies. A message is signed with every one that can and verified when any of them fits: to rotate,
   * add the new one, wait until all receivers have it, drop the old one.
   */
  readonly secrets: Secrets;
  /** How far a timestamp may lie in the past or the future when verified, in ms. Default 300,000 (the reference libraries). */
  readonly toleranceMs?: number;
  /** What the header names begin with. `svix-` for receivers that use Svix's libraries. Default `webhook-` (the specification). */
  readonly headerPrefix?: 'webhook-' | 'svix-';
}

type SignatureHeaders = (id: string, timestamp: string, signature: string) => Readonly<Record<string, string>>;

/** Written out for each prefix, as names that are computed cost several times what these objects do. */
const HEADERS_BY_PREFIX: Readonly<Record<string, SignatureHeaders>> = {
  'webhook-': (id, timestamp, signature) => ({
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signature,
  }),
  'svix-': (id, timestamp, signature) => ({ 'svix-id': id, 'svix-timestamp': timestamp, 'svix-signature': signature }),
};

/**
 * Signatures by the Standard Webhooks specification: headers `webhook-id`, `webhook-timestamp` and `webhook-signature` over
 * `id.timestamp.body`, by HMAC-SHA256 (v1), ed25519 (v1a), or both side by side. Use it unless your receivers ask for another
 * dialect: libraries that verify it exist for most languages. Every attempt is signed with a fresh timestamp; the id stays.
 *
 * `verify` is strict: canonical headers, each once; timestamps within the tolerance both ways; bytes rather than text;
 * comparisons in constant time. It takes any signature that fits any key of its version, and skips versions that it has no key
 * for. It vouches for `id` and `timestampMs`. A signature is checked before its age, so `stale-signature` means that the message
 * was genuine once.
 *
 * @throws RingbackError `invalid-secret` for a secret that is malformed or too short; `invalid-option` for any other setting.
 * Its `check` and `sign` throw `invalid-callback` for an id with a dot, and for a header that is the scheme's; `sign` throws `invalid-secret` where all secrets only
 * verify; `verify` throws `invalid-signature` or `stale-signature`. With a lookup, both throw `secrets-unavailable` too.
 * @example
 * ```ts
 * import { standardWebhooks } from 'ringback/signing';
 *
 * const scheme = standardWebhooks({ secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'] });
 * const body = new TextEncoder().encode('{"test": 2432232314}');
 * const message = { id: 'msg_1', timestampMs: Date.now(), to: 'https://customer.example/', method: 'POST', headers: {}, body };
 * const headers = await scheme.sign(message);
 * const verified = await scheme.verify({ headers, body, nowMs: Date.now() });
 * console.log(verified.id); // msg_1
 * ```
 */
export function standardWebhooks(options: StandardWebhooksOptions): SignatureScheme {
  checkNames('standardWebhooks', options, ['secrets', 'toleranceMs', 'headerPrefix']);
  const source = keySource(options.secrets, standardWebhooksKey);
  const toleranceMs = durationOption('toleranceMs', options.toleranceMs, DEFAULT_TOLERANCE_MS);
  const prefix: string = options.headerPrefix ?? 'webhook-';
  const headersOf = Object.hasOwn(HEADERS_BY_PREFIX, prefix) ? HEADERS_BY_PREFIX[prefix] : undefined;
  if (headersOf === undefined) throw invalidOption('headerPrefix', '"webhook-" or "svix-"', prefix);

  const names = Object.keys(headersOf('', '', ''));

  // The keys live in this closure alone, so that no inspection of the scheme shows them.
  return {
    name: 'standard-webhooks',
    check: ({ id, headers }) => {
      checkId(id);
      checkUntaken(headers, names);
    },
    sign: (message: Signable) => {
      checkId(message.id);
      checkUntaken(message.headers, names);
      const timestamp = unixSecondsText(message.timestampMs);
      return withKeys(source.forSigning(message), (keys) =>
        headersOf(message.id, timestamp, signAll(keys, message.id, timestamp, message.body)),
      );
    },
    verify: (received: ReceivedMessage) =>
      withKeys(source.forVerifying(received), (keys) => verify(received, keys, prefix, toleranceMs)),
  };
}

function checkId(id: string): void {
  if (!isSignableId(id)) {
    throw new RingbackError(
      'invalid-callback',
      `id must be 1 to 256 visible ASCII characters without a dot to be signed by Standard Webhooks, got ${JSON.stringify(id)}`,
    );
  }
}

function verify(received: ReceivedMessage, keys: readonly StandardWebhooksKey[], prefix: string, toleranceMs: number): Verified {
  const body = receivedBody(received);
  const claimed = claimedMessage(received.headers, prefix, versionsOf(keys));
  if (!matchesAny(keys, claimed, body)) throw invalidSignature(`no signature in ${prefix}signature fits the message`);
  const { id, timestamp } = claimed;
  checkAge(`${prefix}timestamp`, timestamp.ms, received.nowMs, toleranceMs);
  return { id, timestampMs: timestamp.ms };
}
