import { networkOutcome } from '../../classify/network-error.js';
import type { Outcome } from '../../outcome.js';
import { outcomeOf, type ReplyError, replyOf } from './reply.js';

/** What is looked at of what a transporter throws. */
interface MailError extends ReplyError {
  readonly code?: unknown;
  /** The system's code, where nodemailer put its own in front. */
  readonly originalCode?: unknown;
  readonly timeoutType?: unknown;
}

/** The phases that nodemailer times. */
const PHASES: Readonly<Record<string, string>> = {
  CONNECT_TIMEOUT: 'timed out while connecting',
  GREETING_TIMEOUT: 'timed out waiting for the greeting',
  UPGRADE_TIMEOUT: 'timed out in the TLS handshake',
  SOCKET_TIMEOUT: 'timed out waiting for an answer',
};

/** The way to the server broke. */
const BROKEN: ReadonlyMap<unknown, string> = new Map([
  ['ECONNECTION', 'connection closed'],
  ['ESOCKET', 'connection broke'],
  ['EDNS', 'host not found'],
  ['ETLS', 'TLS handshake failed'],
  ['EPROTOCOL', 'malformed SMTP answer'],
  ['EPROXY', 'proxy failed'],
]);

/** nodemailer did not even begin: the mail or the settings are at fault, so trying again changes nothing. */
const REFUSED: ReadonlySet<unknown> = new Set([
  'EAUTH',
  'ENOAUTH',
  'EENVELOPE',
  'EMESSAGE',
  'ECONFIG',
  'EREQUIRETLS',
  'EFILEACCESS',
  'EURLACCESS',
  'EMAXRECIPIENTS',
]);

/**
 * What an error of a transporter means for the whole mail; undefined for what is none of nodemailer's and none of the network's.
 * Reasons are phrases of ours: a server's own text names people.
 */
export function failureOf(error: unknown, retryFloorMs: number): Outcome | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, originalCode, timeoutType } = error as MailError;
  const reply = replyOf(error as MailError);
  if (reply !== undefined) return outcomeOf(reply, retryFloorMs);
  if (code === 'ETIMEDOUT' && typeof timeoutType === 'string' && timeoutType in PHASES) {
    return { kind: 'timed-out', reason: PHASES[timeoutType] };
  }
  if (BROKEN.has(code)) return networkOutcome({ code: originalCode }) ?? { kind: 'failed', reason: BROKEN.get(code) };
  if (REFUSED.has(code)) return { kind: 'rejected', reason: `nodemailer refused the mail (${code})` };
  return networkOutcome(error);
}
