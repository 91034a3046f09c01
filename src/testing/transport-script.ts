import type { Message } from '../callback.js';
import { invalidOption, requiredNumber } from '../options.js';
import type { Outcome, OutcomeKind } from '../outcome.js';
import type { SendAttempt } from '../transports/transport.js';

/**
 * How one send goes:
 *
 * - an outcome, by its kind (`'overloaded'`) or whole (`{ kind: 'overloaded', retryAfterMs: 2_000 }`);
 * - an HTTP answer, read as `ringback/http` reads it: `{ status: 503, headers: { 'retry-after': '2' } }`;
 * - `{ afterMs, step }`: that step, that many ms later; an abort ends the wait;
 * - `'hang'`: never ends, and ignores its signal; `{ hang: 'until-aborted' }` ends with the signal's reason;
 * - `{ throws: error }`: the send rejects with it.
 */
export type ScriptedStep =
  | OutcomeKind
  | Outcome
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly afterMs: number; readonly step: ScriptedStep }
  | 'hang'
  | { readonly hang: 'until-aborted' }
  | { readonly throws: unknown };

/**
 * What a transport answers with: steps in the order of the sends, and `delivered` once they have run out; or a function, for
 * an answer by destination or attempt.
 */
export type TransportScript = readonly ScriptedStep[] | ((message: Message, attempt: SendAttempt) => ScriptedStep);

const KINDS: ReadonlySet<unknown> = new Set<OutcomeKind>([
  'delivered',
  'rejected',
  'gone',
  'overloaded',
  'failed',
  'timed-out',
  'cancelled',
  'shed',
  'forbidden',
]);

/** Refuses what is neither an array of steps nor a function. */
export function checkScript(script: unknown): void {
  if (typeof script === 'function') return;
  if (!Array.isArray(script)) throw invalidOption('script', 'an array of steps or a function', script);
  script.forEach((step, index) => {
    checkStep(`script[${index}]`, step);
  });
}

const STEP_RULE = "an outcome, { status }, { afterMs, step }, 'hang', { hang: 'until-aborted' } or { throws }";

/** Refuses what is no step; `name` says in the message where it stood. */
export function checkStep(name: string, step: unknown): void {
  if (typeof step === 'string' && (step === 'hang' || KINDS.has(step))) return;
  if (typeof step !== 'object' || step === null) throw invalidOption(name, STEP_RULE, step);
  const { kind, status, afterMs, step: later, hang } = step as Readonly<Record<string, unknown>>;
  if ('throws' in step || hang === 'until-aborted' || KINDS.has(kind)) return;
  if ('afterMs' in step) {
    requiredNumber(`${name}.afterMs`, afterMs, { from: 0 });
    checkStep(`${name}.step`, later);
    return;
  }
  if (!Number.isInteger(status)) throw invalidOption(name, STEP_RULE, step);
}
