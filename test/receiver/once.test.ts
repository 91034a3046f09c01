import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { memoryIdempotencyStore } from '../../src/index.js';
import { fakeClock } from '../../src/testing/index.js';
import { gate, post, requestOf, storeWith } from './sender.js';

describe('once per id', () => {
  it('50 duplicates at once run the handler once', async () => {
    const end = gate();
    const { send, handled } = post({ onCallback: () => end.passed });
    const answers = Array.from({ length: 50 }, () => send());
    const quick = await Promise.all(answers.map((answer) => Promise.race([answer.then(({ status }) => status), sleepTurns()])));
    end.open();
    const all = (await Promise.all(answers)).map(({ status }) => status);
    expect(all.filter((status) => status === 204)).toHaveLength(1);
    expect(quick.filter((status) => status === 409)).toHaveLength(49);
    expect(handled).toEqual(['msg_1']);
  });

  it('goes on although the sender hangs up', async () => {
    const end = gate();
    const { clock, receive, send, handled } = post({ onCallback: () => end.passed });
    const hangUp = new AbortController();
    const request = new Request(await requestOf({ timestampMs: clock.now() }), { signal: hangUp.signal });
    const answer = receive(request);
    while (handled.length === 0) await sleepTurns();
    hangUp.abort();
    end.open();
    await answer;
    expect((await send()).status).toBe(204);
    expect(handled).toEqual(['msg_1']);
  });

  it('a lease is renewed while the handler runs', async () => {
    const end = gate();
    const { clock, send, handled } = post({ leaseMs: 1_000, timeoutMs: 60_000, onCallback: () => end.passed });
    const first = send();
    await clock.advance(30_000);
    expect((await send()).status).toBe(409);
    end.open();
    expect((await first).status).toBe(204);
    expect(handled).toEqual(['msg_1']);
    expect(clock.timers).toBe(0);
  });

  it('the first lease counts from when the id was claimed, however late the store answered', async () => {
    let signal: AbortSignal | undefined;
    const clock = fakeClock();
    const memory = memoryIdempotencyStore({ clock });
    const { send } = post({
      clock,
      leaseMs: 10_000,
      store: storeWith({
        claim: async (key, request) => {
          const claim = await memory.claim(key, request);
          await clock.sleep(9_000);
          return claim;
        },
        renew: () => {
          throw new Error('down');
        },
      }),
      onCallback: (callback) => {
        signal = callback.signal;
        return new Promise<void>((resolve) => callback.signal.addEventListener('abort', () => resolve()));
      },
    });
    const answer = send();
    await clock.advance(9_999);
    expect(signal?.aborted).toBe(false);
    await clock.advance(1);
    expect(signal?.aborted).toBe(true);
    await clock.advance(9_000);
    await answer;
  });

  it('the signal is aborted when the lease is lost', async () => {
    let signal: AbortSignal | undefined;
    const { clock, send } = post({
      store: storeWith({ renew: () => false }),
      onCallback: (callback) => {
        signal = callback.signal;
        return new Promise<void>((resolve) => callback.signal.addEventListener('abort', () => resolve()));
      },
    });
    const answer = send();
    await clock.advance(20_000);
    expect(signal?.reason).toMatchObject({ code: 'idempotency-store-failed' });
    await answer;
  });
});

describe('a late owner, whose lease was lost before its handler ended,', () => {
  /** Two processes over one store; in the first one, renewals don't get through, and its handler ends at the gate. */
  function twoProcesses(secondHandler: () => Response | Promise<Response>) {
    const ends = gate();
    const clock = fakeClock();
    const shared = memoryIdempotencyStore({ clock });
    const renew = (): never => {
      throw new Error('no renewal gets through');
    };
    const late = () => ends.passed.then(() => new Response('late'));
    const settings = { clock, replay: true };
    const first = post({ ...settings, leaseMs: 1_000, store: storeWith({ renew }, shared), onCallback: late });
    const second = post({ ...settings, store: shared, onCallback: secondHandler });
    return { first, ends, second };
  }

  it('can not overwrite its successor: the sender gets the recorded answer', async () => {
    const { first, ends, second } = twoProcesses(() => new Response('second', { status: 201 }));
    const late = first.send();
    await first.clock.advance(1_000);
    expect(await (await second.send()).text()).toBe('second');
    ends.open();
    const answer = await late;
    expect([answer.status, await answer.text()]).toEqual([201, 'second']);
    expect(await (await second.send()).text()).toBe('second');
  });

  it('is told to come again while its successor is at work', async () => {
    const secondEnds = gate();
    const { first, ends, second } = twoProcesses(() => secondEnds.passed.then(() => new Response('second')));
    const late = first.send();
    await first.clock.advance(1_000);
    const running = second.send();
    await first.clock.advance(0);
    ends.open();
    expect((await late).status).toBe(409);
    secondEnds.open();
    expect(await (await running).text()).toBe('second');
  });

  it('records what it did when nobody took its place, and no retry runs it again', async () => {
    const { first, ends, second } = twoProcesses(() => new Response('second'));
    const late = first.send();
    await first.clock.advance(1_000);
    ends.open();
    expect((await late).status).toBe(200);
    expect(await (await second.send()).text()).toBe('late');
    expect(second.handled).toEqual([]);
  });

  it('can not free its successor by failing', async () => {
    const fails = gate();
    const { clock, send, log } = post({
      leaseMs: 1_000,
      store: storeWith({ renew: () => false, release: () => false }),
      onCallback: () => fails.passed.then(() => Promise.reject(new Error('late'))),
    });
    const answer = send();
    await clock.advance(1_000);
    fails.open();
    expect((await answer).status).toBe(500);
    expect(log.lines).toHaveLength(1);
  });

  it('is answered 503 where the store does not take its record', async () => {
    const { send } = post({ store: storeWith({ complete: () => false }) });
    // The claim of the first is still there, so the second look finds it in flight.
    expect((await send()).status).toBe(409);
    let claims = 0;
    const again = post({
      store: storeWith({ claim: () => ({ state: 'claimed', token: String(++claims) }), complete: () => false }),
    });
    expect((await again.send()).status).toBe(503);
    expect(claims).toBe(2);
  });
});

describe('a handler that does not end', () => {
  it('is told by its signal at timeoutMs, and the sender gets 503', async () => {
    let signal: AbortSignal | undefined;
    const { clock, send } = post({
      timeoutMs: 5_000,
      onCallback: (callback) => {
        signal = callback.signal;
        return new Promise<void>(() => {});
      },
    });
    const answer = send();
    await clock.advance(4_999);
    expect(signal?.aborted).toBe(false);
    await clock.advance(1);
    expect((await answer).status).toBe(503);
    expect(signal?.reason).toMatchObject({ code: 'attempt-timeout' });
    expect(clock.timers).toBe(0);
  });

  it('holds its id no longer than the lease that it has then: a retry runs it again', async () => {
    let runs = 0;
    const { clock, send } = post({
      timeoutMs: 5_000,
      leaseMs: 3_000,
      onCallback: () => (++runs === 1 ? new Promise<void>(() => {}) : undefined),
    });
    const answer = send();
    await clock.advance(5_000);
    expect((await answer).status).toBe(503);
    expect((await send()).status).toBe(409);
    await clock.advance(3_000);
    expect((await send()).status).toBe(204);
    expect(runs).toBe(2);
  });

  it('but ends after all is recorded, so that the retry is a duplicate', async () => {
    const end = gate();
    const { clock, send, handled } = post({ timeoutMs: 5_000, onCallback: () => end.passed });
    const answer = send();
    await clock.advance(5_000);
    expect((await answer).status).toBe(503);
    end.open();
    await clock.advance(0);
    expect((await send()).status).toBe(204);
    expect(handled).toEqual(['msg_1']);
  });

  it('is one whose own work lasts: how long the store takes to record it does not count', async () => {
    const clock = fakeClock();
    const complete = () => clock.sleep(8_000).then(() => true);
    const { send } = post({ clock, timeoutMs: 5_000, store: storeWith({ complete }) });
    const answer = send();
    await clock.advance(8_000);
    expect((await answer).status).toBe(204);
  });

  it('but throws after all frees its id, and says so in the log alone', async () => {
    let runs = 0;
    const end = gate();
    const { clock, send, log } = post({
      timeoutMs: 5_000,
      onCallback: () => (++runs === 1 ? end.passed.then(() => Promise.reject(new Error('late'))) : undefined),
    });
    const answer = send();
    await clock.advance(5_000);
    await answer;
    end.open();
    await clock.advance(0);
    expect((await send()).status).toBe(204);
    expect(log.lines.map(({ level, message }) => [level, message])).toEqual([
      ['error', 'a callback was refused'],
      ['warn', 'a late callback handler failed'],
    ]);
  });

  it('may answer with a body that never ends: that counts as its time too', async () => {
    const { clock, send } = post({ timeoutMs: 5_000, onCallback: () => new Response(new ReadableStream({})) });
    const answer = send();
    await clock.advance(5_000);
    expect((await answer).status).toBe(503);
  });
});

describe('a store that fails', () => {
  const down = () => {
    throw new Error('connection refused');
  };

  it('at the claim: nothing is handled, and the answer is 503 with Retry-After', async () => {
    for (const claim of [down, async () => down(), () => ({ state: 'maybe' }) as never, () => undefined as never]) {
      const { send, handled, log } = post({ store: storeWith({ claim }) });
      const answer = await send();
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
      expect(await answer.text()).toBe('the callback can not be handled now; try again later');
      expect(handled).toEqual([]);
      expect(log.lines.map(({ level }) => level)).toEqual(['error']);
    }
  });

  it.each([
    ['a promise', Promise],
    ['a promise of another realm', runInNewContext('Promise') as PromiseConstructor],
  ])('by hanging: it is waited for 10 s, and a claim that comes later is given back: %s', async (_what, Given) => {
    const claimed = Given.withResolvers<{ state: 'claimed'; token: string }>();
    const released: string[] = [];
    const { clock, send, handled } = post({
      store: storeWith({ claim: () => claimed.promise, release: (_, token) => released.push(token) > 0 }),
    });
    const answer = send();
    await clock.advance(10_000);
    expect((await answer).status).toBe(503);
    claimed.resolve({ state: 'claimed', token: 'late' });
    await clock.advance(0);
    expect([handled, released, clock.timers]).toEqual([[], ['late'], 0]);
  });

  it('once at the record: it is told once more', async () => {
    const memory = memoryIdempotencyStore();
    let tries = 0;
    const store = storeWith({ complete: (...all) => (++tries === 1 ? down() : memory.complete(...all)) }, memory);
    const { send, handled, log } = post({ store });
    expect([(await send()).status, (await send()).status]).toEqual([204, 204]);
    expect([handled, log.lines]).toEqual([['msg_1'], []]);
  });

  it('at the record: the sender is answered 2xx, as another run would do the work twice', async () => {
    const { send, log } = post({ store: storeWith({ complete: down }) });
    expect((await send()).status).toBe(204);
    expect(log.lines.map(({ level, message }) => [level, message])).toEqual([
      ['error', 'a callback was handled, but the store could not record it'],
    ]);
  });

  it('by hanging at the record: 20 s at the most', async () => {
    const { clock, send } = post({ store: storeWith({ complete: () => new Promise(() => {}) }) });
    const answer = send();
    await clock.advance(20_000);
    expect((await answer).status).toBe(204);
    expect(clock.timers).toBe(0);
  });

  it('at the release: 500 all the same, and the id is free when the lease ends', async () => {
    let runs = 0;
    const clock = fakeClock();
    const { send, log } = post({
      clock,
      leaseMs: 1_000,
      store: storeWith({ release: down }, memoryIdempotencyStore({ clock })),
      onCallback: () => (++runs === 1 ? Promise.reject(new Error('first')) : undefined),
    });
    expect((await send()).status).toBe(500);
    expect((await send()).status).toBe(409);
    await clock.advance(1_000);
    expect((await send()).status).toBe(204);
    expect(log.lines.filter(({ message }) => message.includes('could not release'))).toHaveLength(1);
  });
});

/** Lets what is ready run. */
function sleepTurns(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}
