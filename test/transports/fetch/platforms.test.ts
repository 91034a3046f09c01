import { describe, expect, it } from 'vitest';
import { createRingback, type DeliveryError } from '../../../src/index.js';
import { fakeClock } from '../../../src/testing/fake-clock.js';
import { fetchTransport } from '../../../src/transports/fetch/index.js';
import { message } from '../http/receiver.js';
import { mockFetch, PUBLIC, sendBy } from './lab.js';

/** A body of a stream, with what becomes of it. */
function watchedBody(chunks: readonly Uint8Array[], more: () => Promise<void> = async () => {}) {
  const state = { cancelled: false, pulls: 0 };
  const left = [...chunks];
  const body = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        state.pulls++;
        const chunk = left.shift();
        if (chunk !== undefined) return controller.enqueue(chunk);
        await more();
        controller.close();
      },
      cancel: () => {
        state.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { body, state };
}

const never = (): Promise<void> => new Promise(() => {});
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe('redirects on other platforms', () => {
  it('that a browser hides are failures that say so', async () => {
    // What browsers give for a redirect under `manual`: no status, no headers, no body.
    const hidden = Object.defineProperties(new Response(null), {
      type: { value: 'opaqueredirect' },
      status: { value: 0 },
    });
    const { fetch } = mockFetch(() => hidden);
    const classify = () => 'delivered' as const;
    expect(await sendBy(fetch, { classify })).toEqual({
      outcome: { kind: 'failed', reason: 'answered with a redirect that was not followed' },
    });
  });

  it('that a fetch followed against its orders are failures, and their answer is let go', async () => {
    const { body, state } = watchedBody([bytes(1)], never);
    const followed = Object.defineProperty(new Response(body), 'redirected', { value: true });
    const { fetch, calls } = mockFetch(() => followed);
    expect(await sendBy(fetch)).toEqual({
      outcome: { kind: 'failed', reason: 'fetch followed a redirect though told not to' },
    });
    expect(calls[0]?.init.redirect).toBe('manual');
    expect(state.cancelled).toBe(true);
  });
});

describe('bodies on other platforms', () => {
  it('are read chunk by chunk, empty ones among them, and no further than the cap', async () => {
    const { body, state } = watchedBody([bytes(1, 2), bytes(), bytes(3), bytes(4, 5), bytes(6)], never);
    const { fetch } = mockFetch(() => new Response(body));
    const { response } = await sendBy(fetch, { maxResponseBytes: 4 });
    expect([[...(response?.body ?? [])], response?.truncated]).toEqual([[1, 2, 3, 4], true]);
    expect(state).toEqual({ cancelled: true, pulls: 4 });
  });

  it('of just the cap are whole', async () => {
    const { body, state } = watchedBody([bytes(1, 2), bytes(3, 4)]);
    const { fetch } = mockFetch(() => new Response(body));
    const { response } = await sendBy(fetch, { maxResponseBytes: 4 });
    expect([[...(response?.body ?? [])], response?.truncated, state.cancelled]).toEqual([[1, 2, 3, 4], false, false]);
  });

  it('in a great many parts are kept in the order they came', async () => {
    const parts = Array.from({ length: 1_000 }, (_, index) => bytes(index & 255, (index * 7) & 255));
    const { body } = watchedBody(parts);
    const { fetch } = mockFetch(() => new Response(body));
    const { response } = await sendBy(fetch);
    expect([...(response?.body ?? [])]).toEqual(parts.flatMap((part) => [...part]));
    expect(response?.body.buffer.byteLength).toBe(2_000);
  });

  it.each([null, undefined])('may be missing (%s)', async (body) => {
    const fetch = async () => ({ status: 204, headers: new Headers(), body }) as never;
    expect(await sendBy(fetch)).toMatchObject({ outcome: { kind: 'delivered' }, response: { truncated: false, body: bytes() } });
  });

  it('whose cancelling fails are let go all the same', async () => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(bytes(1, 2)),
      cancel: () => Promise.reject(new Error('no')),
    });
    const { fetch } = mockFetch(() => new Response(body));
    expect((await sendBy(fetch, { maxResponseBytes: 1 })).response?.truncated).toBe(true);
  });
});

describe('headers on other platforms', () => {
  it('may be a Map, with names in any case', async () => {
    const headers = new Map([['Retry-After', '3']]);
    const fetch = async () => ({ status: 429, headers, body: null });
    expect((await sendBy(fetch)).outcome).toMatchObject({ kind: 'overloaded', retryAfterMs: 3_000 });
  });

  it('named as what objects have are kept as headers', async () => {
    const headers = new Headers([['__proto__', 'x']]);
    const fetch = async () => ({ status: 200, headers, body: null });
    expect(Object.entries((await sendBy(fetch)).response?.headers ?? {})).toEqual([['__proto__', 'x']]);
  });
});

describe('what a fetch throws', () => {
  const failing = (error: unknown) => sendBy(() => Promise.reject(error)).then(({ outcome }) => outcome);

  it.each([
    [new TypeError('fetch failed', { cause: Object.assign(new Error(), { code: 'ENOTFOUND' }) }), 'failed', 'host not found'],
    [new TypeError('error sending request for url (https://a.example/?canary)'), 'failed', 'network error'],
    [new TypeError('Load failed'), 'failed', 'network error'],
    [Object.assign(new Error('Was there a typo?'), { code: 'FailedToOpenSocket' }), 'failed', 'network error FailedToOpenSocket'],
    [new DOMException('', 'TimeoutError'), 'timed-out', 'timed out'],
    [new TypeError('url.canary is not a function'), 'failed', 'fetch threw TypeError'],
    [Object.assign(new Error(''), { code: 'canary\nx', name: 'canary\nx' }), 'failed', 'fetch threw'],
    ['canary', 'failed', 'fetch threw'],
    [undefined, 'failed', 'fetch threw'],
  ] as const)('resolves as an outcome with a phrase of ours: %s', async (error, kind, reason) => {
    expect(await failing(error)).toEqual({ kind, reason });
  });

  it('at once, and not as a promise, does so too', async () => {
    const fetch = () => {
      throw new RangeError('a bug');
    };
    expect((await sendBy(fetch)).outcome).toEqual({ kind: 'failed', reason: 'fetch threw RangeError' });
  });

  it('as an abort of its own is a failure: nobody of ours cancelled, so it is tried again', async () => {
    expect(await failing(new DOMException('', 'AbortError'))).toEqual({ kind: 'failed', reason: 'fetch aborted by itself' });
  });

  it('where it gives no answer at all is a failure', async () => {
    expect((await sendBy(async () => undefined as never)).outcome).toEqual({ kind: 'failed', reason: 'fetch threw TypeError' });
  });
});

describe('an abort', () => {
  it('before it began calls no fetch', async () => {
    const { fetch, calls } = mockFetch(() => new Response());
    const reason = new Error('gave up');
    await expect(sendBy(fetch, {}, message(PUBLIC), AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(calls).toEqual([]);
  });

  it('reaches the fetch with its reason', async () => {
    const controller = new AbortController();
    const reason = new Error('time is up');
    let seen: unknown;
    const { fetch } = mockFetch(
      ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            seen = signal.reason;
            reject(new Error('another one'));
          });
        }),
    );
    const sending = sendBy(fetch, {}, message(PUBLIC), controller.signal);
    controller.abort(reason);
    await expect(sending).rejects.toBe(reason);
    expect(seen).toBe(reason);
  });

  it('cancels the body of a platform that does not tie it to the signal', async () => {
    const controller = new AbortController();
    const reading = Promise.withResolvers<void>();
    const { body, state } = watchedBody([bytes(1)], () => {
      reading.resolve();
      return never();
    });
    const { fetch } = mockFetch(() => new Response(body));
    const sending = sendBy(fetch, {}, message(PUBLIC), controller.signal);
    await reading.promise;
    controller.abort(new Error('time is up'));
    await expect(sending).rejects.toThrow('time is up');
    expect(state.cancelled).toBe(true);
  });

  it('that a fetch does not heed holds the send until it answers, and its answer is let go', async () => {
    const controller = new AbortController();
    const { body, state } = watchedBody([bytes(1)], never);
    const answer = Promise.withResolvers<Response>();
    const { fetch } = mockFetch(() => answer.promise);
    let ended = false;
    const sending = sendBy(fetch, {}, message(PUBLIC), controller.signal).finally(() => {
      ended = true;
    });
    controller.abort(new Error('time is up'));
    await new Promise(setImmediate);
    expect(ended).toBe(false);
    answer.resolve(new Response(body));
    await expect(sending).rejects.toThrow('time is up');
    expect(state.cancelled).toBe(true);
  });

  it('after the end reaches nobody', async () => {
    const controller = new AbortController();
    const { fetch, calls } = mockFetch(() => new Response());
    await sendBy(fetch, {}, message(PUBLIC), controller.signal);
    controller.abort(new Error('late'));
    expect(calls[0]?.init.signal.aborted).toBe(false);
  });
});

describe('a timeout', () => {
  it('names the phase that it comes in: before the answer, or in its body', async () => {
    const clock = fakeClock();
    const { body } = watchedBody([bytes(1)], never);
    const answers = [never() as Promise<never>, Promise.resolve(new Response(body))];
    const transport = fetchTransport({ fetch: () => answers.shift() as Promise<Response> });
    const ringback = createRingback({ transports: [transport], clock, pipeline: { retry: { maxAttempts: 2 } } });
    const ended = ringback.deliver({ to: PUBLIC, data: {} }).catch((error: DeliveryError) => error.attempts);
    await clock.advance(60_000);
    expect(await ended).toMatchObject([
      { outcome: 'timed-out', reason: 'no answer in time: connecting, or waiting for the answer' },
      { outcome: 'timed-out', reason: 'no answer in time: reading the answer' },
    ]);
  });
});

describe('close', () => {
  it('waits for what runs, answers and failures, and refuses what comes after', async () => {
    const [first, second] = [Promise.withResolvers<Response>(), Promise.withResolvers<Response>()];
    const answers = [first.promise, second.promise];
    const transport = fetchTransport({ fetch: () => answers.shift() as Promise<Response> });
    const attempt = { number: 1, signal: new AbortController().signal };
    const sending = [transport.send(message(PUBLIC), attempt), transport.send(message(PUBLIC), attempt)];
    let closed = false;
    const closing = transport.close?.().then(() => {
      closed = true;
    });
    await expect(transport.send(message(PUBLIC), attempt)).rejects.toMatchObject({ code: 'closed' });
    first.resolve(new Response());
    await sending[0];
    await new Promise(setImmediate);
    expect(closed).toBe(false);
    second.reject(new Error('broke'));
    await closing;
    expect((await Promise.all(sending)).map(({ outcome }) => outcome.kind)).toEqual(['delivered', 'failed']);
  });
});
