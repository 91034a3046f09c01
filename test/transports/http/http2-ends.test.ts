import { constants, performServerHandshake, type ServerHttp2Stream } from 'node:http2';
import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { answers, cert, http2Receiver, key, speaking } from './http2-receiver.js';
import { listen, message, send } from './receiver.js';

const frame = (type: number, flags: number, stream: number, ...bytes: number[]): Buffer =>
  Buffer.from([0, 0, bytes.length, type, flags, 0, 0, 0, stream, ...bytes]);

/** A receiver that answers the first request with these frames, a few ms between the groups. */
async function framesAfterRequest(...groups: readonly (readonly Buffer[])[]): Promise<string> {
  const server = createTlsServer({ key, cert, ALPNProtocols: ['h2'] }, (socket) => {
    socket.on('error', () => {}).write(frame(4, 0, 0));
    socket.once('data', () => {
      for (const [i, group] of groups.entries()) setTimeout(() => socket.write(Buffer.concat(group)), 20 * i);
    });
  });
  return (await listen(server as never, 'https')).url;
}

describe('over HTTP/2', () => {
  it('what the receiver refuses before it looks at it is sent again once', async () => {
    let refused = 0;
    const { url } = await http2Receiver((stream, path) => {
      if (path === '/never' || refused++ === 0) stream.close(constants.NGHTTP2_REFUSED_STREAM);
      else answers(204)(stream);
    });
    const transport = speaking();
    expect((await send(transport, `${url}/once`)).outcome.kind).toBe('delivered');
    const reason = 'the receiver refused the request before it looked at it';
    expect((await send(transport, `${url}/never`)).outcome).toEqual({ kind: 'failed', reason });
  });

  it('a reset is named by its code, and the connection lives', async () => {
    const { url, connections } = await http2Receiver((stream, path) => {
      if (path === '/error') stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      else if (path === '/calm') stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      else answers(204)(stream);
    });
    const transport = speaking();
    const outcomeOf = async (path: string) => (await send(transport, `${url}/${path}`)).outcome;
    expect(await outcomeOf('error')).toEqual({ kind: 'failed', reason: 'HTTP/2 stream reset (INTERNAL_ERROR)' });
    expect(await outcomeOf('calm')).toEqual({ kind: 'overloaded', reason: 'HTTP/2 stream reset (ENHANCE_YOUR_CALM)' });
    expect(await outcomeOf('')).toMatchObject({ kind: 'delivered' });
    expect(connections()).toBe(1);
  });

  it('a goodbye with an error ends what the receiver had begun, with its code', async () => {
    const { url } = await http2Receiver((stream) => stream.session?.goaway(constants.NGHTTP2_INTERNAL_ERROR, stream.id));
    const reason = 'HTTP/2 connection ended by the receiver (INTERNAL_ERROR)';
    expect((await send(speaking(), url)).outcome).toEqual({ kind: 'failed', reason });
  });

  it('an answer that is reset without an error before its end has failed', async () => {
    // `:status: 200` and `content-length: 10`, four bytes, RST_STREAM with NO_ERROR.
    const headers = frame(1, 4, 1, 0x88, 0x0f, 0x0d, 2, 0x31, 0x30);
    const url = await framesAfterRequest([headers, frame(0, 0, 1, 1, 2, 3, 4), frame(3, 0, 1, 0, 0, 0, 0)]);
    expect((await send(speaking(), url)).outcome).toEqual({ kind: 'failed', reason: 'HTTP/2 answer broken off' });
  });

  it('an answer without a length that the receiver cancels has failed, by that code, which Node tells as its end', async () => {
    const cancel = frame(3, 0, 1, 0, 0, 0, constants.NGHTTP2_CANCEL);
    const failed = { kind: 'failed', reason: 'HTTP/2 stream reset (CANCEL)' };
    const answered = await framesAfterRequest([frame(1, 4, 1, 0x88), frame(0, 0, 1, 1, 2, 3, 4)], [cancel]);
    expect((await send(speaking(), answered)).outcome).toEqual(failed);
    const silent = await framesAfterRequest([cancel]);
    expect((await send(speaking(), silent)).outcome).toEqual(failed);
  });

  it('an answer that has all its bytes is whole, whatever becomes of its stream', async () => {
    const headers = frame(1, 4, 1, 0x88, 0x0f, 0x0d, 1, 0x34);
    const cancel = frame(3, 0, 1, 0, 0, 0, constants.NGHTTP2_CANCEL);
    const url = await framesAfterRequest([headers, frame(0, 0, 1, 1, 2, 3, 4)], [cancel]);
    expect((await send(speaking(), url)).outcome).toMatchObject({ kind: 'delivered' });
  });

  it('an answer that ends with its headers is whole, though the receiver cancels the rest of the request', async () => {
    const cancel = frame(3, 0, 1, 0, 0, 0, constants.NGHTTP2_CANCEL);
    const url = await framesAfterRequest([frame(1, 5, 1, 0x89), cancel]);
    const { outcome } = await send(speaking(), message(url, { body: new Uint8Array(300_000) }));
    expect(outcome).toEqual({ kind: 'delivered', status: 204 });
  });

  it('what was refused after its answer had begun is not sent again, and no answer is read on top of another', async () => {
    const refuse = frame(3, 0, 1, 0, 0, 0, constants.NGHTTP2_REFUSED_STREAM);
    const url = await framesAfterRequest([frame(1, 4, 1, 0x88), frame(0, 0, 1, 1, 2, 3, 4)], [refuse]);
    const reason = 'the receiver refused the request before it looked at it';
    expect((await send(speaking(), url)).outcome).toEqual({ kind: 'failed', reason });
  });

  it('what waits for the settings of a receiver that is silent is let go when it is aborted', async () => {
    let connections = 0;
    const silent = Promise.withResolvers<void>();
    const server = createTlsServer({ key, cert, ALPNProtocols: ['h2'] }, (socket) => {
      socket.on('error', () => {});
      if (++connections > 1) {
        socket.once('data', () => silent.resolve());
        return;
      }
      const session = performServerHandshake(socket);
      let streams = 0;
      session
        .on('error', () => {})
        .on('stream', (stream) => {
          stream.on('error', () => {});
          if (++streams === 1) stream.resume().on('end', () => answers(204)(stream));
          else if (streams === 3) socket.destroy();
        });
    });
    const { url, allClosed } = await listen(server as never, 'https');
    const transport = speaking({ connectionsPerOrigin: 1 });
    const withId = message(url, { headers: { 'webhook-id': 'msg_1' } });
    await send(transport, withId);
    // Both are sent again on the next connection: the first at once, the other when the receiver has said how many it takes.
    const controllers = [new AbortController(), new AbortController()];
    const sent = controllers.map(({ signal }) => send(transport, withId, signal));
    await silent.promise;
    for (const controller of controllers.reverse()) controller.abort(new Error('no more'));
    for (const each of sent) await expect(each).rejects.toThrow('no more');
    await transport.close();
    await allClosed();
  });

  it('an abort after a goodbye leaves no socket open beyond close', async () => {
    const held = Promise.withResolvers<ServerHttp2Stream>();
    const { url, allClosed } = await http2Receiver((stream) => held.resolve(stream));
    const transport = speaking();
    const controller = new AbortController();
    const running = send(transport, url, controller.signal);
    const { session } = await held.promise;
    session?.goaway();
    await new Promise((resolve) => session?.ping(resolve));
    controller.abort(new Error('no more'));
    await expect(running).rejects.toThrow('no more');
    await transport.close();
    await allClosed();
  });

  it('a connection on which nothing is answered is left after twenty aborts, though PINGs are answered', async () => {
    const stuck: ServerHttp2Stream[] = [];
    const arrived = Promise.withResolvers<void>();
    const { url, connections } = await http2Receiver((stream) => {
      if (connections() > 1) answers(204)(stream);
      else if (stream.id === 1) answers(204)(stream);
      else if (stuck.push(stream) === 21) arrived.resolve();
    });
    const transport = speaking();
    await send(transport, url);
    const controller = new AbortController();
    const running = send(transport, url);
    const aborted = Array.from({ length: 20 }, () => send(transport, url, controller.signal));
    await arrived.promise;
    controller.abort(new Error('no more'));
    await Promise.allSettled(aborted);
    // What was asked before is answered before.
    for (let i = 0; i < 2; i++) await new Promise((resolve) => stuck[0]?.session?.ping(resolve));
    expect((await send(transport, url)).outcome.kind).toBe('delivered');
    expect(connections()).toBe(2);
    for (const stream of stuck) if (!stream.destroyed) answers(204)(stream);
    expect((await running).outcome.kind).toBe('delivered');
  });

  it('an abort of the only request on a connection closes it, as the receiver may be gone', async () => {
    const arrived = Promise.withResolvers<void>();
    const { url, allClosed } = await http2Receiver(() => arrived.resolve());
    const controller = new AbortController();
    const running = send(speaking(), url, controller.signal);
    await arrived.promise;
    controller.abort(new Error('no more'));
    await expect(running).rejects.toThrow('no more');
    await allClosed();
  });
});
