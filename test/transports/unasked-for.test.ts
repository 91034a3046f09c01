import { describe, expect, it } from 'vitest';
import { loopback as byFetch } from './fetch/lab.js';
import { loopback as byHttp, rawReceiver, send } from './http/receiver.js';

/** undici reads the answers of both, and gives up what nobody asked for. */
describe.each([
  ['http', byHttp],
  ['fetch', byFetch],
])('an answer by %s', (_, transport) => {
  it.each(['100 Continue', '101 Switching Protocols'])(
    'that begins with %s, which nobody asked for, has failed',
    async (status) => {
      const { url } = await rawReceiver((socket) => {
        socket.once('data', () => socket.write(`HTTP/1.1 ${status}\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n`));
      });
      const { outcome } = await send(transport(), url);
      expect(outcome.kind).toBe('failed');
      if (status === '100 Continue') expect(outcome.reason).toBe('connection closed');
    },
  );
});
