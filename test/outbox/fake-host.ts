import type { Delivery } from '../../src/callback.js';
import { type MemoryOutboxOptions, memoryOutbox } from '../../src/outbox/memory-outbox.js';
import type { DeadLetter, Disposition, Outbox, OutboxEntry, OutboxHost } from '../../src/outbox/outbox.js';
import type { CancelSignal } from '../../src/policies/pipeline/cancel-signal.js';
import type { Refusal } from '../../src/policies/policy.js';
import { seededRandom } from '../../src/random.js';
import { type FakeClock, fakeClock } from '../../src/testing/fake-clock.js';

export const done: Disposition = { next: 'done' };

export const later = (delayMs: number, attemptCount = 1): Disposition => ({ next: 'later', delayMs, attempts: [], attemptCount });

export const dead = (reason = 'gone', attemptCount = 1): Disposition => ({ next: 'dead', reason, attempts: [], attemptCount });

export function delivery(id: string, fields: Partial<Delivery> = {}): Delivery {
  const destination = fields.destination ?? 'https://a.example';
  return Object.freeze({
    id,
    to: `${destination}/hooks?token=canary-to`,
    destination,
    headers: { authorization: 'canary-header' },
    body: new TextEncoder().encode('canary-body'),
    contentType: 'application/json',
    priority: 0,
    acceptedAtMs: 1_000,
    ...fields,
  });
}

/** One call of `handle` that has not ended yet. */
export interface Run {
  readonly entry: OutboxEntry;
  readonly signal: CancelSignal;
  end(disposition: Disposition): Promise<void>;
  fail(error: unknown): Promise<void>;
}

/** A host whose attempts end when the test says so. */
export interface FakeHost extends OutboxHost {
  readonly clock: FakeClock;
  /** What is running, in the order handed over. */
  readonly runs: Run[];
  /** Every id handed over so far, in order. */
  readonly handed: string[];
  readonly refusals: Map<string, Refusal>;
  /** Every peek so far. */
  readonly peeks: string[];
  readonly letters: { letter: DeadLetter; dropped: DeadLetter | undefined }[];
  /** The run of this id; fails the test when it is not running. */
  run(id: string): Run;
  /** Lets promise chains settle. */
  settle(): Promise<void>;
}

export function fakeHost(): FakeHost {
  const clock = fakeClock();
  const host: FakeHost = {
    clock,
    random: seededRandom(1),
    runs: [],
    handed: [],
    refusals: new Map(),
    peeks: [],
    letters: [],
    peek(destination) {
      host.peeks.push(destination);
      return host.refusals.get(destination);
    },
    handle: (entry, signal) =>
      new Promise((resolve, reject) => {
        const leave = (): Promise<void> => {
          host.runs.splice(host.runs.indexOf(run), 1);
          return host.settle();
        };
        const run: Run = {
          entry,
          signal,
          end: (disposition) => {
            resolve(disposition);
            return leave();
          },
          fail: (error) => {
            reject(error);
            return leave();
          },
        };
        host.handed.push(entry.delivery.id);
        host.runs.push(run);
      }),
    deadLettered: (letter, dropped) => {
      host.letters.push({ letter, dropped });
    },
    run(id) {
      const run = host.runs.find((candidate) => candidate.entry.delivery.id === id);
      if (run === undefined) throw new Error(`${id} is not running`);
      return run;
    },
    settle: () => clock.advance(0),
  };
  return host;
}

export const refusal = (retryAfterMs?: number): Refusal => ({
  code: 'circuit-open',
  policy: 'circuit-breaker',
  reason: 'open',
  retryAfterMs,
});

/** An outbox that runs, and its host. */
export function started(options?: MemoryOutboxOptions): { readonly host: FakeHost; readonly outbox: Outbox } {
  const host = fakeHost();
  const outbox = memoryOutbox(options);
  outbox.start(host);
  return { host, outbox };
}
