import type { Answer, Message, Response } from '../../callback.js';
import type { CheckedMail } from './checked-mail.js';
import { composeMail, messageIdOf } from './composed-mail.js';
import { failureOf } from './failure.js';
import type { SentMail } from './mailer.js';
import type { SmtpSettings } from './options.js';
import { PartlySent } from './partly-sent.js';
import { dueOf, endsAfter, isAccepted, outcomeOfEnds, type RecipientEnds, refusals } from './recipient-ends.js';

/** Makes attempts: each is one mail to the recipients that were not reached yet. */
export class MailDelivery {
  readonly #settings: SmtpSettings;
  readonly #partlySent: PartlySent;

  constructor(settings: SmtpSettings) {
    this.#settings = settings;
    this.#partlySent = new PartlySent(settings.maxPartlySent);
  }

  /** Rejects with the signal's reason, and with what a transporter threw that nobody knows. */
  async attempt(message: Message, mail: CheckedMail, recipients: readonly string[], signal: AbortSignal): Promise<Answer> {
    const { mailer, from, signature: withSignature, retryFloorMs } = this.#settings;
    const key = `${message.id} ${message.to}`;
    const before = this.#partlySent.of(key);
    const due = dueOf(recipients, before);
    try {
      const composed = composeMail({ message, mail, from, recipients, due, withSignature, signal });
      const sent = Object(await mailer.sendMail(composed)) as SentMail;
      return this.#ended(message, key, endsAfter(before, due, sent), sent.response);
    } catch (error) {
      signal.throwIfAborted();
      const refused = refusals(due, Object(error) as SentMail);
      if (refused.size > 0) return this.#ended(message, key, new Map([...before, ...refused]), undefined);
      const outcome = failureOf(error, retryFloorMs);
      if (outcome === undefined) throw error;
      return { outcome };
    }
  }

  #ended(message: Message, key: string, ends: RecipientEnds, reply: unknown): Answer {
    const { from, retryFloorMs } = this.#settings;
    const accepted = [...ends.values()].filter(isAccepted).length;
    if (accepted === ends.size) this.#partlySent.forget(key);
    else if (accepted > 0) this.#partlySent.keep(key, ends);
    const outcome = accepted === ends.size ? ({ kind: 'delivered', status: 250 } as const) : outcomeOfEnds(ends, retryFloorMs);
    return { outcome, response: responseOf(outcome.status ?? 250, messageIdOf(message.id, from.address), ends, reply) };
  }
}

/** Enough for the id that the server gave the mail in its queue. */
const MAX_REPLY = 200;
const SHOWN = /[^\x20-\x7e]+/g;

/** Each recipient's end as JSON, and what the server said of the mail that it took. */
function responseOf(status: number, messageId: string, ends: RecipientEnds, reply: unknown): Response {
  const recipients = [...ends].map(([address, { status, enhanced }]) => ({ address, status, enhanced }));
  const text = typeof reply === 'string' ? reply.replace(SHOWN, ' ').trim() : undefined;
  const told = { messageId, reply: text?.slice(0, MAX_REPLY), recipients };
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: new TextEncoder().encode(JSON.stringify(told)),
    truncated: text !== undefined && text.length > MAX_REPLY,
  };
}
