import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const SUCCESS = '<PublishResponse><PublishResult><MessageId>m-1</MessageId></PublishResult></PublishResponse>';
const failure = (code: string): string => `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code></Error></ErrorResponse>`;

/** SQS speaks JSON, and says the code that callers of its older language know in a header. */
const KMS_THROTTLED = JSON.stringify({ __type: 'com.amazonaws.sqs#KmsThrottled', message: 'Rate exceeded' });

/** A real server on loopback whose answers go by the path. Bodies are in SNS's language or SQS's, which only their clients read. */
export class AnsweringServer {
  readonly url: string;
  /** Resolves when the next request has come in. */
  arrival: Promise<void> = Promise.resolve();
  readonly #server: Server;
  #arrived: () => void = () => {};

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.expectArrival();
    server.on('request', () => this.#arrived());
  }

  static async start(): Promise<AnsweringServer> {
    const server = createServer(answer).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new AnsweringServer(server);
  }

  expectArrival(): void {
    this.arrival = new Promise((resolve) => {
      this.#arrived = resolve;
    });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** `/503`, `/503/after/3`, `/503/date/Sun, 06 Nov…`, `/400/code/Throttling`, `/400/kms`, `/hang`, `/reset`, `/garbage`, `/cut`, `/corrupt/gzip`. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  const [first = '', kind = '', value = ''] = decodeURIComponent(request.url ?? '')
    .split('/')
    .slice(1);
  if (first === 'hang') return;
  if (first === 'reset') return void request.socket.destroy();
  if (first === 'garbage') return void request.socket.end('no HTTP at all\r\n\r\n');
  if (first === 'cut') {
    response.writeHead(200, { 'content-length': '100' }).write('<', () => request.socket.destroy());
    return;
  }
  if (first === 'corrupt') return void response.writeHead(200, { 'content-encoding': kind }).end('neither gzip nor brotli');
  const status = Number(first);
  if (kind === 'after') response.setHeader('retry-after', value);
  if (kind === 'date') {
    response.setHeader('date', 'Sun, 06 Nov 1994 08:49:37 GMT');
    response.setHeader('retry-after', value);
  }
  if (kind === 'kms') {
    response.writeHead(status, { 'x-amzn-query-error': 'KMS.ThrottlingException;Sender' }).end(KMS_THROTTLED);
    return;
  }
  if (status === 302) response.setHeader('location', '/200');
  response
    .writeHead(status, { 'content-type': 'text/xml' })
    .end(status === 200 ? SUCCESS : failure(kind === 'code' ? value : 'Bad'));
}

/** A port of loopback at which nobody listens. */
export async function deadUrl(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${port}`;
}
