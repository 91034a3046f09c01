import type { Outcome } from '../../outcome.js';
import { parseAddress } from './address.js';
import type { SentMail } from './mailer.js';
import { isTransient, meaningOf, outcomeOf, type Reply, type ReplyError, replyOf } from './reply.js';

/** What the server answered for each recipient so far. Who is not in it was not asked yet. */
export type RecipientEnds = ReadonlyMap<string, Reply>;

/** What is looked at of an error of `rejectedErrors`. */
interface RefusedRecipient extends ReplyError {
  readonly recipient?: unknown;
}

const ACCEPTED: Reply = { status: 250 };
/** What an old transporter, or one of another kind, says no more of. */
const REFUSED: Reply = { status: 550 };
const NOT_ASKED: Reply = { status: 450 };

export const isAccepted = ({ status }: Reply): boolean => status < 300;

/**
 * Who the next attempt goes to: all that were not reached. As long as some of them were put off, those that were refused for good
 * are left alone: asking for them over and over is what spammers do.
 */
export function dueOf(recipients: readonly string[], ends: RecipientEnds): readonly string[] {
  const left = recipients.filter((address) => !isAccepted(ends.get(address) ?? NOT_ASKED));
  const putOff = left.filter((address) => isTransient(ends.get(address) ?? NOT_ASKED));
  return putOff.length > 0 ? putOff : left;
}

/** The ends after a mail that was taken, by some recipients at least. */
export function endsAfter(before: RecipientEnds, due: readonly string[], sent: SentMail): RecipientEnds {
  const refused = refusals(due, sent);
  return new Map([...before, ...due.map((address) => [address, refused.get(address) ?? ACCEPTED] as const)]);
}

/**
 * The replies to those who were refused, of those who were asked. The errors tell them; the list of addresses has no codes, and
 * speaks for what the errors leave out.
 */
export function refusals(due: readonly string[], { rejected, rejectedErrors }: SentMail): RecipientEnds {
  const ends = new Map<string, Reply>();
  const refuse = (recipient: unknown, reply: Reply): void => {
    const address = addressIn(recipient);
    if (address !== undefined && due.includes(address)) ends.set(address, reply);
  };
  for (const address of listOf(rejected)) refuse(address, REFUSED);
  for (const error of listOf(rejectedErrors)) {
    const told = Object(error) as RefusedRecipient;
    refuse(told.recipient, replyOf(told) ?? REFUSED);
  }
  return ends;
}

/** What a mail came to that some recipients did not get: it comes back if one of them may take it another time. */
export function outcomeOfEnds(ends: RecipientEnds, retryFloorMs: number): Outcome {
  const refused = [...ends.values()].filter((reply) => !isAccepted(reply));
  const worst = refused.find((reply) => meaningOf(reply).waits) ?? refused.find(isTransient) ?? refused[0] ?? REFUSED;
  return outcomeOf(worst, retryFloorMs, ends.size === 1 ? '' : `, ${refused.length} of ${ends.size} recipients refused`);
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Addresses come back as nodemailer wrote them: a domain in another script, with or without a name. */
function addressIn(value: unknown): string | undefined {
  const text = typeof value === 'object' && value !== null ? (value as { readonly address?: unknown }).address : value;
  return typeof text === 'string' ? parseAddress(text) : undefined;
}
