import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SignatureScheme } from '../../src/index.js';
import { gate, post, requestOf, signed, URL_OF_HOOKS } from './sender.js';

/** A scheme that takes the id from a header as it is: ids that no careful scheme would vouch for. */
const anyId = (id: unknown): SignatureScheme => ({ name: 'any-id', sign: () => ({}), verify: () => ({ id: id as string }) });

describe('bad input', () => {
  it('a tampered body, id, timestamp or signature: 401', async () => {
    const { clock, receive, handled } = post();
    const headers = await signed({ timestampMs: clock.now() });
    const send = (changed: Record<string, string>, body = '{"n":1}') =>
      receive(new Request(URL_OF_HOOKS, { method: 'POST', headers: { ...headers, ...changed }, body }));
    const signature = String(headers['webhook-signature']);
    const answers = [
      await send({}, '{"n":2}'),
      await send({}, ''),
      await send({ 'webhook-id': 'msg_2' }),
      await send({ 'webhook-id': '' }),
      await send({ 'webhook-timestamp': String(clock.now() / 1_000 + 1) }),
      await send({ 'webhook-timestamp': `${headers['webhook-timestamp']}abc` }),
      await send({ 'webhook-timestamp': '-1' }),
      await send({ 'webhook-signature': signature.slice(0, -4) }),
      await send({ 'webhook-signature': `${signature}AAAA` }),
      await send({ 'webhook-signature': 'x'.repeat(10_000) }),
      await send({ 'webhook-signature': signature.toLowerCase() }),
    ];
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 401));
    expect(handled).toEqual([]);
  });

  it('an id that is empty, over 256 characters, no text, or no well-formed text: 400', async () => {
    for (const id of ['', 'x'.repeat(257), 'x'.repeat(300), 'a\0b', 'a\ud800', 7, null, {}]) {
      const { send, handled, log } = post({ signature: anyId(id) });
      const answer = await send();
      expect([answer.status, await answer.text()]).toEqual([400, 'the callback is malformed']);
      expect(handled).toEqual([]);
      expect(log.lines[0]?.fields.reason).toMatch(/^the id must /);
    }
  });

  it('an idOf that throws or gives nothing: 400, and the log has why', async () => {
    for (const idOf of [() => JSON.parse('{'), () => undefined as never, () => '']) {
      const { send, handled, log } = post({ idOf });
      expect((await send()).status).toBe(400);
      expect([handled.length, log.lines.length]).toEqual([0, 1]);
    }
  });

  it('ids of 256 characters, with separators, unicode and line breaks are told apart', async () => {
    const ids = [
      'x'.repeat(256),
      'x'.repeat(255),
      'a:b',
      'a/b',
      'a b',
      'a\nb',
      'a\r\nb',
      'é',
      'e\u0301',
      '🪃',
      "';--",
      '{a}',
      '*',
    ];
    const { send, handled } = post({
      signature: anyId('unused'),
      idOf: ({ headers }) => ids[Number((headers as Headers).get('x-n'))] as string,
    });
    for (let time = 0; time < 2; time++) {
      for (const [index] of ids.entries()) expect((await send({ headers: { 'x-n': String(index) } })).status).toBe(204);
    }
    expect(handled).toEqual(ids);
  });

  it('headers that no server lets through: 400', async () => {
    const { receive } = post();
    const headers = { 'a b': 'x' };
    expect((await receive.handle({ method: 'POST', headers, body: null })).status).toBe(400);
  });

  it('a body that is no stream of bytes: 500, as something has decoded it', async () => {
    const { receive, handled } = post();
    async function* text() {
      yield '{"n":1}';
    }
    expect((await receive.handle({ method: 'POST', headers: await signed(), body: text() })).status).toBe(500);
    expect(handled).toEqual([]);
  });

  it('a body that is text, or that a parser made: 500, and the log says what it must be', async () => {
    for (const body of ['{"n":1}', { n: 1 }, [1, 2], 7, new ArrayBuffer(7)]) {
      const { receive, handled, log } = post();
      const answer = await receive.handle({ method: 'POST', headers: await signed(), body: body as never });
      expect([answer.status, handled.length]).toEqual([500, 0]);
      expect(log.lines[0]?.fields.reason).toMatch(/^the body must be bytes or a stream of them, got (string|object|number):/);
    }
  });

  it('a stream over the cap that fails to be left: 413 all the same', async () => {
    const { receive } = post({ maxBytes: 3 });
    for (const left of [() => ({ done: true }), () => Promise.reject(new Error('late')), () => JSON.parse('{')]) {
      const iterator = { next: async () => ({ done: false, value: new Uint8Array(4) }), return: left };
      const body = { [Symbol.asyncIterator]: () => iterator } as never;
      expect((await receive.handle({ method: 'POST', headers: {}, body })).status).toBe(413);
    }
  });

  it('a body that trickles: 408 after 30 s, and its stream is left', async () => {
    const { clock, receive } = post();
    const more = gate();
    let isLeft = false;
    async function* trickle() {
      try {
        yield new Uint8Array([1]);
        await more.passed;
        yield new Uint8Array([2]);
      } finally {
        isLeft = true;
      }
    }
    const answer = receive.handle({ method: 'POST', headers: {}, body: trickle() });
    await clock.advance(30_000);
    expect((await answer).status).toBe(408);
    expect(clock.timers).toBe(0);
    more.open();
    await clock.advance(0);
    expect(isLeft).toBe(true);
  });

  it('a stream over the cap is cancelled, not drained', async () => {
    const { receive } = post({ maxBytes: 1_000 });
    let pulled = 0;
    let isCancelled = false;
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(400).fill(++pulled)),
      cancel: () => {
        isCancelled = true;
      },
    });
    const request = new Request(URL_OF_HOOKS, { method: 'POST', body, duplex: 'half' });
    expect((await receive(request)).status).toBe(413);
    expect(isCancelled).toBe(true);
    expect(pulled).toBeLessThan(6);
  });

  it('whatever is sent is answered, and never rejects', async () => {
    const { receive } = post();
    const anyHeaders = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.array(fc.string()), fc.constant(undefined)));
    const headerNames = fc.constantFrom('webhook-id', 'webhook-timestamp', 'webhook-signature', 'content-length');
    const likely = fc.dictionary(headerNames, fc.oneof(fc.string(), fc.nat().map(String)));
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string(), fc.constant('POST')),
        fc.option(fc.string(), { nil: undefined }),
        fc.oneof(anyHeaders, likely),
        fc.uint8Array(),
        async (method, url, headers, body) => {
          const { status } = await receive.handle({ method, url, headers, body });
          expect([400, 401, 405, 413]).toContain(status);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('a genuine message whose bytes were mutated never reaches the handler', async () => {
    const { clock, receive, handled } = post();
    const request = await requestOf({ timestampMs: clock.now() });
    const headers = Object.fromEntries(request.headers);
    const genuine = new TextEncoder().encode('{"n":1}');
    await fc.assert(
      fc.asyncProperty(fc.nat(genuine.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const body = genuine.slice();
        body[at] = (body[at] as number) ^ mask;
        expect((await receive.handle({ method: 'POST', headers, body })).status).toBe(401);
      }),
      { numRuns: 500 },
    );
    expect(handled).toEqual([]);
  });
});
