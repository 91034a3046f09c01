import { mock } from 'node:test';
import FakeTimers from '@sinonjs/fake-timers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../src/clock.js';

/** The fake timers that people use, each driven in its own way. */
interface Fakes {
  install(): void;
  advance(ms: number): Promise<void>;
  uninstall(): void;
}

let sinon: FakeTimers.Clock | undefined;

const KINDS: Readonly<Record<string, Fakes>> = {
  'vitest’s': {
    install: () => void vi.useFakeTimers(),
    advance: async (ms) => void (await vi.advanceTimersByTimeAsync(ms)),
    uninstall: () => void vi.useRealTimers(),
  },
  'sinon’s': {
    install: () => {
      sinon = FakeTimers.install();
    },
    advance: async (ms) => void (await sinon?.tickAsync(ms)),
    uninstall: () => sinon?.uninstall(),
  },
  'node:test’s': {
    install: () => mock.timers.enable({ apis: ['setTimeout', 'Date'] }),
    advance: async (ms) => {
      mock.timers.tick(ms);
      await Promise.resolve();
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
});
