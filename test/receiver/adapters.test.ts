import { afterEach, describe, expect, it } from 'vitest';
import { memoryIdempotencyStore } from '../../src/index.js';
import { type ReceivedCallback, type ReceiverOptions, receiver } from '../../src/receiver/index.js';
import { jwt } from '../../src/signing/index.js';
import { bytesOf, gate, type Log, log, type Sent, scheme, signed } from './sender.js';
import { type Listening, rawConnection, SERVERS, until } from './servers.js';

const open: Listening[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

interface Started extends Listening {
  readonly handled: ReceivedCallback[];
  readonly log: Log;
  send(sent?: Sent): Promise<Response>;
}

async function start(name: string, options: Partial<ReceiverOptions> = {}): Promise<Started> {
  const handled: ReceivedCallback[] = [];
  const logger = log();
  const receive = receiver({
    signature: scheme,
    store: memoryIdempotencyStore(),
    logger,
    ...options,
    onCallback: (callback) => {
      handled.push(callback);
      return options.onCallback?.(callback);
    },
  });
  const server = await (SERVERS[name] as (typeof SERVERS)[string])(receive);
  open.push(server);
  const send = async (sent: Sent = {}): Promise<Response> =>
    fetch(server.url, { method: 'POST', headers: await signed(sent), body: bytesOf(sent.body ?? '{"n":1}'), redirect: 'manual' });
  return { ...server, handled, log: logger, send };
}

const lines = (headers: Record<string, string>): string[] => Object.entries(headers).map(([name, value]) => `${name}: ${value}`);

describe.each(Object.keys(SERVERS))('%s', (name) => {
  it('answers 204 the first time and for duplicates, with the handler run once', async () => {
    const { send, handled } = await start(name);
    for (let time = 0; time < 3; time++) {
      const answer = await send();
      expect([answer.status, await answer.text(), answer.headers.get('transfer-encoding')]).toEqual([204, '', null]);
    }
    expect(handled.map(({ id }) => id)).toEqual(['msg_1']);
  });

  it('gives the answer of the handler, and replays it', async () => {
    const { send } = await start(name, {
      replay: true,
      onCallback: () =>
        new Response('{"ok":true}', { status: 202, headers: { 'content-type': 'application/json', 'x-run': '1' } }),
    });
    for (let time = 0; time < 2; time++) {
      const answer = await send();
      expect([answer.status, answer.headers.get('content-type'), answer.headers.get('x-run')]).toEqual([
        202,
        'application/json',
        '1',
      ]);
      expect(await answer.text()).toBe('{"ok":true}');
    }
  });

  it('gives each cookie of the handler as a header of its own', async () => {
    const headers = new Headers([
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ]);
    const { send } = await start(name, { onCallback: () => new Response('x', { headers }) });
    expect((await send()).headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  });

  it('keeps the raw body: text in any type, bytes that are no UTF-8, none at all', async () => {
    const { send, handled } = await start(name);
    const bodies = ['{ "n" : 1 }\n', new Uint8Array([0xff, 0xfe, 0x00, 0x80]), ''];
    const types = ['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'application/octet-stream', 'odd/odd'];
    let id = 0;
    for (const body of bodies) {
      for (const type of types) {
        expect((await send({ id: `msg_${id++}`, body, headers: { 'content-type': type } })).status).toBe(204);
        expect(handled.at(-1)?.body).toEqual(bytesOf(body));
      }
    }
  });

  it('takes a body without a content-type, and one without a length', async () => {
    const { url, port, handled } = await start(name);
    const headers = await signed();
    delete headers['content-type'];
    const body = bytesOf('{"n":1}');
    expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(204);
    const raw = rawConnection(port, [
      'POST /hooks HTTP/1.1',
      'host: api.example',
      'transfer-encoding: chunked',
      ...lines(await signed({ id: 'msg_2' })),
    ]);
    raw.socket.write('3\r\n{"n\r\n4\r\n":1}\r\n0\r\n\r\n');
    await until(() => raw.text().includes('\r\n\r\n'));
    expect(raw.text()).toMatch(/^HTTP\/1\.1 204 /);
    expect(handled.map(({ id }) => id)).toEqual(['msg_1', 'msg_2']);
    raw.socket.destroy();
  });

  it('answers 401 to a bad signature, with the fixed sentence alone', async () => {
    const { send, handled } = await start(name);
    const answer = await send({ headers: { 'webhook-timestamp': '1614265330' } });
    expect([answer.status, answer.headers.get('www-authenticate'), await answer.text()]).toEqual([
      401,
      'Signature',
      'the callback has no valid signature',
    ]);
    expect(handled).toEqual([]);
  });

  it('refuses a signature header that came twice, also when both are right', async () => {
    const { port, handled } = await start(name);
    for (const repeated of ['webhook-id', 'webhook-timestamp', 'webhook-signature']) {
      const headers = await signed();
      const raw = rawConnection(port, [
        'POST /hooks HTTP/1.1',
        'host: api.example',
        'content-length: 7',
        'connection: close',
        ...lines(headers),
        `${repeated}: ${headers[repeated]}`,
      ]);
      raw.socket.write('{"n":1}');
      await raw.closed;
      expect(raw.text()).toMatch(/^HTTP\/1\.1 401 /);
    }
    expect(handled).toEqual([]);
  });

  it('refuses a token that came twice, though Node would keep the first and drop the other', async () => {
    const token = jwt({ issuer: 'https://billing.example', secrets: [{ alg: 'HS256', key: Buffer.alloc(32, 'key'), kid: '1' }] });
    const { port, handled, url } = await start(name, { signature: token });
    const body = bytesOf('{"n":1}');
    const headers = await token.sign({ id: 'msg_1', timestampMs: Date.now(), to: url, method: 'POST', headers: {}, body });
    const { host } = new URL(url);
    const head = ['POST /hooks HTTP/1.1', `host: ${host}`, 'content-length: 7', 'connection: close', ...lines(headers)];
    for (const [times, status] of [
      [2, 401],
      [1, 204],
    ] as const) {
      const raw = rawConnection(port, times === 1 ? head : [...head, ...lines(headers)]);
      raw.socket.write('{"n":1}');
      await raw.closed;
      expect(raw.text()).toContain(`HTTP/1.1 ${status} `);
    }
    expect(handled).toHaveLength(1);
  });

  it('answers 405 to other methods', async () => {
    const { url } = await start(name);
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const answer = await fetch(url, { method });
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
    }
    expect((await fetch(url, { method: 'HEAD' })).status).toBe(405);
  });

  it('answers 409 with Retry-After in flight, 422 to another payload, 500 to a handler that throws', async () => {
    const end = gate();
    const { send } = await start(name, {
      onCallback: async ({ id }) => {
        if (id === 'throws') throw new Error('password=hunter2');
        await end.passed;
      },
    });
    const first = send();
    let second = await send();
    while (second.status === 204) second = await send();
    expect([second.status, second.headers.get('retry-after')]).toEqual([409, '5']);
    expect((await send({ body: 'other' })).status).toBe(422);
    end.open();
    expect((await first).status).toBe(204);
    const failed = await send({ id: 'throws' });
    expect([failed.status, await failed.text()]).toEqual([500, 'the callback could not be handled']);
  });

  it('answers 503 with Retry-After when the store fails', async () => {
    const store = memoryIdempotencyStore();
    const down = () => Promise.reject(new Error('down'));
    const { send } = await start(name, { store: { claim: down, renew: down, complete: down, release: down } });
    const answer = await send();
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    expect(store).toBeDefined();
  });

  it('answers 413 at once when Content-Length is over the cap', async () => {
    const { port, handled } = await start(name, { maxBytes: 1_000 });
    const raw = rawConnection(port, ['POST /hooks HTTP/1.1', 'host: api.example', 'content-length: 100000000']);
    await until(() => raw.text().includes('the body is too large'));
    expect(raw.text()).toMatch(/^HTTP\/1\.1 413 /);
    raw.socket.destroy();
    expect(handled).toEqual([]);
  });

  it('takes a body of exactly the cap, and refuses one of a byte more', async () => {
    const { send } = await start(name, { maxBytes: 100_000 });
    expect((await send({ body: new Uint8Array(100_000) })).status).toBe(204);
    expect((await send({ id: 'more', body: new Uint8Array(100_001) })).status).toBe(413);
  });

  it('answers a chunked body over the cap although it has not ended, and then ends the connection', async () => {
    const { port, handled } = await start(name, { maxBytes: 1_000 });
    const raw = rawConnection(port, ['POST /hooks HTTP/1.1', 'host: api.example', 'transfer-encoding: chunked']);
    raw.socket.write(`7d0\r\n${'x'.repeat(2_000)}\r\n`);
    await raw.closed;
    expect(raw.text()).toMatch(/^HTTP\/1\.1 413 /);
    expect(handled).toEqual([]);
  });

  it('stops reading a chunked body over the cap', async () => {
    const { port, sockets, handled } = await start(name, { maxBytes: 1_000 });
    const raw = rawConnection(port, ['POST /hooks HTTP/1.1', 'host: api.example', 'transfer-encoding: chunked']);
    const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536), Buffer.from('\r\n')]);
    let written = 0;
    const write = (): void => {
      while (!raw.socket.destroyed && written < 1_000 * chunk.length && raw.socket.write(chunk)) written += chunk.length;
    };
    raw.socket.on('drain', write);
    write();
    await raw.closed;
    await until(() => sockets.every(({ destroyed }) => destroyed));
    expect(sockets[0]?.bytesRead).toBeGreaterThan(1_000);
    expect(sockets[0]?.bytesRead).toBeLessThan(2_000_000);
    expect(handled).toEqual([]);
  });

  it('runs nothing when the sender breaks off amid the body, and serves the next', async () => {
    const { port, send, handled, log } = await start(name);
    const raw = rawConnection(port, ['POST /hooks HTTP/1.1', 'host: api.example', 'content-length: 7', ...lines(await signed())]);
    raw.socket.write('{"n"', () => raw.socket.destroy());
    await until(() => log.lines.length > 0);
    expect(log.lines[0]?.fields.status).toBe(400);
    expect((await send()).status).toBe(204);
    expect(handled).toHaveLength(1);
  });

  it('lets the handler go on when the sender hangs up', async () => {
    const end = gate();
    const { port, send, handled } = await start(name, { onCallback: () => end.passed });
    const raw = rawConnection(port, ['POST /hooks HTTP/1.1', 'host: api.example', 'content-length: 7', ...lines(await signed())]);
    raw.socket.write('{"n":1}');
    await until(() => handled.length > 0);
    raw.socket.destroy();
    await raw.closed;
    end.open();
    let answer = await send();
    while (answer.status === 409) answer = await send();
    expect(answer.status).toBe(204);
    expect(handled).toHaveLength(1);
    expect(handled[0]?.signal.aborted).toBe(false);
  });

  it('tells the URL as the sender called it, or on the origin that the options name', async () => {
    const { port, handled, send } = await start(name);
    await send();
    expect(handled[0]?.url).toBe(`http://127.0.0.1:${port}/hooks`);
    const behindProxy = await start(name, { origin: 'https://api.example' });
    await behindProxy.send();
    expect(behindProxy.handled[0]?.url).toBe('https://api.example/hooks');
  });
});
