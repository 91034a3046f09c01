import { type IdempotencyStore, isRingbackError, memoryIdempotencyStore, seededRandom } from '../../src/index.js';
import { type CallbackUrlRequest, type CallbackUrls, callbackUrls } from '../../src/signing/index.js';
import { fakeClock } from '../../src/testing/index.js';

export const SECRET = 'c4n4ry-secret-of-callback-urls';
export const HOUR = 3_600_000;
export const TO = 'https://api.mine.example/answers/42';
export const request: CallbackUrlRequest = { to: TO, purpose: 'answer', expiresInMs: HOUR };

/** An instance on a clock that a test drives. */
export function lab(options: { secrets?: readonly string[]; store?: IdempotencyStore; seed?: number } = {}) {
  const clock = fakeClock();
  const store = options.store ?? memoryIdempotencyStore({ clock });
  const { secrets = [SECRET], seed = 1 } = options;
  return { clock, store, urls: callbackUrls({ secrets, store, clock, random: seededRandom(seed) }) };
}

/** What redeeming came to: `accepted`, or the code of the error. Anything but a RingbackError goes on. */
export async function verdict(urls: CallbackUrls, url: unknown, expected?: { purpose?: string }): Promise<string> {
  try {
    await urls.redeem(url as string, expected);
    return 'accepted';
  } catch (error) {
    if (isRingbackError(error)) return error.code;
    throw error;
  }
}
