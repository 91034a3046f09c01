import { type Clock, systemClock } from '../../clock.js';
import { isRingbackError, RingbackError } from '../../errors.js';
import { loadJose } from './jose.js';
import { candidates, type KeyChoice, type ParsedKey } from './key.js';
import { parseKeySet } from './key-set.js';

/** A key set is a few KB; 100 keys with their certificates stay under this. */
const MAX_BYTES = 524_288;
const TIMEOUT_MS = 5_000;
/** As long as secrets that were looked up are used. */
const MAX_AGE_MS = 300_000;
/** A token that names an unknown key has the set fetched again, at most this often: keys rotate, and anyone can send a token. */
const COOLDOWN_MS = 30_000;
/** With no set to go by, an endpoint that fails is asked at most this often: whoever sends tokens must not make a storm of it. */
const PAUSE_MS = 3_000;

/**
 * What we use of jose's `createRemoteJWKSet`, which fetches once at a time and times out. How old the set is we measure: jose goes
 * by the wall clock, and counts from the last success.
 */
interface Fetched {
  reload(): Promise<void>;
  jwks(): unknown;
}

/** A moment on both clocks. */
interface Moment {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** A key set at a URL. Its methods throw `secrets-unavailable` or `missing-dependency`. */
export class RemoteKeySet {
  readonly #url: URL;
  readonly #clock: Clock;
  #fetched: Fetched | undefined;
  #keys: readonly ParsedKey[] = [];
  #loadedAt: Moment | undefined;
  /** When a fetch last ended, well or not; not when it began, so that those who come meanwhile wait for it. */
  #triedAt: Moment | undefined;
  /** Why the last fetch failed. */
  #failure: unknown;

  constructor(url: URL, clock: Clock = systemClock) {
    this.#url = url;
    this.#clock = clock;
  }

  async candidates(header: KeyChoice): Promise<readonly ParsedKey[]> {
    const fetched = await this.#fetchedSet();
    if (this.#msSince(this.#loadedAt) >= MAX_AGE_MS) {
      if (this.#msSince(this.#triedAt) < PAUSE_MS)
        throw unavailable('the key set could not be fetched a moment ago', this.#failure);
      await this.#reload(fetched);
    }
    const found = candidates(this.#keys, header);
    if (found.length > 0) return found;
    if (this.#msSince(this.#triedAt) >= COOLDOWN_MS) await this.#reload(fetched);
    // A set without a usable key says nothing about the token.
    if (this.#keys.length === 0) throw unavailable('the fetched key set must hold 1 to 100 keys, one of them usable');
    return candidates(this.#keys, header);
  }

  /**
   * By the clock that says more: the wall clock may be set back, which must not keep a withdrawn key, and the monotonic one may stand
   * still while the machine sleeps.
   */
  #msSince(moment: Moment | undefined): number {
    if (moment === undefined) return Number.POSITIVE_INFINITY;
    const { wallMs, monotonicMs } = this.#now();
    return Math.max(Math.abs(wallMs - moment.wallMs), monotonicMs - moment.monotonicMs);
  }

  #now(): Moment {
    return { wallMs: this.#clock.now(), monotonicMs: this.#clock.monotonic() };
  }

  async #fetchedSet(): Promise<Fetched> {
    const { createRemoteJWKSet, customFetch } = await loadJose();
    this.#fetched ??= createRemoteJWKSet(this.#url, { timeoutDuration: TIMEOUT_MS, [customFetch]: fetchBounded });
    return this.#fetched;
  }

  async #reload(fetched: Fetched): Promise<void> {
    try {
      await fetched.reload();
      this.#keys = parseKeySet(fetched.jwks()) ?? [];
      this.#loadedAt = this.#now();
    } catch (cause) {
      this.#failure = cause;
      throw isRingbackError(cause) ? cause : unavailable('the key set could not be fetched', cause);
    } finally {
      this.#triedAt = this.#now();
    }
  }
}

function unavailable(fault: string, cause?: unknown): RingbackError {
  return new RingbackError('secrets-unavailable', fault, cause === undefined ? undefined : { cause });
}

/** The platform's fetch, as jose would call it, reading no more than a key set can be long. */
async function fetchBounded(
  url: string,
  init: { headers: Headers; method: 'GET'; redirect: 'manual'; signal: AbortSignal },
): Promise<Response> {
  const response = await fetch(url, init);
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MAX_BYTES) throw unavailable(`the key set must be at most ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return new Response(new Blob(chunks), { status: response.status });
}
