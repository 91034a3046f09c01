import { setImmediate } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Answer } from '../../../src/callback.js';
import type { Fetch } from '../../../src/transports/fetch/index.js';
import { message } from '../http/receiver.js';
import { PUBLIC, sendBy } from './lab.js';

const NO_MORE = { done: true };
const chunk = (value: unknown) => ({ done: false, value });

/** A body that gives these reads, then the last of them again and again. It fails what reads on for ever. */
function bodyOf(reads: readonly unknown[], cancel: () => unknown = async () => {}) {
  let calls = 0;
  const read = async () => {
    if (calls === 1_000_000) throw new RangeError('read on for ever');
    return reads[Math.min(calls++, reads.length - 1)];
  };
  return { getReader: () => ({ read, cancel }) };
}

/** A `fetch` that answers with what no platform's would. */
const answering = (fetched: object) =>
  (async () => ({ status: 200, headers: new Headers(), body: null, ...fetched })) as unknown as Fetch;

const sendTo = (fetched: object): Promise<Answer> => sendBy(answering(fetched), { maxResponseBytes: 4 });

const CANCELS: [string, () => unknown][] = [
  [
    'throws at once',
    () => {
      throw new Error('no cancelling here');
    },
  ],
  ['gives no promise', () => undefined],
  ['rejects', () => Promise.reject(new Error('no cancelling here'))],
];

describe.each(CANCELS)('a body whose cancel() %s', (_how, cancel) => {
  it('throws nothing out of the listener of an abort, which would end the process', async () => {
    const uncaught: unknown[] = [];
    const keep = (error: unknown) => void uncaught.push(error);
    process.on('uncaughtException', keep);
    onTestFinished(() => void process.off('uncaughtException', keep));
    const [controller, reading, ended] = [new AbortController(), Promise.withResolvers<void>(), Promise.withResolvers()];
    const read = () => {
      reading.resolve();
      return ended.promise;
    };
    const getReader = () => ({ read, cancel });
    const sending = sendBy(answering({ body: { getReader } }), {}, message(PUBLIC), controller.signal);
    await reading.promise;
    controller.abort(new Error('time is up'));
    ended.resolve(NO_MORE);
    await expect(sending).rejects.toThrow('time is up');
    await setImmediate();
    expect(uncaught).toEqual([]);
  });

  it('leaves a 200 whose body is past the cap delivered', async () => {
    const { outcome, response } = await sendTo({ body: bodyOf([chunk(new Uint8Array(9))], cancel) });
    expect(outcome).toEqual({ kind: 'delivered', status: 200 });
    expect([response?.body.length, response?.truncated]).toEqual([4, true]);
  });

  it('leaves a followed redirect its reason', async () => {
    const { outcome } = await sendTo({ redirected: true, body: bodyOf([NO_MORE], cancel) });
    expect(outcome).toEqual({ kind: 'failed', reason: 'fetch followed a redirect though told not to' });
  });
});

describe('a followed redirect', () => {
  it('keeps its reason where the body can not be had', async () => {
    const getReader = () => {
      throw new TypeError('locked');
    };
    const { outcome } = await sendTo({ redirected: true, body: { getReader } });
    expect(outcome).toEqual({ kind: 'failed', reason: 'fetch followed a redirect though told not to' });
  });
});

describe('a body', () => {
  it('of endless empty chunks is a failure, and does not block the event loop', async () => {
    const cancel = vi.fn();
    const { outcome } = await sendTo({ body: bodyOf([chunk(new Uint8Array(0))], cancel) });
    expect(outcome).toEqual({ kind: 'failed', reason: 'the body of the answer came in more than 10000 empty chunks' });
    expect(cancel).toHaveBeenCalledOnce();
  });

  it('with some empty chunks is read', async () => {
    const empty = Array.from({ length: 10_000 }, () => chunk(new Uint8Array(0)));
    const { outcome, response } = await sendTo({ body: bodyOf([...empty, chunk(Uint8Array.of(1, 2)), NO_MORE]) });
    expect(outcome).toEqual({ kind: 'delivered', status: 200 });
    expect(response?.body).toEqual(Uint8Array.of(1, 2));
  });

  it.each([
    ['a typed array but no Uint8Array', Uint16Array.of(0x0102)],
    ['a DataView', new DataView(new ArrayBuffer(2))],
    ['an array', [1, 2]],
    ['text', 'ok'],
    ['nothing', undefined],
  ])('with a chunk that is %s is a failure, not kept with its values cut', async (_what, value) => {
    const cancel = vi.fn();
    const { outcome, response } = await sendTo({ body: bodyOf([chunk(value), NO_MORE], cancel) });
    expect(outcome).toEqual({ kind: 'failed', reason: 'the body of the answer had a chunk that is no Uint8Array' });
    expect(response).toBeUndefined();
    expect(cancel).toHaveBeenCalledOnce();
  });

  it('of Buffers, which are Uint8Arrays, is read', async () => {
    const { response } = await sendTo({ body: bodyOf([chunk(Buffer.from('ok')), NO_MORE]) });
    expect(response?.body).toEqual(Uint8Array.from(Buffer.from('ok')));
  });

  it("of another realm's Uint8Arrays, as test runners and sandboxes have, is read", async () => {
    const { response } = await sendTo({ body: bodyOf([chunk(runInNewContext('Uint8Array.of(1, 2)')), NO_MORE]) });
    expect(response?.body).toEqual(Uint8Array.of(1, 2));
  });
});

describe('a status', () => {
  it.each(['200', 200.5, Number.NaN, 99_999, 600, 99, 0, -200, null, undefined])(
    'that is no integer from 100 to 599 is a failure: %s',
    async (status) => {
      const cancel = vi.fn();
      const classify = vi.fn();
      const { outcome } = await sendBy(answering({ status, body: bodyOf([NO_MORE], cancel) }), { classify });
      expect(outcome).toEqual({ kind: 'failed', reason: 'fetch gave a status that is no integer from 100 to 599' });
      expect(classify).not.toHaveBeenCalled();
      expect(cancel).toHaveBeenCalledOnce();
    },
  );

  it('of 0 that hides a redirect is told as a redirect', async () => {
    const { outcome } = await sendTo({ status: 0, type: 'opaqueredirect' });
    expect(outcome).toEqual({ kind: 'failed', reason: 'answered with a redirect that was not followed' });
  });

  it.each([100, 599])('of %i is one', async (status) => {
    expect((await sendTo({ status })).outcome).toMatchObject({ kind: 'failed', status });
  });
});

describe('send resolves with an outcome, and does not reject,', () => {
  it.each([
    [503, 'retry-after', 120],
    [503, 'date', undefined],
    [200, 'x-request-id', null],
    [307, 'location', {}],
    [200, 7, 'a name that is no text'],
  ])('where an answer of %i has a header %s whose value is %s, no text', async (status, name, value) => {
    const cancel = vi.fn();
    const headers = { forEach: (each: (value: unknown, name: unknown) => void) => each(value, name) };
    const { outcome } = await sendTo({ status, headers, body: bodyOf([NO_MORE], cancel) });
    expect(outcome).toEqual({ kind: 'failed', reason: 'the answer has a header that is no text' });
    expect(cancel).toHaveBeenCalledOnce();
  });

  it.each(['code', 'name', 'cause'])('where what fetch throws throws itself when asked for its %s', async (property) => {
    const thrown = Object.defineProperty({}, property, {
      get: () => {
        throw new Error('canary');
      },
    });
    expect((await sendBy(() => Promise.reject(thrown))).outcome).toEqual({ kind: 'failed', reason: 'fetch threw' });
  });
});
