import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isRingbackError } from '../../src/errors.js';
import { type Fault, type FaultProxy, type FaultProxyOptions, faultProxy } from '../../src/testing/index.js';

const ANSWER = 'the answer, which is long enough to be cut';

interface Target {
  readonly port: number;
  /** All that came, connection by connection. */
  readonly heard: string[];
}

/** Answers each line with the same answer. */
async function answering(): Promise<Target> {
  const heard: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const index = heard.push('') - 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.setEncoding('utf8').on('data', (text: string) => {
      heard[index] += text;
      for (const _ of text.matchAll(/\n/g)) socket.write(ANSWER);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, heard };
}

async function proxyTo({ port }: Target, options: Partial<FaultProxyOptions> = {}): Promise<FaultProxy> {
  const proxy = await faultProxy({ target: { port }, ...options });
  onTestFinished(() => proxy.close());
  return proxy;
}

/** A connection, and all that came of it. */
interface Client {
  readonly socket: Socket;
  readonly got: () => Buffer;
  /** How it ended: `end`, or the code of its error. */
  readonly ended: Promise<string>;
  /** Resolves once this much has come. */
  readonly gets: (bytes: number) => Promise<void>;
}

function client(port: number): Client {
  let got = Buffer.alloc(0);
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  const ended = new Promise<string>((resolve) => {
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(String(error.code))).on('end', () => resolve('end'));
  });
  socket.on('data', (chunk) => {
    got = Buffer.concat([got, chunk]);
  });
  const gets = async (bytes: number): Promise<void> => {
    while (got.length < bytes) await once(socket, 'data');
  };
  return { socket, got: () => got, ended, gets };
}

/** One connection with this fault that asks once. */
async function ask(fault: Fault): Promise<Client & { readonly target: Target; readonly proxy: FaultProxy }> {
  const target = await answering();
  const proxy = await proxyTo(target);
  await proxy.next(fault);
  const asking = client(proxy.port);
  asking.socket.write('question\n');
  return { ...asking, target, proxy };
}

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise(setImmediate);
};

describe('the fault', () => {
  it('pass lets everything through, both ways', async () => {
    const { gets, got, target } = await ask('pass');
    await gets(ANSWER.length);
    expect(got().toString()).toBe(ANSWER);
    expect(target.heard).toEqual(['question\n']);
  });

  it('refuse has nothing listen at the port until next is called again', async () => {
    const { ended, proxy } = await ask('refuse');
    expect(await ended).toBe('ECONNREFUSED');
    expect(await client(proxy.port).ended).toBe('ECONNREFUSED');
    const { port } = proxy;
    await proxy.next();
    expect(proxy.port).toBe(port);
    const { socket, gets } = client(port);
    socket.write('question\n');
    await gets(ANSWER.length);
    expect(proxy.accepted).toBe(1);
  });

  it('refuse as the second lets the first connection go on', async () => {
    const target = await answering();
    const proxy = await proxyTo(target);
    await proxy.next('pass', 'refuse');
    const first = client(proxy.port);
    first.socket.write('question\n');
    await first.gets(ANSWER.length);
    expect(await client(proxy.port).ended).toBe('ECONNREFUSED');
    first.socket.write('question\n');
    await first.gets(2 * ANSWER.length);
  });

  it('reset cuts the connection before any byte', async () => {
    const { ended, got, target } = await ask('reset');
    expect(await ended).toMatch(/ECONNRESET|EPIPE/);
    expect(got()).toHaveLength(0);
    expect(target.heard).toEqual([]);
  });

  it('reset after some bytes of the answer lets just these through', async () => {
    const { ended, got, target } = await ask({ fault: 'reset', afterBytes: 10 });
    expect(await ended).toBe('ECONNRESET');
    expect(got().toString()).toBe(ANSWER.slice(0, 10));
    expect(target.heard).toEqual(['question\n']);
  });

  it('reset after some bytes of the request lets just these through', async () => {
    const { ended, got, target } = await ask({ fault: 'reset', of: 'request', afterBytes: 4 });
    expect(await ended).toBe('ECONNRESET');
    expect(got()).toHaveLength(0);
    await until(() => target.heard[0] === 'ques');
  });

  it('half-open takes what comes and answers nothing', async () => {
    const { socket, ended, got, target, proxy } = await ask('half-open');
    await new Promise((flushed) => socket.write('more\n', flushed));
    await until(() => proxy.connections === 1);
    socket.end();
    expect(await ended).toBe('end');
    expect(got()).toHaveLength(0);
    expect(target.heard).toEqual([]);
  });

  it('delay brings the whole answer, later', async () => {
    const { gets, got } = await ask({ fault: 'delay', delayMs: 20 });
    await gets(ANSWER.length);
    expect(got().toString()).toBe(ANSWER);
  });

  it.each([0.5, 3, 10_000])('trickle at %d bytes per ms brings the whole answer, in order', async (bytesPerMs) => {
    const { socket, gets, got } = await ask({ fault: 'trickle', bytesPerMs });
    let pieces = 0;
    socket.on('data', () => pieces++);
    await gets(ANSWER.length);
    expect(got().toString()).toBe(ANSWER);
    if (bytesPerMs < 10_000) expect(pieces).toBeGreaterThan(1);
  });

  it.each<Fault>(['pass', { fault: 'delay', delayMs: 20 }, { fault: 'trickle', bytesPerMs: 2 }])(
    '%j ends after the whole answer where the target ends right behind it',
    async (fault) => {
      const server = createServer((socket) => void socket.on('error', () => {}).once('data', () => socket.end(ANSWER)));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      onTestFinished(() => void server.close());
      const proxy = await proxyTo({ port: (server.address() as AddressInfo).port, heard: [] });
      await proxy.next(fault);
      const { socket, ended, got } = client(proxy.port);
      socket.write('question\n');
      expect(await ended).toBe('end');
      expect(got().toString()).toBe(ANSWER);
    },
  );

  it('truncate ends in order after some bytes of the answer, by default 16', async () => {
    const { ended, got } = await ask('truncate');
    expect(await ended).toBe('end');
    expect(got().toString()).toBe(ANSWER.slice(0, 16));
    const other = await ask({ fault: 'truncate', afterBytes: 0 });
    expect(await other.ended).toBe('end');
    expect(other.got()).toHaveLength(0);
  });

  it('garbage comes instead of the answer, with line ends in it, and then the end', async () => {
    const { ended, got } = await ask('garbage');
    expect(await ended).toBe('end');
    expect(got()).toHaveLength(512);
    expect(got().includes('\r\n')).toBe(true);
    expect(got().toString('latin1')).not.toContain(ANSWER.slice(0, 5));
  });

  it('close ends in order without an answer', async () => {
    const { ended, got } = await ask('close');
    expect(await ended).toMatch(/end|ECONNRESET|EPIPE/);
    expect(got()).toHaveLength(0);
  });

  it('close-on-reuse answers once, and ends when the second request comes, before a byte of it is passed on', async () => {
    const { socket, gets, got, ended, target } = await ask('close-on-reuse');
    await gets(ANSWER.length);
    socket.write('again\n');
    expect(await ended).toBe('end');
    expect(got()).toHaveLength(ANSWER.length);
    expect(target.heard).toEqual(['question\n']);
  });

  it('at a later request leaves those before it alone', async () => {
    const { socket, gets, got, ended } = await ask({ fault: 'truncate', afterBytes: 3, atRequest: 3 });
    await gets(ANSWER.length);
    socket.write('two\n');
    await gets(2 * ANSWER.length);
    socket.write('three\n');
    expect(await ended).toBe('end');
    expect(got().toString()).toBe(ANSWER + ANSWER + ANSWER.slice(0, 3));
  });
});

describe('faults planned by next', () => {
  it('meet one connection each, and those after them pass', async () => {
    const target = await answering();
    const proxy = await proxyTo(target);
    await proxy.next('reset', { fault: 'truncate', afterBytes: 1 });
    const came: number[] = [];
    for (let round = 0; round < 3; round++) {
      const { socket, ended, gets, got } = client(proxy.port);
      socket.write('question\n');
      await Promise.race([ended, gets(ANSWER.length)]);
      came.push(got().length);
    }
    expect(came).toEqual([0, 1, ANSWER.length]);
    expect(proxy.accepted).toBe(3);
  });

  it('take the place of what was planned before', async () => {
    const target = await answering();
    const proxy = await proxyTo(target);
    await proxy.next('reset', 'reset');
    await proxy.next('pass');
    const { socket, gets } = client(proxy.port);
    socket.write('question\n');
    await gets(ANSWER.length);
  });

  it.each([
    [['explode'], 'faults[0] must be one of'],
    [['pass', { fault: 'explode' }], 'faults[1].fault must be one of'],
    [[{ fault: 'reset', delayMs: 5 }], 'has no option "delayMs"'],
    [[{ fault: 'delay' }], 'faults[0].delayMs must be a finite number from 0'],
    [[{ fault: 'trickle', bytesPerMs: 0 }], 'faults[0].bytesPerMs must be'],
    [[{ fault: 'reset', of: 'both' }], 'faults[0].of must be answer or request'],
    [[{ fault: 'close', atRequest: 0 }], 'faults[0].atRequest must be an integer of at least 1'],
    [['refuse', 'pass'], "faults must be without one after 'refuse'"],
  ])('are refused where they are none: %j', async (faults, says) => {
    const proxy = await proxyTo(await answering());
    const error: unknown = await proxy.next(...(faults as Fault[])).catch((thrown: unknown) => thrown);
    expect(isRingbackError(error, 'invalid-option')).toBe(true);
    expect(String(error)).toContain(says);
  });
});

describe('a fault proxy', () => {
  it('counts its connections, open and ever', async () => {
    const proxy = await proxyTo(await answering());
    const [one, other] = [client(proxy.port), client(proxy.port)];
    await until(() => proxy.accepted === 2);
    expect(proxy.connections).toBe(2);
    one.socket.end();
    await until(() => proxy.connections === 1);
    other.socket.destroy();
    await until(() => proxy.connections === 0);
    expect(proxy.accepted).toBe(2);
  });

  it('leaves nothing open after close, whatever its connections stand in', async () => {
    const target = await answering();
    const proxy = await proxyTo(target);
    const faults: Fault[] = ['pass', 'half-open', { fault: 'delay', delayMs: 60_000 }, { fault: 'trickle', bytesPerMs: 0.001 }];
    await proxy.next(...faults);
    const clients = faults.map(() => client(proxy.port));
    for (const { socket } of clients) socket.write('question\n');
    await until(() => proxy.connections === 4 && target.heard.join('').length >= 3 * 'question\n'.length);
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    await until(() => timers() > 2);
    const before = timers();
    await proxy.close();
    expect(proxy.connections).toBe(0);
    expect(timers()).toBe(before - 2);
    await Promise.all(clients.map(({ ended }) => ended));
    expect(await client(proxy.port).ended).toBe('ECONNREFUSED');
  });

  it('takes no plan after close, and can be closed again', async () => {
    const proxy = await proxyTo(await answering());
    await proxy.close();
    await proxy.close();
    expect(isRingbackError(await proxy.next('pass').catch((error: unknown) => error), 'closed')).toBe(true);
  });

  it('takes calls one after the other that come before the port listens, and each of them ends', async () => {
    const proxy = await proxyTo(await answering());
    await proxy.next('refuse');
    await Promise.all([proxy.next('pass'), proxy.next('refuse')]);
    expect(await client(proxy.port).ended).toBe('ECONNREFUSED');
    await Promise.all([proxy.next('pass'), proxy.next('refuse'), proxy.next('close')]);
    expect(await client(proxy.port).ended).toBe('end');
    await proxy.next('refuse');
    await Promise.all([proxy.next('pass'), proxy.close()]);
    expect(await client(proxy.port).ended).toBe('ECONNREFUSED');
  });

  it('listens again once a port that another had taken is free', async () => {
    const proxy = await proxyTo(await answering());
    await proxy.next('refuse');
    const other = createServer().listen(proxy.port, '127.0.0.1');
    await once(other, 'listening');
    await expect(proxy.next('close')).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await new Promise((resolve) => other.close(resolve));
    await proxy.next('close');
    expect(await client(proxy.port).ended).toBe('end');
  });

  it('closes what comes on top of maxConnections', async () => {
    const proxy = await proxyTo(await answering(), { maxConnections: 1 });
    const first = client(proxy.port);
    first.socket.write('question\n');
    await first.gets(ANSWER.length);
    const second = client(proxy.port);
    expect(await second.ended).toMatch(/end|ECONNRESET/);
    expect(proxy.accepted).toBe(1);
  });

  it('resets its client where nothing listens at the target', async () => {
    const proxy = await proxyTo(await answering());
    const { port } = proxy;
    await proxy.close();
    const toNothing = await faultProxy({ target: { port } });
    onTestFinished(() => toNothing.close());
    expect(await client(toNothing.port).ended).toBe('ECONNRESET');
  });

  it('passes megabytes both ways without keeping them', async () => {
    const bytes = 8 * 2 ** 20;
    const server = createServer((socket) => socket.pipe(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const proxy = await faultProxy({ target: { port: (server.address() as AddressInfo).port } });
    onTestFinished(() => proxy.close());
    const socket = connect(proxy.port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    let got = 0;
    socket.on('data', (chunk) => {
      got += chunk.length;
    });
    socket.end(Buffer.alloc(bytes, 'x'));
    await once(socket, 'end');
    expect(got).toBe(bytes);
  });

  it.each([
    [{}, 'target must be an object of options, got undefined'],
    [{ target: { port: 0 } }, 'target.port must be an integer from 1 to 65535'],
    [{ target: {} }, 'target.port must be an integer from 1 to 65535, got undefined (undefined)'],
    [{ target: { port: 80, host: 'example.com' } }, 'target.host must be an address of the loopback'],
    [{ target: { port: 80, host: '192.0.2.1' } }, 'target.host must be'],
    [{ target: { port: 80 }, maxConnections: 0 }, 'maxConnections must be an integer from 1'],
    [{ target: { port: 80 }, faults: [] }, 'faultProxy has no option "faults"'],
  ])('is refused with wrong options: %j', async (options, says) => {
    const error: unknown = await faultProxy(options as FaultProxyOptions).catch((thrown: unknown) => thrown);
    expect(isRingbackError(error, 'invalid-option')).toBe(true);
    expect(String(error)).toContain(says);
  });
});
