import type { Response } from '../../callback.js';
import type { FetchedResponse, ResponseStream } from './fetch.js';

/** An answer with its body, read up to the cap. An abort of the signal ends the reading; what was read so far then counts for nothing. */
export async function readResponse(fetched: FetchedResponse, maxBytes: number, signal: AbortSignal): Promise<Response> {
  const { status, body } = fetched;
  const headers = headersOf(fetched);
  if (body === null || body === undefined) return { status, headers, body: new Uint8Array(0), truncated: false };
  return { status, headers, ...(await readBody(body, maxBytes, signal)) };
}

/** `set-cookie` comes once for each cookie, all other names once. */
function headersOf({ headers }: FetchedResponse): Readonly<Record<string, string>> {
  const values = new Map<string, string>();
  headers.forEach((value, name) => {
    const lowerName = name.toLowerCase();
    const before = values.get(lowerName);
    values.set(lowerName, before === undefined ? value : `${before}, ${value}`);
  });
  return Object.fromEntries(values);
}

async function readBody(
  stream: ResponseStream,
  maxBytes: number,
  signal: AbortSignal,
): Promise<{ readonly body: Uint8Array; readonly truncated: boolean }> {
  const reader = stream.getReader();
  const cancel = (): void => void reader.cancel().catch(() => {});
  signal.addEventListener('abort', cancel);
  // A fetch that does not heed its signal may answer after the abort.
  if (signal.aborted) cancel();
  const kept = new KeptBytes(maxBytes);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return { body: kept.all(), truncated: false };
      if (kept.add(value)) continue;
      cancel();
      return { body: kept.all(), truncated: true };
    }
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

/** Bytes that come in parts, put into one place at once: they weigh no more than the cap asks for, however small the parts are. */
class KeptBytes {
  readonly #maxBytes: number;
  #place: Uint8Array = new Uint8Array(0);
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Keeps what fits; false where that is not all of it. */
  add(chunk: Uint8Array): boolean {
    const fitting = chunk.subarray(0, this.#maxBytes - this.#bytes);
    const bytes = this.#bytes + fitting.length;
    if (bytes > this.#place.length) {
      const larger = new Uint8Array(Math.min(this.#maxBytes, Math.max(bytes, 2 * this.#place.length)));
      larger.set(this.#place);
      this.#place = larger;
    }
    this.#place.set(fitting, this.#bytes);
    this.#bytes = bytes;
    return fitting.length === chunk.length;
  }

  all(): Uint8Array {
    return this.#place.slice(0, this.#bytes);
  }
}
