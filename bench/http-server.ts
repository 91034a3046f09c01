/** The receiver of the HTTP benchmark, a process of its own: as little as a server can do, so that the clients are the bottleneck. */

import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';

const NO_CONTENT = 'HTTP/1.1 204 No Content\r\nserver: bench\r\nconnection: keep-alive\r\n\r\n';
const BAD_REQUEST = 'HTTP/1.1 400 Bad Request\r\nserver: bench\r\ncontent-length: 0\r\n\r\n';
const END_OF_HEAD = '\r\n\r\n';

/** Answers each request once its whole body is there; one to /signed must carry a signature, so that no client may forget it. */
function serve(socket: Socket): void {
  let kept: Buffer | undefined;
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    kept = kept === undefined ? chunk : Buffer.concat([kept, chunk]);
    const headEnd = kept.indexOf(END_OF_HEAD);
    if (headEnd < 0) return;
    const head = kept.toString('latin1', 0, headEnd).toLowerCase();
    const length = Number(/content-length: (\d+)/.exec(head)?.[1] ?? 0);
    if (kept.length < headEnd + END_OF_HEAD.length + length) return;
    kept = undefined;
    const mustBeSigned = head.startsWith('post /signed ');
    const isWhole = length === 1_024 && (!mustBeSigned || head.includes('webhook-signature: v1,'));
    socket.write(isWhole ? NO_CONTENT : BAD_REQUEST);
  });
}

const server = createServer(serve).listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.once('disconnect', () => process.exit());
