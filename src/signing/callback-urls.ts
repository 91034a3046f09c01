import { type Clock, systemClock } from '../clock.js';
import { isRingbackError, RingbackError } from '../errors.js';
import type { Claim, IdempotencyStore } from '../idempotency/store.js';
import { checkNames, contractOption, functionOption, invalidOption, requiredNumber } from '../options.js';
import { type Random, randomId, systemRandom } from '../random.js';
import { answerInTime } from '../time-limit.js';
import {
  type CallbackUrlContent,
  claimedCallbackUrl,
  isPurpose,
  isSignedByAny,
  MAX_URL_LENGTH,
  signCallbackUrl,
  targetOf,
} from './callback-url.js';
import { type HmacSecret, hmacSecret } from './hmac-secret.js';
import { invalidSignature } from './received.js';
import { parseSecrets } from './secret-list.js';

/** Settings of {@link callbackUrls}. */
export interface CallbackUrlsOptions {
  /**
   * 1 to 10 secrets, 16 to 512 bytes each: text, or bytes. The first signs, all verify. To rotate, add the new one as the last,
   * wait until every process has it, make it the first, and drop the old one when its last URL has expired.
   */
  readonly secrets: readonly HmacSecret[];
  /** Decides who redeems first. It must be shared by all processes that redeem. */
  readonly store: IdempotencyStore;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** What nonces are drawn from. Default: the platform's cryptographic generator. */
  readonly random?: Random;
}

/** What a callback URL is made for. */
export interface CallbackUrlRequest {
  /** Where it leads: an http or https URL of yours, with any query, without a fragment. */
  readonly to: string | URL;
  /** What redeeming it means: 1 to 64 of `A-Za-z0-9_-`. Whoever has the URL reads it. */
  readonly purpose: string;
  /** How long it can be redeemed, in ms. Above 0, at most 366 days. */
  readonly expiresInMs: number;
}

/** What a redeemed URL vouches for. */
export interface RedeemedCallbackUrl {
  /** The target, normalised, without the token. */
  readonly to: string;
  /** What redeeming it means. */
  readonly purpose: string;
  /** Wall-clock ms at which it would have expired. */
  readonly expiresAtMs: number;
}

/** Makes callback URLs, and takes each of them once. */
export interface CallbackUrls {
  /** A URL that is good for one redemption. @throws RingbackError `invalid-option`. */
  create(request: CallbackUrlRequest): string;
  /**
   * What the URL vouches for, once. Give the purpose wherever you know it: a URL made for another is then refused, and not used up.
   *
   * @throws RingbackError `invalid-signature` for a URL that is malformed, changed, or made for another purpose;
   *   `stale-signature` for one that has expired; `already-redeemed`; `idempotency-store-failed` when the store could not decide;
   *   `invalid-option` for an expected purpose that none can have, such as undefined.
   */
  redeem(url: string | URL, expected?: { readonly purpose?: string }): Promise<RedeemedCallbackUrl>;
}

const DAY_MS = 86_400_000;
const MAX_EXPIRY_MS = 366 * DAY_MS;
/** Claims outlive their URLs by this much: a process whose clock is an hour behind still finds them. */
const CLOCK_SKEW_MS = 3_600_000;
/** A store that has not answered by then counts as one that failed. */
const STORE_ANSWER_MS = 10_000;
/** Each URL has a key of its own, so there are no two payloads to tell apart. */
const FINGERPRINT = 'callback-url';

/**
 * Single-use callback URLs: each bound to a target, a purpose and an expiry, signed with HMAC-SHA256, and accepted once. Use
 * them where you hand out an address that lets its holder do one thing: answer a question, confirm a mail, finish a job.
 *
 * Redeeming claims the URL's nonce in the store until the URL has expired, and never completes or releases it. So of any number
 * that redeem at once, in any number of processes, one is accepted; and a crash right after can lose a redemption, but never
 * allow a second: let its holder ask for another URL then.
 *
 * @throws RingbackError `invalid-option`, `invalid-secret`.
 * @example
 * ```ts
 * import { isRingbackError, memoryIdempotencyStore } from 'ringback';
 * import { callbackUrls } from 'ringback/signing';
 *
 * const urls = callbackUrls({ secrets: ['a secret of at least 16 bytes'], store: memoryIdempotencyStore() });
 * const url = urls.create({ to: 'https://api.mine.example/answers/42', purpose: 'answer', expiresInMs: 3_600_000 });
 * const { to } = await urls.redeem(url, { purpose: 'answer' });
 * console.log(to); // https://api.mine.example/answers/42
 * const again = await urls.redeem(url, { purpose: 'answer' }).catch((error: unknown) => error);
 * console.log(isRingbackError(again, 'already-redeemed')); // true
 * ```
 */
export function callbackUrls(options: CallbackUrlsOptions): CallbackUrls {
  checkNames('callbackUrls', options, ['secrets', 'store', 'clock', 'random']);
  const keys = parseSecrets(options.secrets, hmacSecret('sha256'));
  const [signingKey] = keys as [(typeof keys)[0]];
  const store = contractOption('store', options.store, ['claim']);
  const clock = contractOption('clock', options.clock ?? systemClock, ['now', 'setTimer', 'clearTimer']);
  const random = functionOption('random', options.random, systemRandom);

  // The keys live in this closure alone, so that no inspection shows them.
  return {
    create: (request) => {
      const url = signCallbackUrl(checkedContent(request, clock.now(), random), signingKey);
      if (url.length > MAX_URL_LENGTH) {
        throw new RingbackError(
          'invalid-option',
          `a callback URL must be at most ${MAX_URL_LENGTH} characters, got ${url.length}`,
        );
      }
      return url;
    },
    redeem: async (url, expected = {}) => {
      checkNames('redeem', expected, ['purpose']);
      // A purpose that is there and undefined comes from a setting that is missing: to check none then would accept any.
      if ('purpose' in expected) checkPurpose(expected.purpose);
      const claimed = claimedCallbackUrl(url);
      if (!isSignedByAny(claimed, keys)) throw invalidSignature('no secret signed this callback URL as it is');
      const { to, purpose, expiresAtMs, nonce } = claimed;
      if ('purpose' in expected && expected.purpose !== purpose) {
        throw invalidSignature('this callback URL was made for another purpose');
      }
      const leftMs = expiresAtMs - clock.now();
      // Negated, so that a clock that gives no number accepts nothing.
      if (!(leftMs > 0)) throw new RingbackError('stale-signature', 'this callback URL has expired');
      await claimOnce(store, `callback-url:${nonce}`, Math.ceil(leftMs + CLOCK_SKEW_MS), clock);
      return { to, purpose, expiresAtMs };
    },
  };
}

function checkedContent(request: CallbackUrlRequest, nowMs: number, random: Random): CallbackUrlContent {
  checkNames('create', request, ['to', 'purpose', 'expiresInMs']);
  const { to, purpose, expiresInMs } = request;
  const refuse = (rule: string): RingbackError => new RingbackError('invalid-option', `to must be ${rule}`);
  if (typeof to !== 'string' && !(to instanceof URL)) throw invalidOption('to', 'a string or a URL', to);
  checkPurpose(purpose);
  const lifetimeMs = requiredNumber('expiresInMs', expiresInMs, { above: 0, to: MAX_EXPIRY_MS });
  const expiresAtMs = Math.ceil(nowMs + lifetimeMs);
  return { to: targetOf(String(to), refuse), purpose, expiresAtMs, nonce: randomId('', random) };
}

function checkPurpose(purpose: unknown): void {
  if (!isPurpose(purpose)) throw invalidOption('purpose', '1 to 64 of A-Z, a-z, 0-9, _ and -', purpose);
}

/** Resolves for the one that claims the key first. Whatever else happens, it throws. */
async function claimOnce(store: IdempotencyStore, key: string, holdMs: number, clock: Clock): Promise<void> {
  const { state } = await answerOf(store, key, holdMs, clock);
  if (state === 'claimed') return;
  if (state === 'in-flight' || state === 'completed') {
    throw new RingbackError('already-redeemed', 'this callback URL was redeemed before');
  }
  throw storeFailed('answered a claim with none of its three states');
}

async function answerOf(store: IdempotencyStore, key: string, holdMs: number, clock: Clock): Promise<Partial<Claim>> {
  const late = (): RingbackError => storeFailed(`did not answer in ${STORE_ANSWER_MS} ms`);
  try {
    const answer = store.claim(key, { fingerprint: FINGERPRINT, leaseMs: holdMs });
    return (await answerInTime<Partial<Claim> | undefined>(answer, clock, STORE_ANSWER_MS, late)) ?? {};
  } catch (cause) {
    throw isRingbackError(cause, 'idempotency-store-failed') ? cause : storeFailed('could not claim it', cause);
  }
}

/** It may be claimed all the same: then it counts as redeemed, though nobody was let in. */
function storeFailed(what: string, cause?: unknown): RingbackError {
  const options = cause === undefined ? undefined : { cause };
  return new RingbackError(
    'idempotency-store-failed',
    `the store of callback URLs ${what}, so this one was not accepted`,
    options,
  );
}
