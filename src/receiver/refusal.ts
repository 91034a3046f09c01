import type { Logger } from '../logger.js';

/** What the sender is told, by status. It is the same whatever the fault was: only the log has the detail. */
const SENTENCES = {
  400: 'the callback is malformed',
  401: 'the callback has no valid signature',
  405: 'callbacks come by POST',
  408: 'the body did not come in time',
  409: 'the callback is being handled; try again later',
  413: 'the body is too large',
  422: 'the id was used before with another payload',
  500: 'the callback could not be handled',
  503: 'the callback can not be handled now; try again later',
} as const;

/** A status with which a callback is refused. */
export type RefusalStatus = keyof typeof SENTENCES;

/** A sender need not wait longer: what it waits for, a store that comes back or a handler that ends, mostly takes seconds. */
const RETRY_AFTER_MS = 5_000;

/** Why a callback is not taken. The message is for the log, and never sent. */
export class Refusal extends Error {
  readonly status: RefusalStatus;
  /** How long until it is worth another try, as far as known. */
  readonly retryAfterMs: number;

  constructor(
    status: RefusalStatus,
    message: string,
    details: { readonly cause?: unknown; readonly retryAfterMs?: number } = {},
  ) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined);
    this.status = status;
    const { retryAfterMs = RETRY_AFTER_MS } = details;
    this.retryAfterMs = retryAfterMs > 0 ? Math.min(retryAfterMs, RETRY_AFTER_MS) : RETRY_AFTER_MS;
  }
}

/** The answer to the sender. */
export function refusalResponse({ status, retryAfterMs }: Refusal): Response {
  const headers = new Headers({ 'content-type': 'text/plain; charset=utf-8' });
  if (status === 401) headers.set('www-authenticate', 'Signature');
  if (status === 405) headers.set('allow', 'POST');
  if (status === 409 || status === 503) headers.set('retry-after', String(Math.ceil(retryAfterMs / 1_000)));
  return new Response(SENTENCES[status], { status, headers });
}

/** Our own faults are errors, a sender that merely comes again is none, all else is worth a look. */
export function logRefusal(logger: Logger, refusal: Refusal, fields: object): void {
  const { status, message: reason, cause: error } = refusal;
  const level = status >= 500 ? 'error' : status === 409 ? 'debug' : 'warn';
  logger[level]({ ...fields, status, reason, ...(error === undefined ? {} : { error }) }, 'a callback was refused');
}
