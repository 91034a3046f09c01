import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What is answered in SNS's place. */
export interface Said {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An error as SNS writes it. */
export const failure = (status: number, code: string, headers: Readonly<Record<string, string>> = {}): Said => ({
  status,
  headers,
  body: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>said by SNS</Message></Error></ErrorResponse>`,
});

/** How an entry of a batch ended: `ok`, a code, or a code that is not the sender's fault. */
export type EntryEnd = 'ok' | string | { readonly code: string; readonly senderFault: false };

/** An answer to a batch, as SNS writes it; an entry of `undefined` is left out. */
export function batchAnswer(ends: readonly (EntryEnd | undefined)[]): Said {
  const entries = ends.map((end, id) => {
    if (end === undefined || end === 'ok') return { id, code: end };
    return typeof end === 'string' ? { id, code: end, senderFault: true } : { id, ...end };
  });
  const successful = entries.filter(({ code }) => code === 'ok');
  const failed = entries.filter(({ code }) => code !== 'ok' && code !== undefined);
  const result = [
    ...successful.map(({ id }) => `<member><Id>${id}</Id><MessageId>m-${id}</MessageId></member>`),
    '</Successful><Failed>',
    ...failed.map(
      ({ id, code, senderFault }) =>
        `<member><Id>${id}</Id><Code>${code}</Code><SenderFault>${senderFault}</SenderFault><Message>said by SNS</Message></member>`,
    ),
  ].join('');
  const body = `<PublishBatchResponse><PublishBatchResult><Successful>${result}</Failed></PublishBatchResult></PublishBatchResponse>`;
  return { status: 200, body };
}

/** An HTTP server on the loopback that answers in SNS's place while it is told to, and passes all else on, where it is told where. */
export class AnsweringFront {
  readonly url: string;
  /** The parameters of each request that came, those that were passed on too. */
  readonly requests: URLSearchParams[] = [];
  readonly #server: Server;
  readonly #said: Said[] = [];

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(behind?: string): Promise<AnsweringFront> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const front = new AnsweringFront(server);
    server.on('request', (incoming, response) => front.#take(incoming, response, behind));
    return front;
  }

  /** What the next request is answered, and the one after it, … */
  answerNext(...said: readonly Said[]): void {
    this.#said.push(...said);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #take(incoming: IncomingMessage, response: ServerResponse, behind: string | undefined): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    this.requests.push(new URLSearchParams(body.toString()));
    const said = this.#said.shift() ?? (behind === undefined ? failure(500, 'InternalError') : undefined);
    if (said !== undefined) {
      response.writeHead(said.status, { 'content-type': 'text/xml', ...said.headers }).end(said.body);
      return;
    }
    const { method, headers } = incoming;
    const onward = request(behind ?? '', { method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    onward.end(body);
  }
}
