import type { AttemptRecord, Delivery } from '../callback.js';
import type { Clock } from '../clock.js';
import type { CancelSignal } from '../policies/pipeline/cancel-signal.js';
import type { Refusal } from '../policies/policy.js';
import type { Random } from '../random.js';

/** One delivery in the outbox, with what has happened to it so far. */
export interface OutboxEntry {
  /** What is to be delivered. */
  readonly delivery: Delivery;
  /** What was tried, oldest first, at most the last 20; `attemptCount` counts all. */
  readonly attempts: readonly AttemptRecord[];
  /** Attempts that were made since it was accepted, or replayed. */
  readonly attemptCount: number;
  /** Wall-clock ms by which it must have ended: its `deadlineMs` from when it was accepted, or replayed; else `Infinity`. */
  readonly deadlineAtMs: number;
}

/** What is to become of an entry after a try. */
export type Disposition =
  /** It is finished: delivered or cancelled. */
  | { readonly next: 'done' }
  /** It comes again, `delayMs` from now, with these records. It holds no slot while it waits. */
  | {
      readonly next: 'later';
      readonly delayMs: number;
      readonly attempts: readonly AttemptRecord[];
      readonly attemptCount: number;
    }
  /** It is hopeless, or out of attempts: it goes to the dead letters. */
  | {
      readonly next: 'dead';
      readonly reason: string;
      readonly attempts: readonly AttemptRecord[];
      readonly attemptCount: number;
    };

/** What ringback lends an outbox. The outbox pulls; ringback decides. */
export interface OutboxHost {
  /** The instance's own: what all times and waits are taken from. */
  readonly clock: Clock;
  /** The instance's own. */
  readonly random: Random;
  /** Would the destination's policies refuse now? An outbox does not hand over what would only be refused. */
  peek(destination: string): Refusal | undefined;
  /**
   * Makes one attempt. It never rejects. `signal` aborts it when the entry is cancelled or the outbox stops hard (the reason is
   * a RingbackError, `cancelled` or `closed`); an AbortSignal will do, and costs more. What such an abort cut short comes back as `later`: a cancelled one is then
   * dropped, a stopped one handed back or kept. `done` after an abort means that it was delivered all the same.
   */
  handle(entry: OutboxEntry, signal: CancelSignal): Promise<Disposition>;
  /** Told once per dead letter, after it is kept; `dropped` is what had to go to make room for it. */
  deadLettered(letter: DeadLetter, dropped: DeadLetter | undefined): void;
}

/** A delivery that was given up. Headers and body are kept for a replay, and don't show. */
export interface DeadLetter {
  /** The delivery's id: what `replay` and `purge` take. */
  readonly id: string;
  /** The key of its destination, its origin by default. */
  readonly destination: string;
  /** The callback's own, as are the two that follow. */
  readonly type?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** Why it was given up: `gone`, `out of attempts`, `rejected: answered 404`, … */
  readonly reason: string;
  /** Oldest first, at most the last 20; `attemptCount` counts all. */
  readonly attempts: readonly AttemptRecord[];
  /** Attempts that were made. */
  readonly attemptCount: number;
  /** Wall-clock ms at which the callback was accepted. */
  readonly acceptedAtMs: number;
  /** Wall-clock ms at which it was given up. */
  readonly deadAtMs: number;
}

/** The dead letters of an outbox. */
export interface DeadLetters {
  /** Oldest first. `limit` defaults to 100. */
  list(options?: { readonly destination?: string; readonly limit?: number }): Promise<readonly DeadLetter[]>;
  /** Puts it back into the outbox with its attempts counted, and its deadline measured, anew. False when there is no such letter. */
  replay(id: string): Promise<boolean>;
  /** Deletes one, or all. Returns how many went. */
  purge(id?: string): Promise<number>;
}

/** Depths and ages, for an operator. */
export interface OutboxSnapshot {
  /** All that is accepted and unfinished. */
  readonly depth: number;
  /** Attempts that run now. */
  readonly running: number;
  /** Ready to run now. */
  readonly ready: number;
  /** Waiting for its time. */
  readonly waiting: number;
  /** How long ago the oldest unfinished one was accepted, in ms; 0 when there is none. */
  readonly oldestAgeMs: number;
  /** Dead letters that are kept. */
  readonly deadLetters: number;
}

/** Where an entry stands, for `ringback.status`. */
export type OutboxStatus = 'ready' | 'running' | 'waiting' | 'dead';

/**
 * Holds what was accepted until it is delivered. Everything it accepts ends: done, dead, cancelled, or handed back by `stop`.
 * What does not run at its deadline goes to the dead letters then, by the reason `deadline`, whatever it waits for; what runs is
 * the host's to end.
 */
export interface Outbox {
  /** What it is called in messages. */
  readonly name: string;
  /**
   * Takes an entry. Resolves once it is stored: for a durable outbox, once a crash would not lose it. At the bound it waits
   * for room or rejects with `outbox-full`, as it was built to.
   */
  add(delivery: Delivery, signal?: AbortSignal): Promise<void>;
  /** Starts handing entries to the host. Called once. */
  start(host: OutboxHost): void;
  /** A destination may have become free: look again. Wakes come on release, so nothing polls. */
  wake(destination: string): void;
  /** Takes one out. False when it is unknown or finished. A running one is aborted. */
  cancel(id: string): Promise<boolean>;
  /** Where it stands; undefined when it is unknown or finished. */
  status(id: string): Promise<OutboxStatus | undefined>;
  /** Resolves when nothing is left that is accepted and unfinished. */
  drain(): Promise<void>;
  /**
   * Takes no more, starts no more, gives what runs `timeoutMs` to finish, then aborts it. Resolves with what is left: for an
   * outbox in memory these are about to be lost; a durable one keeps them and resolves with none.
   */
  stop(timeoutMs: number): Promise<readonly Delivery[]>;
  /** What was given up and is kept. */
  readonly deadLetters: DeadLetters;
  /** Depths and ages at this monotonic time. */
  snapshot(nowMs: number): OutboxSnapshot;
}
