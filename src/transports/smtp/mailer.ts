import { RingbackError } from '../../errors.js';
import type { ComposedMail } from './composed-mail.js';

/** What a transporter says of a mail that was taken. */
export interface SentMail {
  /** The server's last reply. */
  readonly response?: unknown;
  /** The recipients that were refused, of a mail that others got. */
  readonly rejected?: unknown;
  /** The same with each one's reply. */
  readonly rejectedErrors?: unknown;
}

/** A transporter of your own, as `nodemailer.createTransport` makes it. */
export interface MailTransporter {
  sendMail(mail: ComposedMail): Promise<unknown>;
}

/** A transporter that is ended by whoever made it. */
export interface Mailer {
  sendMail(mail: ComposedMail): Promise<unknown>;
  close(): void;
}

/** The user's own: it stays open, as others may send by it. */
export const borrowedMailer = (transporter: MailTransporter): Mailer => ({
  sendMail: (mail) => transporter.sendMail(mail),
  close: () => {},
});

/** One that nodemailer makes of options, when the first mail is sent. */
export class PooledMailer implements Mailer {
  readonly #options: object;
  #transporter: Promise<Mailer> | undefined = undefined;

  constructor(options: object) {
    this.#options = options;
  }

  async sendMail(mail: ComposedMail): Promise<unknown> {
    this.#transporter ??= this.#create();
    const transporter = await this.#transporter;
    mail.signal.throwIfAborted();
    return transporter.sendMail(mail);
  }

  close(): void {
    this.#transporter?.then(
      (transporter) => transporter.close(),
      () => {},
    );
  }

  async #create(): Promise<Mailer> {
    const { createTransport } = await this.#nodemailer();
    return createTransport(this.#options) as unknown as Mailer;
  }

  async #nodemailer(): Promise<typeof import('nodemailer')> {
    try {
      return await import('nodemailer');
    } catch (cause) {
      // It may be there the next time.
      this.#transporter = undefined;
      throw new RingbackError(
        'missing-dependency',
        'smtp sends through nodemailer, which could not be loaded: npm install nodemailer',
        { cause },
      );
    }
  }
}
