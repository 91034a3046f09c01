import type { Answer, Message } from '../callback.js';
import { statusOutcome } from '../classify/status.js';
import { type Clock, systemClock } from '../clock.js';
import { checkNames, contractOption, invalidOption, numberOption } from '../options.js';
import type { SendAttempt, Transport } from '../transports/transport.js';
import { checkScript, checkStep, type ScriptedStep, type TransportScript } from './transport-script.js';

/** Settings of {@link scriptedTransport}. */
export interface ScriptedTransportOptions {
  /** What `afterMs` waits on. Default `systemClock`; give it the `fakeClock()` that ringback runs on. */
  readonly clock?: Clock;
  /** The schemes it accepts, without the colon. Default: every scheme. */
  readonly schemes?: readonly string[];
  /** `false` keeps nothing of what was sent. Default `true`. */
  readonly record?: boolean;
  /** How many sends are kept, the first ones; those after them are only counted. From 1. Default 10,000. */
  readonly maxRecorded?: number;
}

/** One send, as a {@link ScriptedTransport} keeps it. */
export interface RecordedSend {
  /** What it was given: final headers and bytes. */
  readonly message: Message;
  /** The attempt's number, from 1. */
  readonly attempt: number;
  /** Monotonic ms, on the transport's clock, at which it was sent. */
  readonly atMs: number;
}

/** A transport whose answers go by a script, and which remembers what it was given. */
export interface ScriptedTransport extends Transport {
  /** What was sent, oldest first: at most the first `maxRecorded`. */
  readonly sent: readonly RecordedSend[];
  /** How often it was asked to send, recorded or not. */
  readonly sentCount: number;
}

/**
 * A transport that sends nothing and answers by script: for unit tests of what your service does when a receiver fails, is
 * slow, or hangs. Without a script everything is `delivered`.
 *
 * @throws RingbackError `invalid-option` for an unknown option or a malformed step; where a function's step is malformed, the
 * send rejects with it.
 * @example
 * ```ts
 * import { createRingback } from 'ringback';
 * import { fakeClock, scriptedTransport } from 'ringback/testing';
 *
 * const clock = fakeClock();
 * const transport = scriptedTransport([{ status: 503, headers: { 'retry-after': '5' } }, 'delivered'], { clock });
 * const ringback = createRingback({ transports: [transport], clock });
 *
 * const delivery = ringback.deliver({ to: 'https://customer.example/hooks', data: { id: 'in_42' } });
 * await clock.advance(10_000);
 * const receipt = await delivery;
 * console.log(receipt.attempts.map((attempt) => attempt.outcome)); // [ 'overloaded', 'delivered' ]
 * console.log(transport.sentCount); // 2
 * await ringback.close();
 * ```
 */
export function scriptedTransport(script: TransportScript = [], options: ScriptedTransportOptions = {}): ScriptedTransport {
  checkScript(script);
  checkNames('scriptedTransport', options, ['clock', 'schemes', 'record', 'maxRecorded']);
  const { schemes, record = true } = options;
  if (schemes !== undefined && !Array.isArray(schemes)) throw invalidOption('schemes', 'an array of schemes', schemes);
  if (typeof record !== 'boolean') throw invalidOption('record', 'true or false', record);
  const clock = contractOption('clock', options.clock ?? systemClock, ['monotonic', 'sleep']);
  const keep = numberOption('maxRecorded', options.maxRecorded, DEFAULT_MAX_RECORDED, { from: 1, integer: true });
  const maxRecorded = record ? keep : 0;
  const sent: RecordedSend[] = [];
  let sentCount = 0;
  return {
    name: 'scripted',
    accepts: (to) => schemes === undefined || schemes.includes(to.protocol.slice(0, -1)),
    send: (message, attempt) => {
      const turn = sentCount++;
      if (turn < maxRecorded) sent.push({ message, attempt: attempt.number, atMs: clock.monotonic() });
      if (typeof script === 'function') return followFunction(script, message, attempt, clock);
      return follow(script[turn] ?? 'delivered', attempt, clock);
    },
    sent,
    get sentCount() {
      return sentCount;
    },
  };
}

const DEFAULT_MAX_RECORDED = 10_000;

/** One answer for all that is plainly delivered: benchmarks send millions of them. */
const DELIVERED: Promise<Answer> = Promise.resolve(Object.freeze({ outcome: Object.freeze({ kind: 'delivered' }) }));

/** Its throw, and a step of it that is none, is the send's. */
async function followFunction(
  script: (message: Message, attempt: SendAttempt) => ScriptedStep,
  message: Message,
  attempt: SendAttempt,
  clock: Clock,
): Promise<Answer> {
  const step = script(message, attempt);
  if (step === 'delivered') return DELIVERED;
  checkStep('the step that the script returned', step);
  return follow(step, attempt, clock);
}

/** The signal is made when it is asked for, so only what waits asks. */
function follow(step: ScriptedStep, attempt: SendAttempt, clock: Clock): Promise<Answer> {
  if (step === 'delivered') return DELIVERED;
  // A fresh one each time: what waits on a promise that never settles is kept as long as that promise is.
  if (step === 'hang') return new Promise(() => {});
  if (typeof step === 'string') return Promise.resolve({ outcome: { kind: step } });
  if ('kind' in step) return Promise.resolve({ outcome: step });
  if ('afterMs' in step) return clock.sleep(step.afterMs, attempt.signal).then(() => follow(step.step, attempt, clock));
  if ('throws' in step) return Promise.reject(step.throws);
  if ('hang' in step) return untilAborted(attempt.signal);
  return Promise.resolve(answered(step.status, step.headers ?? {}));
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}

function answered(status: number, headers: Readonly<Record<string, string>>): Answer {
  return {
    outcome: statusOutcome(status, headers),
    response: { status, headers, body: new Uint8Array(0), truncated: false },
  };
}
