import type { Answer, Delivery, Message } from '../../callback.js';
import { RingbackError } from '../../errors.js';
import { answerUnlessAborted } from '../../time-limit.js';
import type { AttemptProgress, SendAttempt, Transport } from '../transport.js';
import { type CheckedMail, checkMail } from './checked-mail.js';
import { MailDelivery } from './mail-delivery.js';
import { mailHeaders } from './mail-headers.js';
import { type RenderMail, type SmtpOptions, smtpSettings } from './options.js';
import { recipientsOf } from './recipients.js';

/**
 * Delivers by mail: hands each callback to your mail server as one mail, over nodemailer. Use it for destinations that are
 * people, or machines with a mailbox: `mailto:ann@customer.example`, several addresses parted by commas.
 *
 * The callback's `data` is the {@link Mail}, or `render` makes one of the delivery. The Message-ID is the delivery's id, the same
 * over all attempts. 2xx is `delivered`: the server has it, which is not yet the mailbox; 421, 450, 451 and 452 are `overloaded`, with a
 * wait of `retryFloorMs` at the least; other 4xx `failed`; 5xx `rejected`. Where a mail reached only some recipients, the
 * next attempt asks the others alone.
 *
 * @throws RingbackError `invalid-option`. Its `accepts` throws `invalid-callback` for a `mailto:` URI that is no list of addresses, its `check` for
 * data that is no mail where there is no `render`, and for a header that a mail can't have. Its `send` rejects with `invalid-callback` for what is no mail, with the signal's reason when aborted, with `closed` after `close`,
 * with `missing-dependency` where nodemailer is not installed, and with `transport-failed` where `render` throws.
 * @example
 * ```ts
 * import type { AddressInfo } from 'node:net';
 * import { createRingback } from 'ringback';
 * import { smtp } from 'ringback/smtp';
 * import { SMTPServer } from 'smtp-server';
 *
 * const server = new SMTPServer({ authOptional: true, disabledCommands: ['STARTTLS'] });
 * await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
 * const { port } = server.server.address() as AddressInfo;
 *
 * const mail = smtp({ server: { host: '127.0.0.1', port }, from: 'billing@company.example' });
 * const ringback = createRingback({ transports: [mail] });
 * const data = { subject: 'Invoice in_42 is paid', text: 'Thank you.' };
 * const receipt = await ringback.deliver({ to: 'mailto:ann@customer.example', data });
 * console.log(receipt.response?.status); // 250
 * await ringback.close();
 * server.close();
 * ```
 */
export function smtp(options: SmtpOptions): Transport {
  const settings = smtpSettings(options);
  const delivery = new MailDelivery(settings);
  const running = new Set<Promise<Answer>>();
  let closed = false;

  const begin = async (message: Message, attempt: SendAttempt): Promise<Answer> => {
    const { signal } = attempt;
    if (closed) throw new RingbackError('closed', 'the smtp transport is closed');
    signal.throwIfAborted();
    const recipients = recipientsOf(message.to);
    attempt.progress = RENDERING;
    const mail = await mailOf(message, settings.render, signal);
    signal.throwIfAborted();
    attempt.progress = SENDING;
    return delivery.attempt(message, mail, recipients, signal);
  };

  return {
    name: 'smtp',
    accepts: (to) => to.protocol === 'mailto:' && recipientsOf(to.href).length > 0,
    check: (delivery) => checkDelivery(delivery, settings.render),
    send: (message, attempt) => {
      const sending = begin(message, attempt);
      running.add(sending);
      const ended = (): boolean => running.delete(sending);
      sending.then(ended, ended);
      return sending;
    },
    close: async () => {
      closed = true;
      await Promise.allSettled(running);
      settings.mailer.close();
    },
  };
}

const RENDERING: AttemptProgress = Object.freeze({ phase: 'rendering the mail' });
const SENDING: AttemptProgress = Object.freeze({ phase: 'handing the mail to the server' });

/** What each attempt would refuse. What `render` makes of it is not known before. */
function checkDelivery(delivery: Delivery, render: RenderMail | undefined): void {
  if (render === undefined) checkMail(dataOf(delivery.body));
  mailHeaders({ headers: delivery.headers, delivery }, false);
}

async function mailOf({ delivery }: Message, render: RenderMail | undefined, signal: AbortSignal): Promise<CheckedMail> {
  if (render === undefined) return checkMail(dataOf(delivery.body));
  let rendered: unknown;
  try {
    rendered = await answerUnlessAborted(render(delivery), signal);
  } catch (cause) {
    signal.throwIfAborted();
    throw new RingbackError('transport-failed', 'render of smtp threw', { cause });
  }
  return checkMail(rendered);
}

function dataOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    throw new RingbackError('invalid-callback', 'a callback by mail must have the mail as its data, or smtp a render function');
  }
}
