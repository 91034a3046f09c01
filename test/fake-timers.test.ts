import { mock } from 'node:test';
import FakeTimers from '@sinonjs/fake-timers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../src/clock.js';
import { seededRandom } from '../src/random.js';
import { createRingback, type Ringback } from '../src/ringback.js';
import { scriptedTransport } from '../src/testing/scripted-transport.js';
import type { ScriptedStep } from '../src/testing/transport-script.js';

/** The fake timers that people use, each driven in its own way. */
interface Fakes {
  install(): void;
  advance(ms: number): Promise<void>;
  uninstall(): void;
}

const STEP_MS = 500;

let sinon: FakeTimers.Clock | undefined;

const KINDS: Readonly<Record<string, Fakes>> = {
  'vitest’s': {
    install: () => void vi.useFakeTimers(),
    advance: async (ms) => void (await vi.advanceTimersByTimeAsync(ms)),
    uninstall: () => void vi.useRealTimers(),
  },
  'sinon’s': {
    install: () => {
      sinon = FakeTimers.install({ shouldClearNativeTimers: true });
    },
    advance: async (ms) => void (await sinon?.tickAsync(ms)),
    uninstall: () => sinon?.uninstall(),
  },
  'node:test’s': {
    install: () => mock.timers.enable({ apis: ['setTimeout', 'Date'] }),
    advance: async (ms) => {
      // One tick fires only the first of several chained sleeps, so time goes in steps, and promises settle between them.
      for (let left = ms; left > 0; left -= STEP_MS) {
        mock.timers.tick(Math.min(left, STEP_MS));
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    uninstall: () => mock.timers.reset(),
  },
};

describe.each(Object.entries(KINDS))('systemClock under %s fake timers', (_, fakes) => {
  let isInstalled = false;
  const install = (): void => {
    fakes.install();
    isInstalled = true;
  };
  const uninstall = (): void => {
    if (isInstalled) fakes.uninstall();
    isInstalled = false;
  };
  afterEach(uninstall);

  it('is driven when they are installed before it is first used', async () => {
    vi.resetModules();
    install();
    const fresh = (await import('../src/clock.js')).systemClock;
    const started = { wall: fresh.now(), monotonic: fresh.monotonic() };
    let fired = false;
    fresh.setTimer(() => {
      fired = true;
    }, 60_000);
    await fakes.advance(59_999);
    expect(fired).toBe(false);
    await fakes.advance(1);
    expect(fired).toBe(true);
    expect(fresh.now() - started.wall).toBe(60_000);
    expect(fresh.monotonic() - started.monotonic).toBeCloseTo(60_000, 3);
  });

  it('is driven when they are installed after it was used', async () => {
    systemClock.monotonic();
    install();
    const startedMs = systemClock.monotonic();
    let slept = false;
    const sleep = systemClock.sleep(5_000).then(() => {
      slept = true;
    });
    await fakes.advance(4_999);
    expect(slept).toBe(false);
    await fakes.advance(1);
    await sleep;
    expect(systemClock.monotonic() - startedMs).toBeCloseTo(5_000, 3);
  });

  it('has a monotonic time that goes on, neither back nor in a leap, when they come and go', async () => {
    const minuteMs = 60_000;
    const beforeMs = systemClock.monotonic();
    install();
    const installedMs = systemClock.monotonic();
    await fakes.advance(minuteMs);
    const advancedMs = systemClock.monotonic();
    uninstall();
    const afterMs = systemClock.monotonic();
    expect(installedMs).toBeGreaterThanOrEqual(beforeMs);
    expect(installedMs - beforeMs).toBeLessThan(minuteMs);
    expect(advancedMs - installedMs).toBeCloseTo(minuteMs, 3);
    expect(afterMs).toBeGreaterThanOrEqual(advancedMs);
    expect(afterMs - advancedMs).toBeLessThan(minuteMs);
  });

  it('ends a timer that was set before they were installed', () => {
    const timer = systemClock.setTimer(() => {}, 60_000) as NodeJS.Timeout;
    install();
    systemClock.clearTimer(timer);
    expect((timer as unknown as { _destroyed: boolean })._destroyed).toBe(true);
  });

  it('clears a timer that was set under them, and after they are gone', async () => {
    install();
    let fired = 0;
    systemClock.clearTimer(systemClock.setTimer(() => fired++, 10));
    await fakes.advance(20);
    const orphan = systemClock.setTimer(() => fired++, 10);
    uninstall();
    systemClock.clearTimer(orphan);
    expect(fired).toBe(0);
  });

  const ringbackOver = (...script: readonly ScriptedStep[]): Ringback =>
    createRingback({ transports: [scriptedTransport(script)], random: seededRandom(1) });
  const to = 'https://customer.example/hooks';

  it('drives a delivery with its retries', async () => {
    install();
    const ringback = ringbackOver({ status: 503, headers: { 'retry-after': '5' } }, 'failed', {
      afterMs: 2_000,
      step: 'delivered',
    });
    const delivery = ringback.deliver({ to });
    await fakes.advance(25_000);
    const { attempts } = await delivery;
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['overloaded', 'failed', 'delivered']);
    expect(attempts[0]?.waitMs).toBeGreaterThanOrEqual(5_000);
    expect(attempts[2]?.durationMs).toBeCloseTo(2_000, 3);
    await ringback.close();
  });

  it('drives the timeout of an attempt, also where its timer was armed before they were installed', async () => {
    const ringback = ringbackOver('delivered', 'hang', 'delivered');
    await ringback.deliver({ to });
    install();
    const delivery = ringback.deliver({ to });
    await fakes.advance(25_000);
    const { attempts } = await delivery;
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['timed-out', 'delivered']);
    expect(attempts[0]?.durationMs).toBeCloseTo(15_000, 3);
    await ringback.close();
  });

  it('drives the schedule of the outbox', async () => {
    install();
    const ringback = ringbackOver('failed', 'failed', 'delivered');
    const { id } = await ringback.enqueue({ to });
    await fakes.advance(60_000);
    expect(await ringback.status(id)).toEqual({ state: 'waiting' });
    await fakes.advance(360_000);
    expect(await ringback.status(id)).toEqual({ state: 'delivered' });
    await ringback.close();
  });
});
