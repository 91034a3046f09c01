import { afterEach, describe, expect, it, vi } from 'vitest';
import { isRingbackError } from '../../src/errors.js';
import { type TransportConformanceOptions, type TransportUnderTest, transportConformance } from '../../src/testing/index.js';
import type { Transport } from '../../src/transports/transport.js';
import { BROKEN_TRANSPORTS } from './broken-transports.js';
import { MAX_BYTES, memoryTransport, Wire } from './memory-transport.js';

type Case = { readonly name: string; readonly run: () => Promise<void> };
type Options = Omit<TransportConformanceOptions, 'describe' | 'it'>;

/** The cases that the suite declares, for the test to run. */
function collect(options: Options): Case[] {
  const cases: Case[] = [];
  transportConformance({ ...options, describe: (_, body) => body(), it: (name, run) => cases.push({ name, run }) });
  return cases;
}

function open(create: (wire: Wire) => Transport): TransportUnderTest {
  const wire = new Wire();
  return {
    transport: create(wire),
    destination: (behaviour) => `memory:${behaviour}`,
    openConnections: () => wire.open.size,
    requests: () => wire.requests,
  };
}

/** Longer than any case takes, its limits and its end included. */
const LONG_MS = 20_000;

/** What each case that fails says, by its name. Time is moved: a case that waits for its limit takes none. */
async function failuresOf(options: Options): Promise<Map<string, string>> {
  vi.useFakeTimers();
  const failures = new Map<string, string>();
  for (const { name, run } of collect({ maxResponseBytes: MAX_BYTES, ...options })) {
    const failure = run().then(
      () => undefined,
      (error: Error) => error.message,
    );
    await vi.advanceTimersByTimeAsync(LONG_MS);
    const message = await failure;
    if (message !== undefined) failures.set(name, message);
  }
  return failures;
}

afterEach(() => {
  vi.useRealTimers();
});

describe('a sound transport', () => {
  transportConformance({ describe, it, createTransport: () => open(memoryTransport), maxResponseBytes: MAX_BYTES });
});

describe('a transport with', () => {
  it.each(Object.entries(BROKEN_TRANSPORTS))('%s fails where it must', async (_, { create, failsIn, says }) => {
    const failures = await failuresOf({ createTransport: () => open(create) });
    expect([...failures.keys()]).toEqual(failsIn);
    expect([...failures.values()][0]).toContain(says);
  });

  it.each([
    ['a timer', 'leaves nothing that keeps the process alive', false],
    ['a timer of an aborted send', 'leaves nothing that keeps the process alive when sends were aborted', true],
  ])('%s left behind fails where it must', async (_, name, isAborted) => {
    const timers: NodeJS.Timeout[] = [];
    const create = (wire: Wire): Transport => {
      const sound = memoryTransport(wire);
      return {
        ...sound,
        send: async (message, attempt) => {
          const timer = setTimeout(() => {}, 60_000);
          timers.push(timer);
          const answer = await sound.send(message, attempt);
          if (isAborted) clearTimeout(timer);
          return answer;
        },
      };
    };
    const cases = collect({ createTransport: () => open(create), maxResponseBytes: MAX_BYTES });
    const failing = cases.find((each) => each.name === name);
    const error: unknown = await failing?.run().catch((thrown: unknown) => thrown);
    for (const timer of timers) clearTimeout(timer);
    expect(String(error)).toMatch(/nothing may keep the process alive once all is closed, but these do: \d Timeout/);
  });
});

describe('the suite', () => {
  it('tells the names of what is left out, and why, and asks nothing for them', async () => {
    const asked: string[] = [];
    const createTransport = (): TransportUnderTest => {
      const opened = open(memoryTransport);
      return {
        ...opened,
        destination: (behaviour) => {
          asked.push(behaviour);
          return opened.destination(behaviour);
        },
      };
    };
    const options = { createTransport, leftOut: { gone: 'no reply for it', close: 'it holds nothing' } };
    const leftOut = collect(options).filter(({ name }) => name.includes('left out'));
    expect(leftOut.map(({ name }) => name)).toEqual([
      'is gone where the other end says never again (left out, gone: no reply for it)',
      'finishes what it sends when it is closed (left out, close: it holds nothing)',
      'refuses what comes after, from the moment of close on (left out, close: it holds nothing)',
      'ends close once what hangs is aborted (left out, close: it holds nothing)',
      'leaves no connection open after close (left out, close: it holds nothing)',
      'leaves no connection open after close when sends were aborted (left out, close: it holds nothing)',
    ]);
    for (const { run } of leftOut) await run();
    expect(asked).toEqual([]);
  });

  it('fails where the harness counts nothing and does not say so', async () => {
    const createTransport = (): TransportUnderTest => {
      const { transport, destination } = open(memoryTransport);
      return { transport, destination };
    };
    const failures = await failuresOf({ createTransport });
    const noRequests = 'the harness must have requests(), or leftOut.requests';
    const noConnections = 'the harness must have openConnections(), or leftOut.openConnections';
    expect([...failures]).toEqual([
      ['makes one request when it is delivered', noRequests],
      ['makes one request when it has failed, and retries nothing by itself', noRequests],
      ['makes one request when it is overloaded, and retries nothing by itself', noRequests],
      ['sends nothing when it was aborted before', noRequests],
      ['refuses what comes after, from the moment of close on', noRequests],
      ['leaves no connection open after close', noConnections],
      ['leaves no connection open after close when sends were aborted', noConnections],
    ]);
    const leftOut = { requests: 'not counted', openConnections: 'it has none' };
    expect((await failuresOf({ createTransport, leftOut })).size).toBe(0);
  });

  it('fails where a transport without close is not said to be one', async () => {
    const create = (wire: Wire): Transport => ({ ...memoryTransport(wire), close: undefined as never });
    const failures = await failuresOf({ createTransport: () => open(create) });
    expect([...failures.keys()]).toContain('finishes what it sends when it is closed');
  });

  it('hands back what stands around each transport, also when the case fails', async () => {
    let opened = 0;
    let closed = 0;
    const createTransport = (): TransportUnderTest => {
      opened++;
      const broken = BROKEN_TRANSPORTS['a close that throws']?.create ?? memoryTransport;
      return { ...open(broken), close: () => closed++ };
    };
    await failuresOf({ createTransport });
    expect(opened).toBeGreaterThan(30);
    expect(closed).toBe(opened);
  });

  it.each([
    [{ createTransport: undefined }, 'createTransport must be a function'],
    [{ leftOut: { delivers: 'it never does' } }, 'leftOut has no option "delivers"'],
    [{ leftOut: { 'says-nothing': 'x' } }, 'leftOut has no option "says-nothing"'],
    [{ leftOut: { gone: true } }, 'leftOut.gone must be'],
    [{ maxResponseBytes: -1 }, 'maxResponseBytes must be an integer of at least 0'],
    [{ timeoutMs: 5 }, 'transportConformance has no option "timeoutMs"'],
  ])('is refused with wrong options: %j', (options, says) => {
    let caught: unknown;
    try {
      collect({ createTransport: () => open(memoryTransport), ...(options as object) });
    } catch (error) {
      caught = error;
    }
    expect(isRingbackError(caught, 'invalid-option')).toBe(true);
    expect(String(caught)).toContain(says);
  });
});
