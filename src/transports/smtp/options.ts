import type { Delivery } from '../../callback.js';
import { RingbackError } from '../../errors.js';
import { checkNames, contractOption, durationOption, functionOption, invalidOption, numberOption } from '../../options.js';
import { type NamedAddress, namedAddress } from './checked-mail.js';
import type { Mail, MailAddress } from './mail.js';
import { borrowedMailer, type Mailer, type MailTransporter, PooledMailer } from './mailer.js';
import { poolOptions, type SmtpServer } from './server.js';

/** Makes the mail of a delivery, at each attempt anew: the same delivery should give the same mail. */
export type RenderMail = (delivery: Delivery) => Mail | Promise<Mail>;

/** Settings of `smtp`. */
export type SmtpOptions = SmtpMailOptions & (ByServer | ByTransporter);

/** By nodemailer, an optional peer, which is loaded with the first mail. `close` closes its pool. */
export interface ByServer {
  /** The mail server. */
  readonly server: SmtpServer;
  readonly transporter?: undefined;
}

/** By a transporter of your own. It stays yours: `close` leaves it open. */
export interface ByTransporter {
  /** As `nodemailer.createTransport` makes it. */
  readonly transporter: MailTransporter;
  readonly server?: undefined;
}

/** What is set however mails are handed over. */
export interface SmtpMailOptions {
  /** Who mails are from, in their header and for the server, to whom undeliverable ones come back. */
  readonly from: MailAddress;
  /** Default: the callback's `data` is the {@link Mail}. */
  readonly render?: RenderMail;
  /** Adds the headers of the signature, and the callback's bytes that it vouches for as an attachment. Default false. */
  readonly signature?: boolean;
  /**
   * The least wait in ms after a reply that says to come back later (421, 450, 451, 452), 0 to 86,400,000. Default 300,000: what
   * Postfix waits at first, and long enough for greylisting (RFC 6647).
   */
  readonly retryFloorMs?: number;
  /** Of how many mails that reached only some recipients it remembers which, 1 to 1,000,000. Default 10,000. */
  readonly maxPartlySent?: number;
}

/** The same, checked and complete. */
export interface SmtpSettings {
  readonly mailer: Mailer;
  readonly from: NamedAddress;
  readonly render: RenderMail | undefined;
  readonly signature: boolean;
  readonly retryFloorMs: number;
  readonly maxPartlySent: number;
}

const NAMES: readonly string[] = ['server', 'transporter', 'from', 'render', 'signature', 'retryFloorMs', 'maxPartlySent'];

const DAY_MS = 86_400_000;

/** @throws RingbackError `invalid-option`. */
export function smtpSettings(options: SmtpOptions): SmtpSettings {
  checkNames('smtp', options, NAMES);
  const { signature = false } = options;
  if (typeof signature !== 'boolean') throw invalidOption('signature', 'true or false', signature);
  const retryFloorMs = durationOption('retryFloorMs', options.retryFloorMs, 300_000);
  if (retryFloorMs > DAY_MS) throw invalidOption('retryFloorMs', `at most ${DAY_MS}`, retryFloorMs);
  const from = namedAddress(options.from);
  // An address may be a person's: it is not shown.
  if (from === undefined) throw new RingbackError('invalid-option', 'from must be an address like billing@company.example');
  return {
    mailer: mailerOf(options),
    from,
    render: functionOption('render', options.render, undefined),
    signature,
    retryFloorMs,
    maxPartlySent: numberOption('maxPartlySent', options.maxPartlySent, 10_000, { from: 1, to: 1_000_000, integer: true }),
  };
}

function mailerOf({ server, transporter }: SmtpOptions): Mailer {
  if ((server === undefined) === (transporter === undefined)) {
    throw new RingbackError('invalid-option', `smtp must have one of server and transporter, got ${server ? 'both' : 'neither'}`);
  }
  return server === undefined
    ? borrowedMailer(contractOption('transporter', transporter, ['sendMail']))
    : new PooledMailer(poolOptions(server));
}
