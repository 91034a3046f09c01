import type { Receiver } from './receiver.js';

/** What the adapter uses of Hono's context. */
export interface HonoContext {
  readonly req: { readonly raw: Request };
}

/**
 * A receiver as a handler of Hono, on any of its runtimes. No middleware may have read the body before: `c.req.json()` leaves no
 * bytes to verify, which is answered with 500 and logged.
 *
 * @param receive what `receiver()` made
 * @example
 * ```ts
 * import { Hono } from 'hono';
 * import { memoryIdempotencyStore } from 'ringback';
 * import { receiver, toHonoHandler } from 'ringback/receiver';
 * import { standardWebhooks } from 'ringback/signing';
 *
 * const signature = standardWebhooks({ secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'] });
 * const receive = receiver({ signature, store: memoryIdempotencyStore(), onCallback: () => {} });
 * const app = new Hono().all('/hooks', toHonoHandler(receive));
 * const answer = await app.request('/hooks', { method: 'POST', body: '{}' });
 * console.log(answer.status); // 401
 * ```
 */
export function toHonoHandler(receive: Receiver): (context: HonoContext) => Promise<Response> {
  return ({ req }) => receive(req.raw);
}
