import pino from 'pino';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { type CallbackEvent, createRingback, type Logger, type Receipt, type RingbackEvents } from '../../src/index.js';
import { scriptedTransport } from '../../src/testing/index.js';
import { ring, settled, TO } from './ring.js';

describe('events', () => {
  it('are told once each, in order', async () => {
    const { ringback, clock, heard } = ring(['failed']);
    const delivery = ringback.deliver({ to: TO });
    await clock.advance(1_000);
    await delivery;
    expect(heard.map(({ event }) => event)).toEqual(['attempt', 'retry', 'attempt', 'delivered']);
    expect(heard[1]?.payload).toMatchObject({ record: { attempt: 1 }, waitMs: expect.any(Number) });
  });

  it('tell of a failed deliver with its error', async () => {
    const { ringback, heard } = ring(['gone']);
    const { error } = await settled(ringback.deliver({ to: TO }));
    expect(heard.map(({ event }) => event)).toEqual(['attempt', 'disable', 'failed']);
    expect(heard[2]?.payload.error).toBe(error);
  });

  it('tell of circuits and limits', async () => {
    const { ringback, heard } = ring(
      Array.from({ length: 20 }, () => 'overloaded' as const),
      { pipeline: { retry: false } },
    );
    await Promise.all(Array.from({ length: 20 }, () => settled(ringback.deliver({ to: TO }))));
    expect(heard.filter(({ event }) => event === 'circuit').map(({ payload }) => payload)).toEqual([
      { destination: 'https://customer.example', state: 'open', reason: expect.any(String) },
    ]);
    expect(heard.find(({ event }) => event === 'limit')?.payload).toMatchObject({ limit: 18 });
  });

  it('are frozen, all of them: what one listener writes no other reads', async () => {
    const { ringback, clock, heard } = ring(['failed', 'delivered', 'gone', 'gone']);
    const delivered = ringback.deliver({ to: TO, idempotencyKey: 'k' });
    await clock.advance(100_000);
    await delivered;
    await ringback.enqueue({ to: TO });
    await clock.advance(100_000);
    expect(heard.length).toBeGreaterThan(5);
    expect(heard.filter(({ payload }) => !Object.isFrozen(payload))).toEqual([]);
  });

  it('can be left again', async () => {
    const { ringback } = ring();
    let told = 0;
    const listener = (): void => void told++;
    ringback.on('delivered', listener);
    await ringback.deliver({ to: TO });
    ringback.off('delivered', listener);
    await ringback.deliver({ to: TO });
    expect(told).toBe(1);
  });

  it('are typed', () => {
    expectTypeOf<Parameters<RingbackEvents['delivered']>[0]>().toExtend<CallbackEvent & { receipt: Receipt }>();
    const { ringback } = ring();
    ringback.on('circuit', ({ destination, state }) => {
      expectTypeOf(destination).toBeString();
      expectTypeOf(state).toExtend<string>();
    });
  });

  it.each([
    ['an unknown event', 'dead_letter', () => {}],
    ['no listener', 'delivered', undefined],
    ['a listener that is no function', 'delivered', {}],
  ])('refuse %s', (_, event, listener) => {
    const { ringback } = ring();
    expect(() => ringback.on(event as never, listener as never)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
    expect(() => ringback.off(event as never, listener as never)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });
});

describe('a listener', () => {
  const broken = {
    throws: () => {
      throw new Error('broken');
    },
    rejects: async () => {
      throw new Error('broken');
    },
  };

  it.each(Object.entries(broken))('that %s harms nothing, and those after it hear', async (_, listener) => {
    const { ringback, clock, heard } = ring(['failed', 'delivered', 'gone']);
    for (const event of [
      'enqueued',
      'attempt',
      'retry',
      'delivered',
      'failed',
      'dead-letter',
      'shed',
      'disable',
      'circuit',
      'limit',
    ] as const) {
      ringback.on(event, listener);
      ringback.on(event, () => heard.push({ event: `${event} after`, payload: {} }));
    }
    const delivery = ringback.deliver({ to: TO });
    await clock.advance(1_000);
    await delivery;
    await ringback.enqueue({ to: TO });
    await clock.advance(1);
    expect(await ringback.deadLetters.list()).toHaveLength(1);
    const told = heard.map(({ event }) => event).filter((event) => event.endsWith('after'));
    expect(told).toContain('delivered after');
    expect(told).toContain('dead-letter after');
  });
});

describe('a logger', () => {
  const fail = (): never => {
    throw new Error('disk full');
  };
  const loggers: Record<string, Logger> = {
    throws: { debug: fail, info: fail, warn: fail, error: fail },
    rejects: Object.fromEntries(['debug', 'info', 'warn', 'error'].map((level) => [level, async () => fail()])) as never,
  };

  it.each(Object.entries(loggers))('that %s harms nothing', async (_, logger) => {
    const store = { claim: () => ({ state: 'claimed', token: 't' }), renew: () => true, complete: fail, release: fail } as never;
    const { ringback, clock, heard } = ring(({ delivery }) => (delivery.type === 'doomed' ? 'gone' : 'overloaded'), {
      logger,
      idempotency: { store },
      pipeline: { retry: false },
    });
    ringback.on('attempt', fail);
    await Promise.all(Array.from({ length: 25 }, (_, i) => settled(ringback.deliver({ to: TO, idempotencyKey: `k${i}` }))));
    expect(heard.map(({ event }) => event)).toContain('circuit');
    await ringback.enqueue({ to: 'https://other.example', type: 'doomed' });
    await clock.advance(10);
    expect(heard.map(({ event }) => event)).toContain('dead-letter');
    await ringback.close();
  });

  it('may be pino or console as they are: a dead letter is a warning', async () => {
    const lines: string[] = [];
    const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
    const ringback = createRingback({ transports: [scriptedTransport(['gone'])], logger });
    const { id } = await ringback.enqueue({ to: TO });
    await ringback.drain();
    await ringback.close();
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 40,
      id,
      reason: 'gone',
      msg: expect.stringContaining('dead letter'),
    });
    expectTypeOf(console).toExtend<Logger>();
  });
});
