import { describe, expect, it, vi } from 'vitest';
import { constant, createRingback, memoryOutbox, schedule, seededRandom } from '../../src/index.js';
import { fakeClock, scriptedTransport } from '../../src/testing/index.js';
import { DESTINATION, ring, settled, TO } from './ring.js';

const HOUR = 3_600_000;

it('a wall clock that is set does not end a callback before its deadline, nor between two attempts', async () => {
  let setAheadMs = 0;
  const clock = fakeClock();
  const now = clock.now.bind(clock);
  Object.assign(clock, { now: () => now() + setAheadMs });
  const transport = scriptedTransport(['failed', { afterMs: 10, step: 'failed' }, 'delivered'], { clock });
  const ringback = createRingback({
    transports: [transport],
    clock,
    random: seededRandom(1),
    schedule: schedule([1_000, 1_000]),
  });
  await ringback.enqueue({ to: TO, deadlineMs: 60_000 });
  await clock.advance(10);
  setAheadMs = 3_600_000;
  await clock.advance(1_500);
  setAheadMs = 7_200_000;
  await clock.advance(5_000);
  expect(transport.sentCount).toBe(3);
  expect(ringback.snapshot().outbox).toMatchObject({ depth: 0, deadLetters: 0 });
});

describe('enqueue', () => {
  it('answers with the id once it is in the outbox, and delivers behind', async () => {
    const { ringback, clock, transport, heard } = ring([{ afterMs: 100, step: 'delivered' }]);
    const { id, deduplicated } = await ringback.enqueue({ to: TO, type: 'a', data: {}, correlationId: 'c', metadata: { m: 1 } });
    expect(deduplicated).toBe(false);
    expect(ringback.snapshot().outbox.depth).toBe(1);
    await clock.advance(50);
    expect(await ringback.status(id)).toEqual({ state: 'running' });
    await clock.advance(50);
    expect(await ringback.status(id)).toEqual({ state: 'delivered' });
    expect(transport.sent[0]?.message.id).toBe(id);
    expect(heard.map(({ event }) => event)).toEqual(['enqueued', 'attempt', 'delivered']);
    for (const { payload } of heard) expect(payload).toMatchObject({ id, type: 'a', correlationId: 'c', metadata: { m: 1 } });
    expect(clock.timers).toBe(0);
  });

  it('is told before its attempts, also when the outbox is slow to say that it has it', async () => {
    const slow = memoryOutbox();
    const add = slow.add.bind(slow);
    slow.add = async (delivery, signal) => {
      await add(delivery, signal);
      for (let i = 0; i < 100; i++) await undefined;
    };
    const { ringback, heard } = ring([], { outbox: slow });
    await ringback.enqueue({ to: TO });
    await ringback.drain();
    expect(heard.map(({ event }) => event)).toEqual(['enqueued', 'attempt', 'delivered']);
  });

  it('keeps the destination under which a delivery was stored, though its address is another one now', async () => {
    const stored = memoryOutbox();
    const add = stored.add.bind(stored);
    stored.add = ({ id, to, headers, body, contentType, priority, acceptedAtMs }) =>
      add({ id, to, headers, body, contentType, priority, acceptedAtMs, destination: 'shard-7' });
    const { ringback, heard } = ring([], { outbox: stored });
    await ringback.enqueue({ to: TO });
    await ringback.drain();
    expect(heard.at(-1)).toMatchObject({ event: 'delivered', payload: { destination: 'shard-7' } });
    expect(Object.keys(ringback.snapshot().destinations)).toContain('shard-7');
  });

  it('follows the Standard Webhooks schedule; 404 and 401 are tried again on it', async () => {
    const times: number[] = [];
    const statuses = [404, 401, 503, 500];
    const { ringback, clock } = ring(
      () => {
        times.push(clock.monotonic());
        const status = statuses.shift();
        return status === undefined ? 'failed' : { status };
      },
      { pipeline: { circuitBreaker: false } },
    );
    await ringback.enqueue({ to: TO });
    await clock.advance(5 * 24 * HOUR);
    const gaps = times.slice(1).map((atMs, i) => atMs - (times[i] as number));
    const expected = [5_000, 300_000, 1_800_000, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];
    expect(gaps).toHaveLength(expected.length);
    for (const [i, gap] of gaps.entries()) {
      expect(gap / (expected[i] as number)).toBeGreaterThan(0.75);
      expect(gap / (expected[i] as number)).toBeLessThan(1.25);
    }
    const [letter] = await ringback.deadLetters.list();
    expect(letter).toMatchObject({ reason: 'attempts-exhausted', attemptCount: 10 });
    expect(clock.timers).toBe(0);
  });

  it.each(['gone', 'forbidden'] as const)('ends at once as a dead letter at %s', async (kind) => {
    const { ringback, clock } = ring([{ kind, reason: 'so it says' }]);
    const { id } = await ringback.enqueue({ to: TO, correlationId: 'c', metadata: { m: 1 } });
    await clock.advance(1);
    expect(await ringback.deadLetters.list()).toMatchObject([
      { id, reason: `${kind}: so it says`, correlationId: 'c', metadata: { m: 1 }, attemptCount: 1 },
    ]);
    expect(await ringback.status(id)).toEqual({ state: 'dead' });
  });

  it('forgets how an id ended before, once it came again and is a dead letter', async () => {
    const { ringback, clock } = ring(['delivered', 'gone']);
    for (let time = 0; time < 2; time++) {
      await ringback.enqueue({ to: TO, id: 'again' });
      await clock.advance(1);
    }
    expect(await ringback.status('again')).toEqual({ state: 'dead' });
    await ringback.deadLetters.purge('again');
    expect(await ringback.status('again')).toBeUndefined();
  });

  it('remembers the last 10,000 ends, and forgets those before them', async () => {
    const { ringback, clock } = ring([], { outbox: memoryOutbox({ concurrency: 1_000 }) });
    for (let i = 0; i < 20_001; i++) {
      await ringback.enqueue({ to: `https://c${i % 100}.example/`, id: `id-${i}` });
      if (i % 1_000 === 0) await clock.advance(1);
    }
    await ringback.drain();
    expect(await ringback.status('id-10001')).toEqual({ state: 'delivered' });
    expect(await ringback.status('id-9999')).toBeUndefined();
  });

  it('ends at its deadline, counted from when it was accepted', async () => {
    const { ringback, clock } = ring(() => 'failed');
    await ringback.enqueue({ to: TO, deadlineMs: 60_000 });
    await clock.advance(60_000);
    expect(await ringback.deadLetters.list()).toMatchObject([{ reason: 'deadline' }]);
    expect(clock.timers).toBe(0);
  });

  it('hands a slow attempt its deadline', async () => {
    const { ringback, clock } = ring(['hang']);
    await ringback.enqueue({ to: TO, deadlineMs: 3_000 });
    await clock.advance(3_000);
    expect(await ringback.deadLetters.list()).toMatchObject([{ attemptCount: 1, attempts: [{ outcome: 'timed-out' }] }]);
    await ringback.close({ timeoutMs: 0 });
  });
});

describe('a refusal of our own', () => {
  it('burns no attempt, and the outbox wakes on release', async () => {
    const starts: number[] = [];
    const { ringback, clock, heard } = ring(
      () => {
        starts.push(clock.monotonic());
        return { afterMs: 250, step: 'delivered' };
      },
      { pipeline: { concurrency: { limit: 1 } } },
    );
    for (let i = 0; i < 4; i++) await ringback.enqueue({ to: TO });
    await clock.advance(2_000);
    expect(starts.map((atMs) => atMs - (starts[0] as number))).toEqual([0, 250, 500, 750]);
    for (const { event, payload } of heard) if (event === 'attempt') expect(payload.record).toMatchObject({ attempt: 1 });
  });

  it('by an open circuit lets the callback wait until the probe, with its attempts unspent', async () => {
    const script = Array.from({ length: 20 }, () => 'failed' as const);
    const { ringback, clock, transport } = ring(script, { pipeline: { retry: false } });
    await Promise.all(Array.from({ length: 20 }, () => settled(ringback.deliver({ to: TO }))));
    expect(ringback.snapshot().destinations[DESTINATION]?.circuitBreaker).toMatchObject({ state: 'open' });
    const { id } = await ringback.enqueue({ to: TO });
    await clock.advance(1_000);
    expect(transport.sentCount).toBe(20);
    await clock.advance(30_000);
    expect(await ringback.status(id)).toEqual({ state: 'delivered' });
    expect(transport.sent.at(-1)?.attempt).toBe(1);
  });

  it('of a policy that names a nonsensical time does not lose the callback', async () => {
    let asked = 0;
    const moody = {
      name: 'moody',
      acquire: () =>
        asked++ < 3
          ? ({
              code: 'policy-refused',
              policy: 'moody',
              reason: 'not now',
              retryAfterMs: [Infinity, NaN, -1][asked - 1],
            } as const)
          : undefined,
      record: () => {},
      release: () => {},
      snapshot: () => ({}),
      restore: () => {},
    };
    const { ringback, clock } = ring([], { pipeline: () => ({ extra: [moody] }) });
    const { id } = await ringback.enqueue({ to: TO });
    await clock.advance(10_000);
    expect(await ringback.status(id)).toEqual({ state: 'delivered' });
  });

  it('gives back the token of the retry that it kept from being made', async () => {
    let refusals = 0;
    const moody = {
      name: 'moody',
      acquire: ({ number }: { number: number }) =>
        transport.sentCount === 1 && refusals++ < 3 && number > 0
          ? ({ code: 'policy-refused', policy: 'moody', reason: 'not now', retryAfterMs: 10 } as const)
          : undefined,
      record: () => {},
      release: () => {},
      snapshot: () => ({}),
      restore: () => {},
    };
    const { ringback, clock, transport } = ring(['failed'], {
      pipeline: () => ({ extra: [moody] }),
      budget: { reservePerSecond: 0 },
    });
    await ringback.enqueue({ to: TO });
    await clock.advance(20_000);
    expect(refusals).toBe(4);
    // One retry was made, and one success has refunded a fifth of a token.
    expect(ringback.snapshot().budgetBalance).toBeCloseTo(99.2);
  });

  it('for want of budget postpones the retry, and burns no attempt', async () => {
    const { ringback, clock, heard, transport } = ring(['timed-out', 'timed-out', 'timed-out'], {
      budget: { maxTokens: 2, reservePerSecond: 0.05 },
      schedule: constant({ delayMs: 1_000 }),
    });
    const { id } = await ringback.enqueue({ to: TO });
    await clock.advance(200_000);
    expect(await ringback.status(id)).toEqual({ state: 'delivered' });
    expect(transport.sent.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
    expect(heard.filter(({ event }) => event === 'shed').at(0)?.payload).toMatchObject({ refusedBy: 'retry-budget' });
    expect(clock.timers).toBe(0);
  });
});

describe('cancel', () => {
  it('takes back what is ready, waits or runs, once', async () => {
    const { ringback, clock } = ring(({ id }) => (id === 'waits' ? 'failed' : 'hang'), {
      outbox: memoryOutbox({ concurrency: 2, maxPerDestination: 1 }),
    });
    await ringback.enqueue({ to: 'https://a.example', id: 'runs' });
    await ringback.enqueue({ to: 'https://a.example', id: 'ready' });
    await ringback.enqueue({ to: 'https://b.example', id: 'waits' });
    await clock.advance(10);
    expect(await Promise.all(['runs', 'ready', 'waits'].map((id) => ringback.status(id)))).toEqual([
      { state: 'running' },
      { state: 'ready' },
      { state: 'waiting' },
    ]);
    for (const id of ['runs', 'ready', 'waits']) expect(await ringback.cancel(id)).toBe(true);
    await clock.advance(10);
    for (const id of ['runs', 'ready', 'waits']) {
      expect(await ringback.status(id)).toEqual({ state: 'cancelled' });
      expect(await ringback.cancel(id)).toBe(false);
    }
    expect(ringback.snapshot().outbox.depth).toBe(0);
    expect(clock.timers).toBe(0);
  });

  it('of something unknown is false', async () => {
    const { ringback } = ring();
    expect(await ringback.cancel('msg_unknown')).toBe(false);
    expect(await ringback.status('msg_unknown')).toBeUndefined();
  });
});

it('a cancelled attempt is told as one', async () => {
  const { ringback, clock, heard } = ring(['hang']);
  const { id } = await ringback.enqueue({ to: TO });
  await clock.advance(10);
  await ringback.cancel(id);
  await clock.advance(1);
  expect(heard.map(({ event }) => event)).toEqual(['enqueued', 'attempt']);
  expect(heard[1]?.payload.record).toMatchObject({ attempt: 1, outcome: 'cancelled' });
});

describe('a setting that throws once the callback is accepted', () => {
  it('burns an attempt, and the schedule goes on', async () => {
    let isAway = false;
    const pipeline = (): object => {
      if (isAway) throw new Error('the settings are away');
      return {};
    };
    const { ringback, clock, transport } = ring(['failed'], { pipeline, maxDestinations: 1 });
    const { id } = await ringback.enqueue({ to: TO });
    await clock.advance(10);
    // Another destination takes the place of the first in the map, whose settings are then asked for again.
    await ringback.deliver({ to: 'https://other.example' });
    isAway = true;
    await clock.advance(20_000);
    isAway = false;
    await clock.advance(600_000);
    expect(await ringback.status(id)).toEqual({ state: 'delivered' });
    expect(transport.sent.map(({ attempt }) => attempt)).toEqual([1, 1, 3]);
  });

  it('is the end where it is the schedule: a dead letter with its attempts', async () => {
    const broken = {
      ...constant({ delayMs: 1 }),
      delayMs: () => {
        throw new Error('no schedule');
      },
    };
    const { ringback, clock } = ring(['failed'], { schedule: broken });
    await ringback.enqueue({ to: TO });
    await clock.advance(1);
    expect(await ringback.deadLetters.list()).toMatchObject([{ reason: 'a setting of yours threw', attemptCount: 1 }]);
  });
});

it('an outbox that throws refuses the callback with a typed error, and its key is free', async () => {
  const outbox = memoryOutbox();
  const add = outbox.add.bind(outbox);
  let isBroken = true;
  outbox.add = async (...args) => {
    if (isBroken) throw new Error('disk full');
    await add(...args);
  };
  const { ringback, clock } = ring([], { outbox });
  await expect(ringback.enqueue({ to: TO, idempotencyKey: 'k' })).rejects.toMatchObject({ code: 'outbox-failed' });
  isBroken = false;
  expect((await ringback.enqueue({ to: TO, idempotencyKey: 'k' })).deduplicated).toBe(false);
  await ringback.drain();
  expect(clock.timers).toBe(0);
});

it('an orderingKey keeps callbacks of one destination in the order they were accepted', async () => {
  const order: string[] = [];
  const { ringback, clock } = ring(({ id }, { number }) => {
    order.push(id);
    return id === 'a' && number === 1 ? 'failed' : 'delivered';
  });
  for (const id of ['a', 'b', 'c']) await ringback.enqueue({ to: TO, id, orderingKey: 'k' });
  await clock.advance(60_000);
  expect(order).toEqual(['a', 'a', 'b', 'c']);
});

describe('dead letters', () => {
  it('are listed, replayed and purged', async () => {
    const { ringback, clock } = ring(['gone', 'gone']);
    const { id } = await ringback.enqueue({ to: TO });
    await ringback.enqueue({ to: TO });
    await clock.advance(1);
    expect(await ringback.deadLetters.list({ destination: DESTINATION })).toHaveLength(2);
    expect(await ringback.deadLetters.replay(id)).toBe(true);
    await clock.advance(1);
    expect(await ringback.status(id)).toEqual({ state: 'delivered' });
    expect(await ringback.deadLetters.purge()).toBe(1);
  });

  it('replayed have their deadline anew: what died of it lives again', async () => {
    const { ringback, clock } = ring(['failed']);
    const { id } = await ringback.enqueue({ to: TO, deadlineMs: 1_000 });
    await clock.advance(60_000);
    expect(await ringback.status(id)).toEqual({ state: 'dead' });
    await ringback.deadLetters.replay(id);
    await clock.advance(1);
    expect(await ringback.status(id)).toEqual({ state: 'delivered' });
  });

  it('that nobody listens to get one warning on the console, and none where there is a logger or a listener', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    try {
      const noisy = createRingback({ transports: [scriptedTransport(() => 'gone')] });
      const logged: unknown[] = [];
      const note = (fields: object): void => void logged.push(fields);
      const logger = { debug: note, info: note, warn: note, error: note };
      const quiet = createRingback({ transports: [scriptedTransport(() => 'gone')], logger });
      for (const ringback of [noisy, quiet]) {
        await ringback.enqueue({ to: TO });
        await ringback.enqueue({ to: TO });
        await ringback.drain();
        await ringback.close();
      }
      expect(warn).toHaveBeenCalledTimes(1);
      expect(warn.mock.calls[0]?.[0]).toMatch(/nobody listens to 'dead-letter'/);
      expect(logged).toHaveLength(2);
    } finally {
      warn.mockRestore();
    }
  });

  it('that make room for others are told with them: nothing is lost in silence', async () => {
    const { ringback, clock, heard } = ring(() => 'gone', { outbox: memoryOutbox({ maxDeadLetters: 1 }) });
    await ringback.enqueue({ to: TO, id: 'first' });
    await clock.advance(1);
    await ringback.enqueue({ to: TO, id: 'second' });
    await clock.advance(1);
    const told = heard.filter(({ event }) => event === 'dead-letter').map(({ payload }) => payload);
    expect(told).toMatchObject([{ letter: { id: 'first' } }, { letter: { id: 'second' }, dropped: { id: 'first' } }]);
    expect(told[0]).toMatchObject({ letter: { attempts: [{ outcome: 'gone' }] } });
  });
});

it('the snapshot is plain JSON', async () => {
  const { ringback, clock } = ring(({ id }) => (id === 'later' ? 'failed' : 'hang'), {
    pipeline: { rateLimiter: { limit: 100 } },
  });
  await ringback.enqueue({ to: TO, id: 'later' });
  const running = settled(ringback.deliver({ to: 'https://other.example' }));
  await clock.advance(10);
  const snapshot = ringback.snapshot();
  expect(JSON.parse(JSON.stringify(snapshot))).toStrictEqual(snapshot);
  expect(snapshot).toMatchObject({ delivering: 1, budgetBalance: 100, outbox: { depth: 1, waiting: 1, oldestAgeMs: 10 } });
  expect(snapshot.destinations['https://other.example']).toMatchObject({
    circuitBreaker: { state: 'closed' },
    concurrency: { inFlight: 1 },
    budget: { balance: 10 },
  });
  const closing = ringback.close({ timeoutMs: 0 });
  await clock.advance(2_000);
  await Promise.all([closing, running]);
});

it('drain resolves once all that was accepted has ended, deliver and enqueue', async () => {
  const { ringback, clock } = ring(() => ({ afterMs: 1_000, step: 'delivered' }));
  let drained = false;
  const running = ringback.deliver({ to: TO });
  const draining = ringback.drain().then(() => {
    drained = true;
  });
  await clock.advance(500);
  await ringback.enqueue({ to: TO });
  await clock.advance(999);
  expect(drained).toBe(false);
  await clock.advance(1);
  expect(drained).toBe(true);
  await Promise.all([draining, running]);
});
