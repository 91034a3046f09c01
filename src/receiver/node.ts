import { fromNode, type NodeRequest, type NodeResponse, unreadBody, writeToNode } from './node-message.js';
import type { Receiver } from './receiver.js';

/** A request listener of `node:http`. The promise never rejects, and nobody need wait for it. */
export type NodeHandler = (request: NodeRequest, response: NodeResponse) => Promise<void>;

/**
 * A receiver as a request listener of `node:http`, `node:https` or `node:http2`. It answers all that comes to it: route by path
 * before. A handler whose sender hangs up goes on to its end.
 *
 * @param receive what `receiver()` made
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 * import type { AddressInfo } from 'node:net';
 * import { memoryIdempotencyStore } from 'ringback';
 * import { receiver, toNodeHandler } from 'ringback/receiver';
 * import { standardWebhooks } from 'ringback/signing';
 *
 * const signature = standardWebhooks({ secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'] });
 * const receive = receiver({ signature, store: memoryIdempotencyStore(), onCallback: () => {} });
 * const server = createServer(toNodeHandler(receive));
 * await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
 * const { port } = server.address() as AddressInfo;
 * const answer = await fetch(`http://127.0.0.1:${port}/hooks`, { method: 'POST', body: '{}' });
 * console.log(answer.status); // 401
 * server.close();
 * ```
 */
export function toNodeHandler(receive: Receiver): NodeHandler {
  return async (request, response) => {
    const answer = await receive.handle(fromNode(request, request.url, unreadBody(request)));
    await writeToNode(answer, request, response);
  };
}
