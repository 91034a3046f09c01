import { describe, expect, it } from 'vitest';
import { circuitBreaker } from '../../../src/policies/circuit-breaker.js';
import { aimdLimiter, bulkhead } from '../../../src/policies/concurrency-limiter.js';
import { countedSignal, lab, retryEvery, Work, watch } from './lab.js';

const hang = (): Promise<never> => new Promise(() => {});

describe('the attempt timeout', () => {
  it('It answers a timeout although the callee ignores its signal', async () => {
    const { clock, pipeline } = lab({ attemptTimeoutMs: 100, name: 'partner' });
    const answer = watch(pipeline.execute(hang));
    await clock.advance(99);
    expect(answer.state).toBe('pending');
    await clock.advance(1);
    expect(answer.error).toMatchObject({
      code: 'attempt-timeout',
      name: 'TimeoutError',
      message: 'the attempt of partner did not end within 100 ms',
    });
    expect(clock.timers).toBe(0);
  });

  it('the callee’s own AbortError does not win over the timeout', async () => {
    const { clock, pipeline } = lab({ attemptTimeoutMs: 100 });
    const answer = watch(
      pipeline.execute(
        ({ signal }) =>
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(new DOMException('its own', 'AbortError')));
          }),
      ),
    );
    await clock.advance(100);
    expect(answer.error).toMatchObject({ code: 'attempt-timeout' });
  });

  it('a callee that asks for its signal late learns that nobody waits for it', async () => {
    const { clock, pipeline } = lab({ attemptTimeoutMs: 100 });
    let late: boolean | undefined;
    const answer = watch(
      pipeline.execute(async (...args) => {
        await clock.sleep(200);
        late = args[0].signal.aborted;
      }),
    );
    await clock.advance(200);
    expect([answer.state, late]).toEqual(['rejected', true]);
  });

  it('is retried, and what the late work ends with changes nothing any more', async () => {
    const { clock, pipeline } = lab({ attemptTimeoutMs: 100, retry: retryEvery(10) });
    const work = new Work();
    const answer = watch(pipeline.execute(({ attempt }) => (attempt === 1 ? work.run() : 'second')));
    await clock.advance(110);
    expect(answer.value).toBe('second');
    work.fail(new Error('too late'));
    await clock.advance(0);
    expect(answer.value).toBe('second');
  });

  it('is measured from each attempt’s own start, in one line of timeouts', async () => {
    const { clock, pipeline } = lab({ attemptTimeoutMs: 100 });
    const answers = [];
    for (let i = 0; i < 5; i++) {
      answers.push(watch(pipeline.execute(hang)));
      await clock.advance(10);
    }
    expect(clock.timers).toBe(1);
    await clock.advance(50);
    const endedAt: number[] = [];
    for (let i = 0; i < 50; i++) {
      if (answers.filter(({ state }) => state === 'rejected').length > endedAt.length) endedAt.push(clock.monotonic());
      await clock.advance(1);
    }
    expect(endedAt).toEqual([100, 110, 120, 130, 140]);
    expect(clock.timers).toBe(0);
  });

  it('counts as timed-out for the breaker, once, though the work fails later', async () => {
    const breaker = circuitBreaker();
    const outcomes: string[] = [];
    const spy = {
      name: 'spy',
      acquire: () => undefined,
      record: (_attempt: unknown, { kind }: { kind: string }) => outcomes.push(kind),
      release: () => outcomes.push('released'),
      snapshot: () => ({}),
      restore: () => {},
    };
    const { clock, pipeline } = lab({ attemptTimeoutMs: 100, circuitBreaker: breaker, extra: [spy] });
    const work = new Work();
    watch(pipeline.execute(work.run));
    await clock.advance(100);
    expect(outcomes).toEqual(['timed-out']);
    work.fail(new Error('late'));
    await clock.advance(0);
    expect(outcomes).toEqual(['timed-out', 'released']);
  });
});

describe('the slot of work that was answered', () => {
  it('A slot is free again when the work has really ended', async () => {
    const limiter = bulkhead({ limit: 1 });
    const { clock, pipeline } = lab({ attemptTimeoutMs: 100, concurrency: limiter });
    const work = new Work();
    watch(pipeline.execute(work.run));
    await clock.advance(100);
    const next = watch(pipeline.execute(() => 'next'));
    await clock.advance(1_000);
    expect([limiter.inFlight, next.state]).toEqual([1, 'pending']);
    work.end();
    await clock.advance(0);
    expect([limiter.inFlight, next.value, clock.timers]).toEqual([0, 'next', 0]);
  });

  it('work that never ends must not close the destination for good (reclaimAfterMs, counted)', async () => {
    const limiter = bulkhead({ limit: 1, reclaimAfterMs: 5_000 });
    const { clock, pipeline } = lab({ attemptTimeoutMs: 100, concurrency: limiter });
    watch(pipeline.execute(hang));
    await clock.advance(100);
    const waiting = [1, 2, 3].map((n) => watch(pipeline.execute(() => n)));
    expect(clock.timers).toBe(1);
    await clock.advance(4_999);
    expect(limiter.waiting).toBe(3);
    await clock.advance(1);
    expect(waiting.map(({ value }) => value)).toEqual([1, 2, 3]);
    expect([limiter.reclaimed, limiter.inFlight, clock.timers]).toEqual([1, 0, 0]);
  });

  it('who stood in line before the work timed out gets its slot too', async () => {
    const limiter = bulkhead({ limit: 1, reclaimAfterMs: 5_000 });
    const { clock, pipeline } = lab({ attemptTimeoutMs: 100, concurrency: limiter });
    watch(pipeline.execute(hang));
    const next = watch(pipeline.execute(() => 'next'));
    await clock.advance(5_100);
    expect([next.value, limiter.reclaimed, clock.timers]).toEqual(['next', 1, 0]);
  });

  it('reclaimAfterMs: 0 takes it back at once, without spinning', async () => {
    const limiter = bulkhead({ limit: 1, reclaimAfterMs: 0 });
    const { clock, pipeline } = lab({ attemptTimeoutMs: 100, concurrency: limiter });
    watch(pipeline.execute(hang));
    const next = watch(pipeline.execute(() => 'next'));
    await clock.advance(99);
    expect([next.state, clock.timers]).toEqual(['pending', 1]);
    await clock.advance(1);
    expect([next.value, clock.timers]).toEqual(['next', 0]);
  });

  it('work that ends after its slot was taken back frees no second one', async () => {
    const limiter = bulkhead({ limit: 1, reclaimAfterMs: 1_000 });
    const { clock, pipeline } = lab({ attemptTimeoutMs: 100, concurrency: limiter });
    const late = new Work();
    watch(pipeline.execute(late.run));
    const running = new Work();
    watch(pipeline.execute(running.run));
    await clock.advance(1_100);
    expect(running.started).toBe(1);
    late.end();
    await clock.advance(0);
    expect(limiter.inFlight).toBe(1);
  });

  it('a timeout lowers an adaptive limit', async () => {
    const limiter = aimdLimiter({ initialLimit: 10, maxLimit: 10 });
    const { clock, pipeline } = lab({ attemptTimeoutMs: 100, concurrency: limiter });
    await clock.advance(1);
    for (let i = 0; i < 10; i++) watch(pipeline.execute(hang));
    await clock.advance(100);
    expect(limiter.limit).toBe(1);
  });
});

describe('nothing is left behind', () => {
  type End = (work: Work, advance: (ms: number) => Promise<void>, abort: () => void) => Promise<void>;
  const ends: Record<string, End> = {
    'a value': async (work) => work.end(1),
    'a throw': async (work) => work.fail(new Error('down')),
    'a timeout, then the end of the work': async (work, advance) => {
      await advance(100);
      work.end();
    },
    'an abort, then the end of the work': async (work, _advance, abort) => {
      abort();
      work.end();
    },
  };

  it.each(Object.entries(ends))('after %s', async (_name, end) => {
    const limiter = bulkhead({ limit: 1 });
    const { clock, pipeline } = lab({ attemptTimeoutMs: 100, deadlineMs: 1_000, concurrency: limiter, circuitBreaker: {} });
    const { controller, signal, listening } = countedSignal();
    const work = new Work();
    const answer = watch(pipeline.execute(work.run, signal));
    await clock.advance(1);
    expect(listening()).toBe(1);
    await end(work, clock.advance, () => controller.abort());
    await clock.advance(0);
    expect(answer.state).not.toBe('pending');
    expect([clock.timers, listening(), limiter.inFlight]).toEqual([0, 0, 0]);
  });
});
