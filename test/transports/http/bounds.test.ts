import { constants, type ServerHttp2Stream } from 'node:http2';
import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../src/index.js';
import { answers, http2Receiver, speaking } from './http2-receiver.js';
import { answering, loopback, type Receiver, rawReceiver, receiver, send } from './receiver.js';

/** Answers requests when it is told to. */
async function held(): Promise<Receiver & { readonly answers: (() => void)[]; readonly next: () => Promise<void> }> {
  const answers: (() => void)[] = [];
  let arrived = Promise.withResolvers<void>();
  const server = await receiver((request, response) => {
    request.resume().on('end', () => {
      answers.push(() => response.writeHead(204).end());
      arrived.resolve();
    });
  });
  const next = async (): Promise<void> => {
    await arrived.promise;
    arrived = Promise.withResolvers();
  };
  return { ...server, answers, next };
}

const turns = async (n: number): Promise<void> => {
  for (let i = 0; i < n; i++) await new Promise(setImmediate);
};

describe('header size', () => {
  const withHeaders = (bytes: number): Record<string, string> => ({ 'x-a': 'a'.repeat(bytes) });

  it('up to maxHeaderBytes is read', async () => {
    const { url } = await receiver(answering(200, withHeaders(2_000)));
    const { outcome, response } = await send(loopback({ maxHeaderBytes: 4_096 }), url);
    expect(outcome.kind).toBe('delivered');
    expect(response?.headers['x-a']).toHaveLength(2_000);
  });

  it('above it has failed, with a reason that says so, and the connection is destroyed', async () => {
    const { url, allClosed } = await receiver(answering(200, withHeaders(5_000)));
    const answer = await send(loopback({ maxHeaderBytes: 4_096 }), url);
    expect(answer).toEqual({ outcome: { kind: 'failed', reason: 'answer headers too large' } });
    await allClosed();
  });

  it('is 16 KiB by default', async () => {
    const { url } = await receiver((request, response) => {
      response.writeHead(200, withHeaders(request.url === '/fits' ? 16_000 : 16_384)).end();
    });
    const transport = loopback();
    expect((await send(transport, `${url}/fits`)).outcome.kind).toBe('delivered');
    expect((await send(transport, `${url}/bomb`)).outcome).toEqual({ kind: 'failed', reason: 'answer headers too large' });
  });

  it('a header bomb without end is cut off there, and the next attempt succeeds', async () => {
    let connections = 0;
    const { url } = await rawReceiver((socket) => {
      const isBomb = connections++ === 0;
      socket.once('data', () => {
        if (!isBomb) {
          socket.end('HTTP/1.1 204 x\r\n\r\n');
          return;
        }
        socket.write('HTTP/1.1 200 OK\r\n');
        const more = (): void => {
          if (!socket.destroyed) socket.write(`x-${'a'.repeat(50)}: ${'b'.repeat(200)}\r\n`.repeat(10), () => setImmediate(more));
        };
        more();
      });
    });
    const transport = loopback();
    expect((await send(transport, url)).outcome).toEqual({ kind: 'failed', reason: 'answer headers too large' });
    expect((await send(transport, url)).outcome.kind).toBe('delivered');
  });

  it('bounds trailers too', async () => {
    const { url } = await rawReceiver((socket) =>
      socket.once('data', () =>
        socket.write(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-a: ${'a'.repeat(20_000)}\r\n\r\n`),
      ),
    );
    expect((await send(loopback(), url)).outcome).toEqual({ kind: 'failed', reason: 'answer headers too large' });
  });
});

describe('header size over HTTP/2', () => {
  const tooLarge = { kind: 'failed', reason: 'answer headers too large' };
  const early = (bytes: number) => ({ ':status': 103, link: 'a'.repeat(bytes) });

  /** Sends to a receiver that answers by a path, and then, over the same connection, to its root. */
  async function outcomeOf(answer: (stream: ServerHttp2Stream) => void): Promise<{ outcome: Outcome; reset: Promise<number> }> {
    const reset = Promise.withResolvers<number>();
    const { url, connections } = await http2Receiver((stream, path) => {
      if (path === '/') {
        answers(204)(stream);
        return;
      }
      stream.on('close', () => reset.resolve(stream.rstCode));
      answer(stream);
    });
    const transport = speaking();
    const { outcome } = await send(transport, `${url}/tested`);
    expect((await send(transport, url)).outcome.kind).toBe('delivered');
    expect(connections()).toBe(1);
    return { outcome, reset: reset.promise };
  }

  const withTrailers = (bytes: number) => (stream: ServerHttp2Stream) => {
    stream.respond({ ':status': 200 }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-a': 'a'.repeat(bytes) })).end('ok');
  };

  it('bounds trailers too', async () => {
    expect((await outcomeOf(withTrailers(16_000))).outcome.kind).toBe('delivered');
    expect((await outcomeOf(withTrailers(20_000))).outcome).toEqual(tooLarge);
  });

  it('bounds informational headers, all together, and counts them apart from the answer', async () => {
    const informing = (times: number, bytes: number) => (stream: ServerHttp2Stream) => {
      for (let i = 0; i < times; i++) stream.additionalHeaders(early(bytes));
      answers(200, { 'x-a': 'a'.repeat(16_000) })(stream);
    };
    expect((await outcomeOf(informing(3, 5_000))).outcome.kind).toBe('delivered');
    expect((await outcomeOf(informing(1, 20_000))).outcome).toEqual(tooLarge);
    expect((await outcomeOf(informing(4, 5_000))).outcome).toEqual(tooLarge);
  });

  it('resets a stream with informational headers without end, though they hold nothing but a status', async () => {
    const { outcome, reset } = await outcomeOf((stream) => {
      const more = (): void => {
        if (stream.closed || stream.destroyed) return;
        for (let i = 0; i < 50; i++) stream.additionalHeaders({ ':status': 103 });
        setImmediate(more);
      };
      more();
    });
    expect(outcome).toEqual(tooLarge);
    expect(await reset).toBe(constants.NGHTTP2_CANCEL);
  });

  it('is one of bytes and not of how many there are, which Node would take for an overloaded receiver', async () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`x-${i}`, '1']));
    expect((await outcomeOf(answers(200, many))).outcome.kind).toBe('delivered');
    const tooMany = Object.fromEntries(Array.from({ length: 2_500 }, (_, i) => [`x-${i}`, '1'.repeat(3)]));
    expect((await outcomeOf(answers(200, tooMany))).outcome).toEqual(tooLarge);
  });
});

describe('number of connections in all', () => {
  it('is at most maxConnections: at the bound an idle connection is closed for the next', async () => {
    const receivers = await Promise.all(Array.from({ length: 5 }, () => receiver(answering(204))));
    const transport = loopback({ maxConnections: 2 });
    for (const { url } of receivers) {
      expect((await send(transport, url)).outcome.kind).toBe('delivered');
      expect(receivers.reduce((sum, { open }) => sum + open(), 0)).toBeLessThanOrEqual(2);
    }
  });

  it('where none is idle, a request waits until one is done', async () => {
    const busy = await held();
    const other = await held();
    const transport = loopback({ maxConnections: 1 });
    const first = send(transport, busy.url);
    await busy.next();
    const second = send(transport, other.url);
    await turns(20);
    expect(other.connections()).toBe(0);
    busy.answers[0]?.();
    expect((await first).outcome.kind).toBe('delivered');
    await other.next();
    await busy.allClosed();
    other.answers[0]?.();
    expect((await second).outcome.kind).toBe('delivered');
  });

  it('every origin comes to its turn, though another has always something to send', async () => {
    const [one, two] = [await receiver(answering(204)), await receiver(answering(204))];
    const transport = loopback({ maxConnections: 1 });
    let isOver = false;
    const steady = (async () => {
      while (!isOver) expect((await send(transport, one.url)).outcome.kind).toBe('delivered');
    })();
    for (let i = 0; i < 5; i++) expect((await send(transport, two.url)).outcome.kind).toBe('delivered');
    isOver = true;
    await steady;
  });

  it('an abort while it waits leaves the line, and nothing is connected to', async () => {
    const busy = await held();
    const other = await receiver(answering(204));
    const transport = loopback({ maxConnections: 1 });
    const first = send(transport, busy.url);
    await busy.next();
    const controller = new AbortController();
    const second = send(transport, other.url, controller.signal);
    const third = send(transport, other.url);
    await turns(5);
    controller.abort(new Error('no more'));
    await expect(second).rejects.toThrow('no more');
    busy.answers[0]?.();
    await first;
    expect((await third).outcome.kind).toBe('delivered');
    expect(other.connections()).toBe(1);
  });

  it('counts connects that fail only while they run', async () => {
    const transport = loopback({ maxConnections: 1 });
    for (let i = 0; i < 3; i++) {
      expect((await send(transport, 'http://127.0.0.1:1/')).outcome).toEqual({ kind: 'failed', reason: 'connection refused' });
    }
    const { url } = await receiver(answering(204));
    expect((await send(transport, url)).outcome.kind).toBe('delivered');
  });

  it('many requests to many origins at once all end, within the bound', async () => {
    const receivers = await Promise.all(Array.from({ length: 8 }, () => receiver(answering(204))));
    const transport = loopback({ maxConnections: 3, connectionsPerOrigin: 4 });
    const sent = Array.from({ length: 200 }, async (_, i) => {
      const { outcome } = await send(transport, receivers[i % 8]?.url as string);
      expect(receivers.reduce((sum, { open }) => sum + open(), 0)).toBeLessThanOrEqual(3);
      return outcome.kind;
    });
    expect(new Set(await Promise.all(sent))).toEqual(new Set(['delivered']));
  });
});
