import type { Outcome, OutcomeKind } from '../../outcome.js';

/** What a mail server answered: the codes alone, as its text may name people. */
export interface Reply {
  /** RFC 5321 §4.2: three digits. */
  readonly status: number;
  /** RFC 3463, where it gave one: `4.7.1`. */
  readonly enhanced?: string;
  /** What it answered to: `RCPT TO`. */
  readonly command?: string;
}

/** What is looked at of an error of nodemailer's. */
export interface ReplyError {
  readonly responseCode?: unknown;
  readonly response?: unknown;
  readonly command?: unknown;
}

const ENHANCED = /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})(?:[ \r\n]|$)/;
const COMMAND = /^[A-Z][A-Z0-9 -]{0,30}$/;

/** The reply in an error; undefined where none came. */
export function replyOf({ responseCode, response, command }: ReplyError): Reply | undefined {
  if (typeof responseCode !== 'number' || responseCode < 200 || responseCode > 599) return undefined;
  const enhanced = typeof response === 'string' ? ENHANCED.exec(response)?.[1] : undefined;
  return {
    status: responseCode,
    ...(enhanced !== undefined && { enhanced }),
    // nodemailer calls a connection's own end CONN, which is no command.
    ...(typeof command === 'string' && command !== 'CONN' && COMMAND.test(command) && { command }),
  };
}

/** What a reply means. */
export interface ReplyMeaning {
  readonly kind: OutcomeKind;
  /** Whether it says to stay away for a while. */
  readonly waits: boolean;
}

const COMES_BACK: ReplyMeaning = { kind: 'overloaded', waits: true };

/**
 * - 421 (the server takes none now), 450 and 451 (greylisting, RFC 6647 §4; a mailbox in use; an error of its own) and 452 (no room)
 *   are `overloaded`, after a wait.
 * - 454 is how servers throttle and how a login fails for now (RFC 4954 §6): `overloaded`, by the backoff alone.
 * - Other 4xx are `failed`.
 * - 552 for a recipient is 452 (too many of them, RFC 5321 §4.5.3.1.10), unless it tells of that mailbox or its host (5.2.x, 5.3.x).
 * - Other 5xx are `rejected`. So is an answer that is no failure at all, where one was meant.
 */
export function meaningOf({ status, enhanced, command }: Reply): ReplyMeaning {
  if (status === 421 || status === 450 || status === 451 || status === 452) return COMES_BACK;
  if (status === 454) return { kind: 'overloaded', waits: false };
  if (status === 552 && command === 'RCPT TO' && !/^5\.[23]\./.test(enhanced ?? '')) return COMES_BACK;
  return { kind: status >= 400 && status < 500 ? 'failed' : 'rejected', waits: false };
}

/** Whether the same recipient may be taken another time. */
export const isTransient = (reply: Reply): boolean => meaningOf(reply).kind !== 'rejected';

/** `answered 451 4.7.1 to RCPT TO`. */
function phraseOf({ status, enhanced, command }: Reply): string {
  const code = enhanced === undefined ? `${status}` : `${status} ${enhanced}`;
  return command === undefined ? `answered ${code}` : `answered ${code} to ${command}`;
}

/** The outcome of a mail that was answered so. */
export function outcomeOf(reply: Reply, retryFloorMs: number, who = ''): Outcome {
  const { kind, waits } = meaningOf(reply);
  const reason = `${phraseOf(reply)}${who}`;
  return { kind, status: reply.status, reason, ...(waits && { retryAfterMs: retryFloorMs }) };
}
