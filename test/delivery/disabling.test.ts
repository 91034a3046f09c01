import { describe, expect, it } from 'vitest';
import type { Delivery, DisableEvent, Logger } from '../../src/index.js';
import type { ScriptedStep } from '../../src/testing/index.js';
import { DESTINATION, type Ring, ring, settled, TO } from './ring.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const ONCE = { retry: false, circuitBreaker: false } as const;

const disabled = ({ heard }: Ring): DisableEvent[] =>
  heard.filter(({ event }) => event === 'disable').map(({ payload }) => payload as unknown as DisableEvent);

/** One `deliver` every twelve hours that answers so. */
async function halfDays(lab: Ring, count: number, to = TO): Promise<void> {
  for (let i = 0; i < count; i++) {
    await settled(lab.ringback.deliver({ to }));
    await lab.clock.advance(12 * HOUR_MS);
  }
}

const always = (step: ScriptedStep) => (): ScriptedStep => step;

describe('410 marks the destination gone', () => {
  it('by an event, each time, with what the callback is known by', async () => {
    const lab = ring([{ status: 410 }, { status: 410 }]);
    const fields = { correlationId: 'request-7', metadata: { endpoint: 'ep_1' }, type: 'invoice.paid' };
    await settled(lab.ringback.deliver({ to: TO, id: 'msg_1', ...fields }));
    await settled(lab.ringback.deliver({ to: TO, id: 'msg_2' }));
    expect(disabled(lab)).toEqual([
      {
        id: 'msg_1',
        destination: DESTINATION,
        ...fields,
        why: 'gone',
        sinceMs: lab.clock.now(),
        failures: 1,
        record: expect.objectContaining({ outcome: 'gone', status: 410, reason: 'answered 410' }),
      },
      expect.objectContaining({ id: 'msg_2', why: 'gone', failures: 2 }),
    ]);
    expect(lab.heard.map(({ event }) => event)).toEqual(['attempt', 'disable', 'failed', 'attempt', 'disable', 'failed']);
  });

  it('in the background as well, and its dead letter follows', async () => {
    const lab = ring([{ status: 410 }]);
    await lab.ringback.enqueue({ to: TO });
    await lab.clock.advance(1);
    expect(lab.heard.map(({ event }) => event)).toEqual(['enqueued', 'attempt', 'disable', 'dead-letter']);
  });

  it('by a hook, which is given the callback with its URI', async () => {
    const told: [DisableEvent, Delivery][] = [];
    const lab = ring([{ status: 410 }], { onDisable: (event, delivery) => void told.push([event, delivery]) });
    await settled(lab.ringback.deliver({ to: TO, id: 'msg_1' }));
    expect(told).toEqual([[disabled(lab)[0], expect.objectContaining({ id: 'msg_1', to: TO })]]);
  });

  it('and nothing is held back: whether to send there is the service’s to decide', async () => {
    const lab = ring([{ status: 410 }, { status: 204 }]);
    await settled(lab.ringback.deliver({ to: TO }));
    expect(await lab.ringback.deliver({ to: TO })).toMatchObject({ destination: DESTINATION });
  });

  it('without a word of what the URI may carry', async () => {
    const lines: string[] = [];
    const write = (fields: object): void => void lines.push(JSON.stringify(fields));
    const logger: Logger = { debug: write, info: write, warn: write, error: write };
    const lab = ring([{ status: 410 }], { logger, onDisable: () => Promise.reject(new Error('database away')) });
    await settled(lab.ringback.deliver({ to: TO }));
    await lab.clock.advance(1);
    expect(lines).toHaveLength(1);
    expect(JSON.stringify([lines, lab.heard, lab.ringback.snapshot()])).not.toContain('t0ken');
  });
});

describe('a destination that fails for long', () => {
  it.each([
    { status: 500 },
    { status: 503 },
    { status: 401 },
    { status: 302 },
    'timed-out',
    'failed',
    // A name that leads into one's own network since its domain was sold never succeeds either.
    'forbidden',
  ] as const)('raises one disable event after five days: %j', async (step) => {
    const lab = ring(always(step), { pipeline: ONCE });
    const sinceMs = lab.clock.now();
    await halfDays(lab, 10);
    expect(disabled(lab)).toEqual([]);
    await halfDays(lab, 30);
    expect(disabled(lab)).toEqual([expect.objectContaining({ destination: DESTINATION, why: 'failing', sinceMs, failures: 11 })]);
  });

  it.each(['shed', 'cancelled'] as const)('does not fail by what is %s: that is our own doing', async (step) => {
    const lab = ring(always(step), { pipeline: ONCE });
    await halfDays(lab, 30);
    expect(disabled(lab)).toEqual([]);
    expect(lab.ringback.snapshot().failing).toEqual({});
  });

  it('is forgotten at its first success, and told again when it fails for as long once more', async () => {
    const steps = [...Array<ScriptedStep>(10).fill('failed'), 'delivered', ...Array<ScriptedStep>(11).fill('failed')] as const;
    const lab = ring([...steps, 'delivered', ...Array<ScriptedStep>(12).fill('failed')], { pipeline: ONCE });
    await halfDays(lab, steps.length - 1);
    expect(disabled(lab)).toEqual([]);
    await halfDays(lab, 1);
    expect(disabled(lab)).toHaveLength(1);
    await halfDays(lab, 1);
    expect(lab.ringback.snapshot().failing).toEqual({});
    await halfDays(lab, 12);
    expect(disabled(lab)).toHaveLength(2);
  });

  it('is a warning for the operator', async () => {
    const warnings: object[] = [];
    const logger: Logger = { debug: () => {}, info: () => {}, warn: (...line) => void warnings.push(line), error: () => {} };
    const lab = ring(always('failed'), { pipeline: ONCE, logger });
    const sinceMs = lab.clock.now();
    await halfDays(lab, 12);
    expect(warnings).toEqual([[{ destination: DESTINATION, sinceMs, failures: 11 }, 'a destination has been failing for long']]);
  });

  it('is told while its circuit is open most of the time', async () => {
    const lab = ring(always('failed'));
    for (let hour = 0; hour < 121; hour++) {
      const calls = Array.from({ length: 10 }, () => settled(lab.ringback.deliver({ to: TO })));
      await lab.clock.advance(HOUR_MS);
      await Promise.all(calls);
    }
    expect(lab.heard.some(({ event }) => event === 'shed')).toBe(true);
    expect(disabled(lab)).toHaveLength(1);
  });

  it('is remembered though its policies’ state had to go for another destination', async () => {
    const lab = ring(({ to }) => (to === TO ? 'rejected' : 'delivered'), { pipeline: ONCE, maxDestinations: 1 });
    for (let i = 0; i < 11; i++) {
      await halfDays(lab, 1);
      await lab.ringback.deliver({ to: 'https://other.example/' });
      await lab.ringback.deliver({ to: 'https://third.example/' });
      expect(Object.keys(lab.ringback.snapshot().destinations)).not.toContain(DESTINATION);
    }
    expect(disabled(lab)).toHaveLength(1);
  });

  it('is told apart from others by the `destination` option', async () => {
    const lab = ring(({ to }) => (to.endsWith('/a') ? 'rejected' : 'delivered'), {
      pipeline: ONCE,
      destination: (to) => to.origin + to.pathname,
    });
    for (let i = 0; i < 11; i++) {
      await halfDays(lab, 1, 'https://shared.example/a');
      await lab.ringback.deliver({ to: 'https://shared.example/b' });
    }
    expect(disabled(lab).map(({ destination }) => destination)).toEqual(['https://shared.example/a']);
  });

  it('has its days counted on over a restart, by snapshot().failing', async () => {
    const before = ring(always('failed'), { pipeline: ONCE });
    await halfDays(before, 8);
    const failing = JSON.parse(JSON.stringify(before.ringback.snapshot().failing));
    await before.ringback.close();
    expect(failing).toMatchObject({ [DESTINATION]: { failures: 8, told: false } });

    const after = ring(always('failed'), { pipeline: ONCE, failing });
    await after.clock.advance(before.clock.now() - after.clock.now());
    await halfDays(after, 2);
    expect(disabled(after)).toEqual([]);
    await halfDays(after, 1);
    expect(disabled(after)).toMatchObject([{ sinceMs: failing[DESTINATION].sinceMs, failures: 11 }]);

    const last = ring(always('failed'), { pipeline: ONCE, failing: after.ringback.snapshot().failing });
    await halfDays(last, 12);
    expect(disabled(last)).toEqual([]);
  });

  it('is not kept beyond maxDestinations: the one whose last failure is the oldest is forgotten', async () => {
    const lab = ring(always('failed'), {
      pipeline: ONCE,
      maxDestinations: 2,
      failing: { 'https://broken.example': {} as never },
    });
    for (const name of ['a', 'b', 'a', 'c']) await settled(lab.ringback.deliver({ to: `https://${name}.example/` }));
    expect(Object.keys(lab.ringback.snapshot().failing)).toEqual(['https://a.example', 'https://c.example']);
  });

  it('may be given less time', async () => {
    const lab = ring(always('failed'), { pipeline: ONCE, disableAfterMs: 2 * DAY_MS });
    await halfDays(lab, 5);
    expect(disabled(lab)).toHaveLength(1);
  });
});

describe('the hook', () => {
  const broken: Record<string, () => unknown> = {
    throws: () => {
      throw new Error('broken');
    },
    rejects: async () => {
      throw new Error('broken');
    },
    'never ends': () => new Promise(() => {}),
  };

  it.each(Object.entries(broken))('that %s is logged, and harms no delivery', async (_, onDisable) => {
    const errors: string[] = [];
    const logger: Logger = {
      debug: () => {},
      info: () => {},
      warn: () => {},
      error: (_fields, message) => void errors.push(message),
    };
    const lab = ring(['gone', 'delivered'], { onDisable, logger });
    await lab.ringback.enqueue({ to: TO });
    await lab.clock.advance(1);
    expect(await lab.ringback.deliver({ to: TO })).toMatchObject({ destination: DESTINATION });
    await lab.clock.advance(10_000);
    expect(errors).toEqual(['onDisable failed']);
    expect(lab.clock.timers).toBe(0);
  });

  it('is waited for by drain and by close', async () => {
    let disable = (): void => {};
    const lab = ring(['gone'], { onDisable: () => new Promise<void>((resolve) => (disable = resolve)) });
    await lab.ringback.enqueue({ to: TO });
    const ends: string[] = [];
    const drained = lab.ringback.drain().then(() => ends.push('drained'));
    const closed = lab.ringback.close().then(() => ends.push('closed'));
    await lab.clock.advance(1_000);
    expect(ends).toEqual([]);
    disable();
    await Promise.all([drained, closed]);
    expect(ends.toSorted()).toEqual(['closed', 'drained']);
  });

  it('is not called again for a URI while it runs for it', async () => {
    const told: string[] = [];
    let disable = (): void => {};
    const lab = ring(always('gone'), {
      onDisable: ({ id }) => {
        told.push(id);
        return new Promise<void>((resolve) => (disable = resolve));
      },
    });
    for (const id of ['a', 'b', 'c']) await settled(lab.ringback.deliver({ to: TO, id }));
    await settled(lab.ringback.deliver({ to: 'https://other.example/', id: 'd' }));
    expect(told).toEqual(['a', 'd']);
    disable();
    await lab.clock.advance(0);
    await settled(lab.ringback.deliver({ to: 'https://other.example/', id: 'e' }));
    expect(told).toEqual(['a', 'd', 'e']);
    expect(disabled(lab)).toHaveLength(5);
  });

  it('runs a thousand times at once at the most, and what it was not called for is logged', async () => {
    const errors: unknown[] = [];
    const error = (fields: object): void => void errors.push((fields as { readonly error: unknown }).error);
    const logger: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error };
    const ends: (() => void)[] = [];
    const onDisable = (): Promise<void> => new Promise((resolve) => ends.push(resolve));
    const lab = ring(always('gone'), { onDisable, logger });
    for (let i = 0; i <= 1_000; i++) await settled(lab.ringback.deliver({ to: `https://customer-${i}.example/` }));
    expect(ends).toHaveLength(1_000);
    expect(errors).toEqual([expect.objectContaining({ message: 'onDisable was not called: 1000 calls of it have not ended' })]);
    expect(disabled(lab)).toHaveLength(1_001);
    for (const end of ends) end();
    await lab.clock.advance(0);
    await settled(lab.ringback.deliver({ to: 'https://customer-1000.example/' }));
    expect(ends).toHaveLength(1_001);
  });
});
