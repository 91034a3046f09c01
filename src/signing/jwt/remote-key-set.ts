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

/** What we use of jose's `createRemoteJWKSet`, which fetches once at a time, times out, and tells how old the set is. */
interface Fetched {
  readonly fresh: boolean;
  readonly coolingDown: boolean;
  reload(): Promise<void>;
  jwks(): unknown;
}

/** A key set at a URL. Its methods throw `secrets-unavailable` or `missing-dependency`. */
export class RemoteKeySet {
  readonly #url: URL;
  #fetched: Fetched | undefined;
  #keys: readonly ParsedKey[] = [];

  constructor(url: URL) {
    this.#url = url;
  }

  async candidates(header: KeyChoice): Promise<readonly ParsedKey[]> {
    const fetched = await this.#fetchedSet();
    // A set without a usable key is fresh to jose; it is asked for again as an unknown key is.
    const isEmpty = this.#keys.length === 0 && !fetched.coolingDown;
    if (!fetched.fresh || isEmpty) await this.#reload(fetched);
    const found = this.#candidates(header);
    if (found.length > 0 || fetched.coolingDown) return found;
    await this.#reload(fetched);
    return this.#candidates(header);
  }

  #candidates(header: KeyChoice): readonly ParsedKey[] {
    if (this.#keys.length === 0) throw unavailable('the fetched key set must hold 1 to 100 keys, one of them usable');
    return candidates(this.#keys, header);
  }

  async #fetchedSet(): Promise<Fetched> {
    const { createRemoteJWKSet, customFetch } = await loadJose();
    this.#fetched ??= createRemoteJWKSet(this.#url, {
      timeoutDuration: TIMEOUT_MS,
      cacheMaxAge: MAX_AGE_MS,
      cooldownDuration: COOLDOWN_MS,
      [customFetch]: fetchBounded,
    });
    return this.#fetched;
  }

  async #reload(fetched: Fetched): Promise<void> {
    try {
      await fetched.reload();
    } catch (cause) {
      throw isRingbackError(cause) ? cause : unavailable('the key set could not be fetched', cause);
    }
    this.#keys = parseKeySet(fetched.jwks()) ?? [];
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
