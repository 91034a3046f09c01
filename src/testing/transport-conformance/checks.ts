import { classifyByDefault } from '../../classify/default.js';
import { isRingbackError } from '../../errors.js';
import type { Outcome, OutcomeKind } from '../../outcome.js';
import { check, tagOf } from '../conformance-check.js';
import type { SendEnd } from './transport-case.js';

/** Longer than any phrase is. */
const MAX_REASON = 200;
const MAX_CAUSES = 8;

/** The send must have resolved with this outcome; or thrown what counts as it, where a throw can. */
export function endedAs(end: SendEnd, kind: OutcomeKind, why: string): Outcome {
  if ('thrown' in end) {
    const outcome = classifyByDefault({ error: end.thrown });
    check(outcome.kind === kind, `${why}: it must be ${kind}, but it threw ${show(end.thrown)}, which counts as ${outcome.kind}`);
    return outcome;
  }
  const { outcome } = end.answer;
  const because = outcome.reason === undefined ? '' : ` (${outcome.reason})`;
  check(outcome.kind === kind, `${why}: it must be ${kind}, got ${outcome.kind}${because}`);
  return outcome;
}

/** What is told for a person must be one short phrase. */
export function saysWhy({ kind, reason }: Outcome, why: string): void {
  const isPhrase = typeof reason === 'string' && reason !== '' && reason.length <= MAX_REASON && !/[\r\n]/.test(reason);
  check(isPhrase, `${why}: ${kind} must have a reason, one line of at most ${MAX_REASON} characters, got ${show(reason)}`);
}

/** An answer, where there is one, must have the shape of a `Response`. */
export function hasPlainAnswer(end: SendEnd, why: string): void {
  if ('thrown' in end || end.answer.response === undefined) return;
  const { status, headers, body, truncated } = end.answer.response;
  check(Number.isInteger(status), `${why}: response.status must be an integer, got ${show(status)}`);
  check(tagOf(body) === '[object Uint8Array]', `${why}: response.body must be a Uint8Array, got ${show(body)}`);
  check(typeof truncated === 'boolean', `${why}: response.truncated must be true or false, got ${show(truncated)}`);
  for (const [name, value] of Object.entries(headers)) {
    check(name === name.toLowerCase(), `${why}: names in response.headers must be in lower case, got ${show(name)}`);
    check(typeof value === 'string', `${why}: response.headers.${name} must be text, got ${show(value)}`);
  }
}

/**
 * A send whose signal was aborted must end by it: reject with the signal's reason, or an error that has it as a cause; or
 * resolve as `timed-out` where time was up, as `cancelled` where somebody gave up.
 */
export function endedByAbort(end: SendEnd, reason: unknown, why: string): void {
  if ('thrown' in end) {
    const must = "it must reject with the signal's reason, or with an error that has it as its cause";
    check(causesOf(end.thrown).includes(reason), `${why}: ${must}, but it threw ${show(end.thrown)}`);
    return;
  }
  const wanted: OutcomeKind = isRingbackError(reason, 'attempt-timeout') ? 'timed-out' : 'cancelled';
  const { kind } = end.answer.outcome;
  check(kind === wanted, `${why}: it must reject with the signal's reason, or be ${wanted}, but it is ${kind}`);
}

/** The send must have been refused by a transport that is closed. */
export function refusedAsClosed(end: SendEnd, why: string): void {
  check('thrown' in end, `${why}: it must reject with the code closed, but it resolved`);
  check(isRingbackError(end.thrown, 'closed'), `${why}: it must reject with the code closed, but it threw ${show(end.thrown)}`);
}

function causesOf(error: unknown): unknown[] {
  const causes: unknown[] = [];
  for (
    let cause = error;
    cause !== undefined && causes.length < MAX_CAUSES;
    cause = (cause as { cause?: unknown } | null)?.cause
  ) {
    causes.push(cause);
  }
  return causes;
}

function show(value: unknown): string {
  if (tagOf(value) === '[object Error]') return String(value);
  return typeof value === 'string' ? JSON.stringify(value) : tagOf(value);
}
