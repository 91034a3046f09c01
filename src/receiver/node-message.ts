import type { IncomingRequest } from './incoming.js';

/** What an adapter uses of a `node:http` request: an `IncomingMessage` fits, and what frameworks make of it. */
export interface NodeRequest extends AsyncIterable<unknown> {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly headersDistinct?: Readonly<Record<string, readonly string[] | undefined>>;
  readonly socket?: object;
  readonly httpVersionMajor: number;
  /** False while bytes of it are still to come. */
  readonly complete: boolean;
  /** True once something has read of it. */
  readonly readableDidRead: boolean;
}

/** What an adapter uses of a `node:http` response. */
export interface NodeResponse {
  readonly destroyed: boolean;
  readonly headersSent: boolean;
  writeHead(status: number, headers: Record<string, string | string[]>): unknown;
  end(body: Uint8Array): unknown;
}

/** The request as a receiver takes it, with repeated headers apart. The target is the path as the client sent it. */
export function fromNode(request: NodeRequest, target: string | undefined, body: IncomingRequest['body']): IncomingRequest {
  const headers = request.headersDistinct ?? request.headers;
  return { method: request.method ?? '', url: absoluteUrl(request, target), headers, body };
}

/** The stream of a request that nothing has read yet. */
export function unreadBody(request: NodeRequest): IncomingRequest['body'] {
  return request.readableDidRead ? undefined : request;
}

function absoluteUrl({ headers, socket }: NodeRequest, target: string | undefined): string | undefined {
  const host = headers.host ?? headers[':authority'];
  if (target === undefined || !target.startsWith('/') || typeof host !== 'string') return target;
  const isEncrypted = socket !== undefined && 'encrypted' in socket && socket.encrypted === true;
  return `${isEncrypted ? 'https' : 'http'}://${host}${target}`;
}

/**
 * The headers of an answer. Where bytes of the body are still to come, an HTTP/1 connection ends with the answer: Node would else
 * read them all, to use the connection again.
 */
export function headersOf(response: Response, { complete, httpVersionMajor }: NodeRequest): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = Object.fromEntries(response.headers);
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) headers['set-cookie'] = cookies;
  if (!complete && httpVersionMajor === 1) headers.connection = 'close';
  return headers;
}

/** Writes an answer out, unless the sender has hung up. */
export async function writeToNode(response: Response, request: NodeRequest, out: NodeResponse): Promise<void> {
  const body = new Uint8Array(await response.arrayBuffer());
  if (out.destroyed || out.headersSent) return;
  out.writeHead(response.status, { ...headersOf(response, request), ...lengthOf(response, body) });
  out.end(body);
}

/** Node would send a body without a length in chunks. A 204 and a 304 have no body, and so no length. */
function lengthOf({ status }: Response, { length }: Uint8Array): Record<string, string> {
  return status === 204 || status === 304 ? {} : { 'content-length': String(length) };
}
