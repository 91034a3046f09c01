import type { Response } from '../../callback.js';
import { KeptBytes } from '../kept-bytes.js';
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
  const cancel = (): void => void letGo(() => reader.cancel());
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

/** Cancels what is not read on. Some streams throw at once, or give no promise: what is known of the answer stands all the same. */
export async function letGo(cancel: () => unknown): Promise<void> {
  try {
    await cancel();
  } catch {
    // The stream broke, or is another's: there is nothing left to let go of.
  }
}
