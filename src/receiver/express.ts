import type { IncomingRequest } from './incoming.js';
import { fromNode, type NodeRequest, type NodeResponse, unreadBody, writeToNode } from './node-message.js';
import type { Receiver } from './receiver.js';

/** What the adapter uses of an Express request. */
export interface ExpressRequest extends NodeRequest {
  /** The path as it was sent; routers cut their own part off `url`. */
  readonly originalUrl?: string;
  /** The bytes, where `express.raw()` has read them. */
  readonly body?: unknown;
  /** The bytes beside a parsed body, as NestJS keeps them with `rawBody: true`. */
  readonly rawBody?: unknown;
}

/**
 * A receiver as a route handler of Express 4 or 5, and of what is built on it. Mount it before `express.json()`, so that it reads
 * the raw body itself, up to its `maxBytes`. Where something has read the body before, it needs the bytes: of `express.raw()`,
 * or in `request.rawBody` (NestJS: `rawBody: true`). Without them it answers 500 and logs what to change, as no signature can be
 * checked.
 *
 * @param receive what `receiver()` made
 * @example
 * ```ts
 * import express from 'express';
 * import type { AddressInfo } from 'node:net';
 * import { memoryIdempotencyStore } from 'ringback';
 * import { receiver, toExpressHandler } from 'ringback/receiver';
 * import { standardWebhooks } from 'ringback/signing';
 *
 * const signature = standardWebhooks({ secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'] });
 * const receive = receiver({ signature, store: memoryIdempotencyStore(), onCallback: () => {} });
 * const app = express();
 * app.all('/hooks', toExpressHandler(receive));
 * app.use(express.json());
 * const server = app.listen(0, '127.0.0.1');
 * await new Promise((resolve) => server.once('listening', resolve));
 * const { port } = server.address() as AddressInfo;
 * const answer = await fetch(`http://127.0.0.1:${port}/hooks`, { method: 'POST', body: '{}' });
 * console.log(answer.status); // 401
 * server.close();
 * ```
 */
export function toExpressHandler(receive: Receiver): (request: ExpressRequest, response: NodeResponse) => Promise<void> {
  return async (request, response) => {
    const answer = await receive.handle(fromNode(request, request.originalUrl ?? request.url, rawBody(request)));
    await writeToNode(answer, request, response);
  };
}

function rawBody(request: ExpressRequest): IncomingRequest['body'] {
  if (request.rawBody instanceof Uint8Array) return request.rawBody;
  if (request.body instanceof Uint8Array) return request.body;
  return unreadBody(request);
}
