import type { Response } from '../../callback.js';
import type { Outcome } from '../../outcome.js';
import type { AttemptProgress, SendAttempt } from '../transport.js';
import { failureOf } from './failure.js';
import type { Fetch, FetchInit } from './fetch.js';
import { readResponse } from './response.js';

/** What came back: an answer that can be read, or what it means that there is none. */
export type Exchanged = { readonly response: Response } | { readonly outcome: Outcome };

/** What an exchange is made of. */
export interface ExchangeSettings {
  readonly fetch: Fetch;
  readonly url: string;
  readonly request: Omit<FetchInit, 'signal'>;
  readonly maxResponseBytes: number;
}

/** No `fetch` tells when it is connected, so this is all of connect, TLS, the request and the headers of the answer. */
const ANSWERING: AttemptProgress = Object.freeze({ phase: 'connecting, or waiting for the answer' });
const READING: AttemptProgress = Object.freeze({ phase: 'reading the answer' });

/**
 * One request and its answer, read up to the cap.
 *
 * @throws the signal's reason, once it is aborted and the `fetch` has let go.
 */
export async function exchange(settings: ExchangeSettings, attempt: SendAttempt): Promise<Exchanged> {
  const { signal } = attempt;
  const { fetch, url, request, maxResponseBytes } = settings;
  // A signal of its own: some platforms leave listeners on the one they get until it is collected.
  const inner = new AbortController();
  const abort = (): void => inner.abort(signal.reason);
  signal.addEventListener('abort', abort);
  try {
    attempt.progress = ANSWERING;
    const fetched = await fetch(url, { ...request, signal: inner.signal });
    attempt.progress = READING;
    const response = await readResponse(fetched, maxResponseBytes, inner.signal);
    signal.throwIfAborted();
    return { response };
  } catch (error) {
    signal.throwIfAborted();
    return { outcome: failureOf(error) };
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
