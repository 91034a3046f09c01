import { fromNode, headersOf, type NodeRequest, unreadBody } from './node-message.js';
import type { Receiver } from './receiver.js';

/** What the plugin uses of a Fastify request. */
export interface FastifyRequest {
  readonly raw: NodeRequest;
  /** The path as it was sent, before any `rewriteUrl`. */
  readonly originalUrl: string;
}

/** What the plugin uses of a Fastify reply. */
export interface FastifyReply {
  code(status: number): unknown;
  headers(headers: Record<string, string | string[]>): unknown;
  send(body?: Uint8Array): unknown;
}

/** What the plugin uses of a Fastify instance. */
export interface FastifyApp {
  removeAllContentTypeParsers(): void;
  addContentTypeParser(
    contentType: string,
    parser: (request: FastifyRequest, payload: NodeRequest, done: (error: null) => void) => void,
  ): unknown;
  all(path: string, handler: (request: FastifyRequest, reply: FastifyReply) => unknown): unknown;
}

/** A plugin for `app.register(plugin, { prefix })`. */
export type FastifyPlugin = (app: FastifyApp, options: object, done: () => void) => void;

/**
 * A receiver as a plugin of Fastify 5 (and 4): register it with the path as `prefix`. It reads the raw body itself, up to its
 * `maxBytes`. That holds within the plugin alone: the other routes of the app keep their parsers.
 *
 * @param receive what `receiver()` made
 * @example
 * ```ts
 * import fastify from 'fastify';
 * import { memoryIdempotencyStore } from 'ringback';
 * import { receiver, toFastifyPlugin } from 'ringback/receiver';
 * import { standardWebhooks } from 'ringback/signing';
 *
 * const signature = standardWebhooks({ secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'] });
 * const receive = receiver({ signature, store: memoryIdempotencyStore(), onCallback: () => {} });
 * const app = fastify();
 * await app.register(toFastifyPlugin(receive), { prefix: '/hooks' });
 * const address = await app.listen({ host: '127.0.0.1', port: 0 });
 * const answer = await fetch(`${address}/hooks`, { method: 'POST', body: '{}' });
 * console.log(answer.status); // 401
 * await app.close();
 * ```
 */
export function toFastifyPlugin(receive: Receiver): FastifyPlugin {
  return (app, _options, done) => {
    app.removeAllContentTypeParsers();
    // Parses nothing: the receiver reads the stream.
    app.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null));
    app.all('/', async ({ raw, originalUrl }, reply) => {
      const answer = await receive.handle(fromNode(raw, originalUrl, unreadBody(raw)));
      const body = new Uint8Array(await answer.arrayBuffer());
      reply.code(answer.status);
      reply.headers(headersOf(answer, raw));
      return body.length === 0 ? reply.send() : reply.send(body);
    });
    done();
  };
}
