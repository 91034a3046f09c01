import { networkOutcome } from '../../classify/network-error.js';
import type { Outcome } from '../../outcome.js';

/** A name as classes have it. What else stands there may be long, or break a log's lines. */
const PLAIN_NAME = /^[\w.$]{1,80}$/;

/** An answer that is not what a `fetch` gives. The message is a phrase of ours, and the reason of the failure. */
export class UnusableAnswer extends Error {}

/**
 * What it means that a `fetch`, or the reading of its answer, threw though nobody aborted the attempt. Reasons are phrases of ours: the
 * messages of platforms name addresses and whole URLs.
 */
export function failureOf(error: unknown): Outcome {
  try {
    return meaningOf(error);
  } catch {
    // What was thrown throws when it is looked at: a getter, a proxy.
    return { kind: 'failed', reason: 'fetch threw' };
  }
}

function meaningOf(error: unknown): Outcome {
  if (error instanceof UnusableAnswer) return { kind: 'failed', reason: error.message };
  const outcome = networkOutcome(error);
  // Not our abort, so it is an end that the fetch made of its own accord, and no wish of the caller's.
  if (outcome?.kind === 'cancelled') return { kind: 'failed', reason: 'fetch aborted by itself' };
  if (outcome !== undefined) return outcome;
  const { code, name } = (error ?? {}) as { readonly code?: unknown; readonly name?: unknown };
  if (isPlain(code)) return { kind: 'failed', reason: `network error ${code}` };
  return { kind: 'failed', reason: isPlain(name) ? `fetch threw ${name}` : 'fetch threw' };
}

const isPlain = (text: unknown): text is string => typeof text === 'string' && PLAIN_NAME.test(text);
