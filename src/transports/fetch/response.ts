import type { Response } from '../../callback.js';
import { KeptBytes } from '../kept-bytes.js';
import { UnusableAnswer } from './failure.js';
import type { FetchedResponse, ResponseStream } from './fetch.js';

/**
 * How many empty chunks a body may have. Reads that are answered at once never let the event loop go on, so neither the attempt's
 * timeout nor, as nothing is kept, the cap would end a body of nothing else. Decompressors give a few.
 */
const MAX_EMPTY_CHUNKS = 10_000;

/**
 * An answer with its body, read up to the cap. An abort of the signal ends the reading; what was read so far then counts for nothing.
 *
 * @throws UnusableAnswer
 */
export async function readResponse(fetched: FetchedResponse, maxBytes: number, signal: AbortSignal): Promise<Response> {
  const { body } = fetched;
  const head = headOf(fetched);
  if (body === null || body === undefined) return { ...head, body: new Uint8Array(0), truncated: false };
  return { ...head, ...(await readBody(body, maxBytes, signal)) };
}

/** What comes before the body. Where it can't be used the body is let go unread, as it may hold a connection. */
function headOf(fetched: FetchedResponse): Pick<Response, 'status' | 'headers'> {
  try {
    refuseRedirect(fetched);
    return { status: statusOf(fetched), headers: headersOf(fetched) };
  } catch (error) {
    void letGo(() => fetched.body?.getReader().cancel());
    throw error;
  }
}

/** Redirects are not followed. Some platforms hide where one leads, status and all, and a `fetch` may follow one though told not to. */
function refuseRedirect({ type, redirected }: FetchedResponse): void {
  if (type === 'opaqueredirect') throw new UnusableAnswer('answered with a redirect that was not followed');
  if (redirected === true) throw new UnusableAnswer('fetch followed a redirect though told not to');
}

function statusOf({ status }: FetchedResponse): number {
  if (Number.isInteger(status) && status >= 100 && status <= 599) return status;
  throw new UnusableAnswer('fetch gave a status that is no integer from 100 to 599');
}

/** `set-cookie` comes once for each cookie, all other names once. */
function headersOf({ headers }: FetchedResponse): Readonly<Record<string, string>> {
  const values = new Map<string, string>();
  headers.forEach((value: unknown, name: unknown) => {
    if (typeof value !== 'string' || typeof name !== 'string')
      throw new UnusableAnswer('the answer has a header that is no text');
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
  const cancel = (): void => void letGo(() => reader.cancel());
  signal.addEventListener('abort', cancel);
  // A fetch that does not heed its signal may answer after the abort.
  if (signal.aborted) cancel();
  const kept = new KeptBytes(maxBytes);
  let emptyChunks = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return { body: kept.all(), truncated: false };
      if (!isBytes(value)) throw new UnusableAnswer('the body of the answer had a chunk that is no Uint8Array');
      if (value.length === 0 && ++emptyChunks > MAX_EMPTY_CHUNKS) {
        throw new UnusableAnswer(`the body of the answer came in more than ${MAX_EMPTY_CHUNKS} empty chunks`);
      }
      if (kept.add(value)) continue;
      cancel();
      return { body: kept.all(), truncated: true };
    }
  } catch (error) {
    cancel();
    throw error;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

/** Asked by the tag, as test runners and sandboxes have a `Uint8Array` of their own. Other arrays would have their values cut. */
const isBytes = (chunk: unknown): chunk is Uint8Array =>
  ArrayBuffer.isView(chunk) && Object.prototype.toString.call(chunk) === '[object Uint8Array]';

/** Cancels what is not read on. Some streams throw at once, or give no promise: what is known of the answer stands all the same. */
async function letGo(cancel: () => unknown): Promise<void> {
  try {
    await cancel();
  } catch {
    // The stream broke, or is another's: there is nothing left to let go of.
  }
}
