import { createServer } from 'node:http';
import { gzipSync } from 'node:zlib';
import { Headers as UndiciHeaders } from 'undici';
import { describe, expect, it } from 'vitest';
import { type IdempotencyStore, memoryIdempotencyStore, RingbackError, type SignatureScheme } from '../../src/index.js';
import { type ReceivedCallback, receiver } from '../../src/receiver/index.js';
import { jwt, standardWebhooks } from '../../src/signing/index.js';
import { bytesOf, gate, log, post, requestOf, SECRET, scheme, signed, storeWith, URL_OF_HOOKS } from './sender.js';
import { listening } from './servers.js';

describe('a receiver answers', () => {
  it('204 the first time and for duplicates, and runs the handler once', async () => {
    const { send, handled } = post();
    for (let time = 0; time < 3; time++) {
      const answer = await send();
      expect({ status: answer.status, body: await answer.text() }).toEqual({ status: 204, body: '' });
    }
    expect(handled).toEqual(['msg_1']);
  });

  it('with the response of the handler the first time, and 204 to duplicates', async () => {
    const { send } = post({ onCallback: () => Response.json({ queued: true }, { status: 202 }) });
    const first = await send();
    expect({ status: first.status, body: await first.json() }).toEqual({ status: 202, body: { queued: true } });
    const second = await send();
    expect({ status: second.status, body: await second.text() }).toEqual({ status: 204, body: '' });
  });

  it('with what the handler fetched, and without the encoding that is off it already', async () => {
    const upstream = await listening(
      createServer((_, response) => {
        response.writeHead(200, { 'content-encoding': 'gzip', 'x-upstream': '1' }).end(gzipSync('fetched'));
      }).listen(0, '127.0.0.1'),
    );
    const { send } = post({ onCallback: () => fetch(upstream.url) });
    const answer = await send();
    await upstream.close();
    expect([answer.status, answer.headers.get('content-encoding'), answer.headers.get('x-upstream')]).toEqual([200, null, '1']);
    expect(await answer.text()).toBe('fetched');
  });

  it('with a body that the handler encoded itself, as it says', async () => {
    const body = gzipSync('its own');
    const { send } = post({ onCallback: () => new Response(body, { headers: { 'content-encoding': 'gzip' } }) });
    const answer = await send();
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(body);
  });

  it('405 to other methods, and says which is allowed', async () => {
    const { receive, handled } = post();
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']) {
      const answer = await receive(new Request(URL_OF_HOOKS, { method }));
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
    }
    expect(handled).toEqual([]);
  });

  it('401 to a callback without a signature, and to one with another secret', async () => {
    const { receive, send, handled } = post();
    const bare = await receive(new Request(URL_OF_HOOKS, { method: 'POST', body: '{}' }));
    const forged = await send({ secret: `whsec_${Buffer.alloc(32, 'forged').toString('base64')}` });
    for (const answer of [bare, forged]) {
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe('Signature');
      expect(await answer.text()).toBe('the callback has no valid signature');
    }
    expect(handled).toEqual([]);
  });

  it('401 to a stale signature, both ways, by its own clock', async () => {
    const { clock, send, handled } = post();
    expect((await send({ timestampMs: clock.now() - 301_000 })).status).toBe(401);
    expect((await send({ timestampMs: clock.now() + 301_000 })).status).toBe(401);
    expect((await send({ timestampMs: clock.now() - 299_000 })).status).toBe(204);
    expect(handled).toEqual(['msg_1']);
  });

  it('to a message that is sent again by whoever heard it: within the tolerance a duplicate, after it 401', async () => {
    const { clock, receive, handled } = post();
    const heard = await requestOf({ timestampMs: clock.now() });
    const again = (): Request => new Request(heard.clone());
    expect((await receive(again())).status).toBe(204);
    expect((await receive(again())).status).toBe(204);
    await clock.advance(301_000);
    expect((await receive(again())).status).toBe(401);
    expect(handled).toEqual(['msg_1']);
  });

  it('409 with Retry-After while the callback is in flight', async () => {
    const end = gate();
    const { send, handled } = post({ onCallback: () => end.passed });
    const first = send();
    const second = await send();
    expect([second.status, second.headers.get('retry-after')]).toEqual([409, '5']);
    end.open();
    expect((await first).status).toBe(204);
    expect((await send()).status).toBe(204);
    expect(handled).toEqual(['msg_1']);
  });

  it('409 with a Retry-After that is no longer than what is left of the lease', async () => {
    const { send } = post({ leaseMs: 1_500, onCallback: () => new Promise(() => {}) });
    void send();
    const second = await send();
    expect([second.status, second.headers.get('retry-after')]).toEqual([409, '2']);
  });

  it('422 to the same id with another payload, in flight and completed', async () => {
    const end = gate();
    const { send, handled } = post({ onCallback: () => end.passed });
    const first = send();
    expect((await send({ body: '{"n":2}' })).status).toBe(422);
    end.open();
    await first;
    expect((await send({ body: '{"n":2}' })).status).toBe(422);
    expect((await send()).status).toBe(204);
    expect(handled).toEqual(['msg_1']);
  });

  it('500 when the handler throws, with the claim released, so that a retry runs it again', async () => {
    let runs = 0;
    const { send, log } = post({
      onCallback: () => {
        if (++runs === 1) throw new Error('password=hunter2');
      },
    });
    const first = await send();
    expect(first.status).toBe(500);
    expect(await first.text()).toBe('the callback could not be handled');
    expect((await send()).status).toBe(204);
    expect(runs).toBe(2);
    expect(log.lines.map(({ level, fields }) => [level, fields.reason, (fields.error as Error).message])).toEqual([
      ['error', 'the handler threw', 'password=hunter2'],
    ]);
  });

  it.each([
    ['ok', 'a string of 2 characters'],
    [{ ok: true }, '[object Object] (object)'],
    [null, 'null'],
  ])('500 when the handler returns %j, and the log says so, not that it threw', async (answer, shown) => {
    const answers: unknown[] = [answer];
    const { send, log } = post({ onCallback: () => answers.shift() as Response });
    expect((await send()).status).toBe(500);
    expect((await send()).status).toBe(204);
    const reason = `the handler returned what is no answer: it must be a Response or nothing, got ${shown}`;
    expect(log.lines.map(({ level, fields }) => [level, fields.reason, fields.error])).toEqual([['error', reason, undefined]]);
  });

  it('500 when an async handler rejects, or gives what is no response', async () => {
    const results = [Promise.reject(new Error('down')), Promise.resolve({ status: 200 } as unknown as Response), undefined];
    const { send } = post({ onCallback: () => results.shift() as Promise<Response> });
    expect((await send()).status).toBe(500);
    expect((await send()).status).toBe(500);
    expect((await send()).status).toBe(204);
  });

  it('with a response of the handler that is no 2xx as it is, and the claim released', async () => {
    const statuses = [503, 429, 302, 410, 200];
    const { send, handled } = post({
      onCallback: () => new Response('later', { status: statuses.shift() ?? 500, headers: { 'retry-after': '9' } }),
    });
    for (const status of [503, 429, 302, 410, 200]) {
      const answer = await send();
      expect([answer.status, answer.headers.get('retry-after'), await answer.text()]).toEqual([status, '9', 'later']);
    }
    expect((await send()).status).toBe(204);
    expect(handled).toHaveLength(5);
  });

  it('again after ttlMs, as the id is forgotten then', async () => {
    const { clock, send, handled } = post({ ttlMs: 600_000 });
    await send();
    await clock.advance(599_999);
    await send();
    await clock.advance(1);
    await send();
    expect(handled).toEqual(['msg_1', 'msg_1']);
  });

  it('for seven days as a duplicate, as no sender retries longer', async () => {
    const { clock, send, handled } = post();
    await send();
    await clock.advance(7 * 86_400_000 - 1);
    await send();
    expect(handled).toEqual(['msg_1']);
  });
});

describe('the handler is given', () => {
  it('id, time, headers, URL, bytes and JSON, also when they are taken apart', async () => {
    let given: ReceivedCallback | undefined;
    let read: unknown;
    const { clock, send } = post({
      onCallback: (callback) => {
        given = callback;
        const { json } = callback;
        read = json<{ n: number }>().n;
      },
    });
    await send({ headers: { 'x-tenant': 'one' } });
    expect(given?.id).toBe('msg_1');
    expect(given?.timestampMs).toBe(clock.now());
    expect(given?.headers.get('x-tenant')).toBe('one');
    expect(given?.url).toBe(URL_OF_HOOKS);
    expect(given?.body).toEqual(bytesOf('{"n":1}'));
    expect(given?.signal.aborted).toBe(false);
    expect(read).toBe(1);
  });

  it("headers of a class of the server's own, such as undici's, which are not the platform's", async () => {
    let tenant: string | null | undefined;
    const { clock, receive } = post({
      onCallback: ({ headers }) => {
        tenant = headers.get('x-tenant');
      },
    });
    const headers = new UndiciHeaders(await signed({ timestampMs: clock.now(), headers: { 'x-tenant': 'one' } }));
    expect(headers).not.toBeInstanceOf(Headers);
    const answer = await receive.handle({ method: 'POST', headers: headers as never, body: bytesOf('{"n":1}') });
    expect([answer.status, tenant]).toEqual([204, 'one']);
  });

  it('a body that is empty, and one that is no UTF-8, as it is', async () => {
    const bodies: Uint8Array[] = [];
    const { send } = post({ onCallback: ({ body }) => void bodies.push(body) });
    expect((await send({ id: 'empty', body: '' })).status).toBe(204);
    expect((await send({ id: 'binary', body: new Uint8Array([0xff, 0x00, 0xfe]) })).status).toBe(204);
    expect(bodies.map((body) => [...body])).toEqual([[], [0xff, 0x00, 0xfe]]);
  });

  it('a json() that throws what the sender is told as 400, when the handler lets it through', async () => {
    const { send, log } = post({ onCallback: ({ json }) => void json() });
    for (const body of ['{"n":', '', new Uint8Array([0x22, 0xff, 0x22])]) {
      expect((await send({ body })).status).toBe(400);
      expect(log.lines.at(-1)?.fields.error).toMatchObject({ code: 'invalid-callback' });
    }
  });

  it('but an invalid-callback of its own, which a handler that sends may let through, stays 500', async () => {
    const { send } = post({
      onCallback: () => {
        throw new RingbackError('invalid-callback', 'mine');
      },
    });
    expect((await send()).status).toBe(500);
  });
});

describe('replay', () => {
  const answering = (make: () => Response) => post({ replay: true, onCallback: make });

  it('gives the answer of the first run to duplicates: status, headers and body', async () => {
    const { send, handled } = answering(
      () => new Response(new Uint8Array([1, 0x0a, 255]), { status: 201, headers: { 'x-run': '1', 'content-type': 'a/b' } }),
    );
    for (let time = 0; time < 3; time++) {
      const answer = await send();
      expect([answer.status, answer.headers.get('x-run'), answer.headers.get('content-type')]).toEqual([201, '1', 'a/b']);
      expect([...new Uint8Array(await answer.arrayBuffer())]).toEqual([1, 0x0a, 255]);
    }
    expect(handled).toEqual(['msg_1']);
  });

  it('gives 204 again where the handler gave nothing', async () => {
    const { send } = post({ replay: true });
    expect([(await send()).status, (await send()).status]).toEqual([204, 204]);
  });

  it('keeps no cookie, and no header of a connection', async () => {
    const { send } = answering(() => new Response('x', { headers: { 'set-cookie': 'a=1', connection: 'close', 'x-a': '1' } }));
    const first = await send();
    expect([first.headers.get('set-cookie'), first.headers.get('connection')]).toEqual(['a=1', null]);
    const second = await send();
    expect([second.headers.get('set-cookie'), second.headers.get('connection'), second.headers.get('x-a')]).toEqual([
      null,
      null,
      '1',
    ]);
  });

  it('leaves out a body over 64 KiB, says so in the log, and still counts the callback as handled', async () => {
    const { send, handled, log } = answering(() => new Response(new Uint8Array(65_537), { status: 201 }));
    for (let time = 0; time < 2; time++) {
      const answer = await send();
      expect([answer.status, (await answer.arrayBuffer()).byteLength]).toEqual([201, 0]);
    }
    expect(handled).toHaveLength(1);
    expect(log.lines.map(({ level, message }) => [level, message])).toEqual([
      ['error', 'the answer of a callback handler was too large, and went out without its body'],
    ]);
    const whole = await answering(() => new Response(new Uint8Array(65_536))).send();
    expect((await whole.arrayBuffer()).byteLength).toBe(65_536);
  });

  it('answers 204 to a duplicate whose first answer was not kept, or is not to be read', async () => {
    const results = [new Uint8Array(), bytesOf('no json\n'), bytesOf('[1,[]]\n')];
    const store = storeWith({
      claim: (_, { fingerprint }) => ({ state: 'completed', fingerprint, result: results.shift() ?? new Uint8Array() }),
    });
    const again = post({ replay: true, store });
    for (let time = 0; time < 3; time++) expect((await again.send()).status).toBe(204);
    expect(again.handled).toEqual([]);
  });
});

describe('what proves a message', () => {
  const OTHER = standardWebhooks({ secrets: [`whsec_${Buffer.alloc(32, 'other').toString('base64')}`], headerPrefix: 'svix-' });
  const failing = (error: unknown): SignatureScheme => ({
    name: 'failing',
    sign: () => ({}),
    verify: () => {
      throw error;
    },
  });

  it('is any of several schemes, so that a sender can migrate', async () => {
    const { send, handled } = post({ signature: [OTHER, scheme] });
    expect((await send()).status).toBe(204);
    expect(handled).toEqual(['msg_1']);
  });

  it('is none of them: 401; while one can not look its secrets up: 503', async () => {
    expect((await post({ signature: [OTHER, OTHER] }).send()).status).toBe(401);
    const unavailable = failing(new RingbackError('secrets-unavailable', 'vault is down'));
    for (const signature of [
      [unavailable, OTHER],
      [OTHER, unavailable],
    ]) {
      const answer = await post({ signature }).send();
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    }
    expect((await post({ signature: [unavailable, scheme] }).send()).status).toBe(204);
  });

  it('fails closed when the lookup of secrets fails: 503, and the log says why', async () => {
    const { send, handled, log } = post({
      signature: standardWebhooks({
        secrets: {
          keyOfReceived: () => 'tenant',
          load: async () => {
            throw new Error('vault is down');
          },
        },
      }),
    });
    const answer = await send();
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await answer.text()).not.toContain('vault');
    expect(handled).toEqual([]);
    expect(log.lines[0]).toMatchObject({ level: 'error', fields: { error: { code: 'secrets-unavailable' } } });
  });

  it('fails closed when a scheme throws anything else, or vouches for nothing: 500', async () => {
    for (const signature of [failing(new TypeError('x')), failing(null), { ...scheme, verify: () => undefined as never }]) {
      const { send, handled } = post({ signature });
      expect((await send()).status).toBe(500);
      expect(handled).toEqual([]);
    }
  });

  it('is waited for no longer than 10 s: then 503', async () => {
    const { clock, send } = post({ signature: { ...scheme, verify: () => new Promise(() => {}) } });
    const answer = send();
    await clock.advance(10_000);
    expect((await answer).status).toBe(503);
    expect(clock.timers).toBe(0);
  });

  it('sees the URL that senders call, when origin says it', async () => {
    const seen: unknown[] = [];
    const signature: SignatureScheme = {
      ...scheme,
      verify: (received) => {
        seen.push(received.method, received.url);
        return { id: 'a' };
      },
    };
    const request = () => new Request('http://10.0.0.7:8080/hooks?b=2&a=%20', { method: 'POST', body: '{}' });
    await receiver({ signature, store: memoryIdempotencyStore(), onCallback: () => {} })(request());
    const origin = 'https://api.example';
    const behindProxy = receiver({ signature, store: memoryIdempotencyStore(), onCallback: () => {}, origin });
    await behindProxy(request());
    await behindProxy.handle({ method: 'POST', url: '//evil.example/x', headers: {}, body: null });
    await behindProxy.handle({ method: 'POST', headers: {}, body: null });
    await behindProxy.handle({ method: 'POST', url: '*', headers: {}, body: null });
    expect(seen.filter((_, index) => index % 2 === 1)).toEqual([
      'http://10.0.0.7:8080/hooks?b=2&a=%20',
      'https://api.example/hooks?b=2&a=%20',
      'https://api.example//evil.example/x',
      undefined,
      'https://api.example',
    ]);
  });
});

describe('a message that was signed for the host of another receiver', () => {
  const secrets = [{ alg: 'HS256', key: SECRET }] as const;
  const signature = jwt({ issuer: 'https://billing.example', secrets });
  const other = 'https://other.example/hooks';

  it('is refused where origin says who this one is, whatever host the request names', async () => {
    const { clock, receive, handled } = post({ signature, origin: 'https://api.example' });
    const message = { id: 'msg_1', timestampMs: clock.now(), to: other, method: 'POST', headers: {}, body: bytesOf('{"n":1}') };
    const request = { method: 'POST', url: other, headers: await signature.sign(message), body: message.body };
    expect((await receive.handle(request)).status).toBe(401);
    expect(handled).toEqual([]);
  });
});

describe('the id', () => {
  const noId: SignatureScheme = { name: 'no-id', sign: () => ({}), verify: () => ({}) };

  it('is what idOf says, where the scheme vouches for none', async () => {
    const { send, handled } = post({
      signature: noId,
      idOf: ({ body }) => (JSON.parse(new TextDecoder().decode(body)) as { n: number }).n.toString(),
    });
    await send({ body: '{"n":7}' });
    await send({ body: '{"n":8}' });
    await send({ body: '{"n":7}' });
    expect(handled).toEqual(['7', '8']);
  });

  it('is needed: without one the receiver fails closed, and the log says what to change', async () => {
    const { send, handled, log } = post({ signature: noId });
    expect((await send()).status).toBe(500);
    expect(handled).toEqual([]);
    expect(log.lines[0]?.level).toBe('error');
    expect(log.lines[0]?.fields.reason).toBe('the signature scheme vouches for no id: give the receiver an idOf, which tells it');
  });

  it('of two tenants can be kept apart by idOf, as each can sign any id', async () => {
    const { send, handled } = post({ idOf: ({ headers }, { id }) => `${(headers as Headers).get('x-tenant')}/${id}` });
    await send({ headers: { 'x-tenant': 'one' } });
    await send({ headers: { 'x-tenant': 'two' } });
    expect(handled).toEqual(['one/msg_1', 'two/msg_1']);
  });

  it('of two receivers on one store is kept apart by their names', async () => {
    const store = memoryIdempotencyStore();
    const [one, two] = [post({ store, name: 'one' }), post({ store, name: 'two' })];
    await one.send();
    await two.send();
    await two.send();
    expect([one.handled, two.handled]).toEqual([['msg_1'], ['msg_1']]);
  });

  it('and the name make a key that no other name and id make', async () => {
    const keys: string[] = [];
    const memory = memoryIdempotencyStore();
    const claim: IdempotencyStore['claim'] = (key, request) => {
      keys.push(key);
      return memory.claim(key, request);
    };
    const store = storeWith({ claim }, memory);
    for (const [name, id] of [
      ['a', 'b:c'],
      ['a.b', 'c'],
      ['a', 'b.c'],
    ] as const) {
      await post({ store, name, signature: noId, idOf: () => id }).send();
    }
    expect(keys).toEqual(['a:b:c', 'a.b:c', 'a:b.c']);
  });
});

describe('the log', () => {
  it('has no secret, no signature and no body in it, whatever is refused', async () => {
    const { send, receive, log } = post();
    await send({ secret: `whsec_${Buffer.alloc(32, 'forged').toString('base64')}`, body: '{"card":"4242"}' });
    await receive(
      new Request(URL_OF_HOOKS, { method: 'POST', headers: { 'webhook-signature': 'v1,c2VjcmV0' }, body: '{"card":"4242"}' }),
    );
    expect(log.lines.length).toBe(2);
    const text = JSON.stringify(log.lines.map(({ fields }) => [fields, String(fields.error)]));
    for (const secret of [SECRET, '4242', 'c2VjcmV0', 'whsec_']) expect(text).not.toContain(secret);
  });

  it('may throw: the sender is answered all the same', async () => {
    const broken = () => {
      throw new Error('disk full');
    };
    const logger = { ...log(), warn: broken, error: broken };
    expect((await post({ logger }).send({ timestampMs: 0 })).status).toBe(401);
  });
});
