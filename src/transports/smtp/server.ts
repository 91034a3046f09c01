import { RingbackError } from '../../errors.js';
import { checkNames, invalidOption, numberOption } from '../../options.js';

/** A login and other things that nodemailer takes as they are. */
export type NodemailerSettings = Readonly<Record<string, unknown>>;

/** The mail server that mails are handed to. What is not in here (a proxy, SES, sendmail) is for a `transporter` of your own. */
export interface SmtpServer {
  /** Its name or address. */
  readonly host: string;
  /** Default 587; 465 with `secure` (RFC 6409, RFC 8314). */
  readonly port?: number;
  /** TLS from the first byte. Default: true for port 465, false for others, which begin in plain text and change over by STARTTLS. */
  readonly secure?: boolean;
  /** Sends nothing where STARTTLS is not offered. Default: true when there is an `auth`, so that no password goes out in plain text. */
  readonly requireTLS?: boolean;
  /** As nodemailer takes it: `{ user, pass }`, or `{ type: 'OAuth2', user, accessToken, … }`. Default: no login. */
  readonly auth?: NodemailerSettings;
  /** As nodemailer takes it, Node's options of a TLS connection: `{ ca, cert, key, servername, … }`. */
  readonly tls?: NodemailerSettings;
  /** As nodemailer takes it: `{ domainName, keySelector, privateKey }`. Every mail is then signed by DKIM. */
  readonly dkim?: NodemailerSettings;
  /** What this end calls itself in its greeting. Default: the machine's name, where it is a full one. */
  readonly name?: string;
  /** Connections at once, 1 to 1,000; further mails wait for one. Default 5 (nodemailer). */
  readonly maxConnections?: number;
  /** Mails over one connection before it is closed, 1 to 1,000,000. Default 100 (nodemailer). */
  readonly maxMessages?: number;
  /** How long the name, the connect, the greeting and STARTTLS may take together, in ms, to 600,000. Default 10,000. */
  readonly connectTimeoutMs?: number;
  /** Of that, how long the greeting, and STARTTLS, may each take, in ms, to 600,000. Default 10,000. */
  readonly greetingTimeoutMs?: number;
  /** How long the server may be silent, in ms, to 3,600,000. Default 600,000 (RFC 5321 §4.5.3.2.6); the attempt's timeout ends it before. */
  readonly silenceTimeoutMs?: number;
}

const NAMES: readonly (keyof SmtpServer)[] = [
  'host',
  'port',
  'secure',
  'requireTLS',
  'auth',
  'tls',
  'dkim',
  'name',
  'maxConnections',
  'maxMessages',
  'connectTimeoutMs',
  'greetingTimeoutMs',
  'silenceTimeoutMs',
];

/** Of one reply. A line has at most 512 octets (RFC 5321 §4.5.3.1.5), and no server's has many lines. */
const MAX_REPLY_BYTES = 65_536;
/** How long a closed connection waits for the other end to close, before it is destroyed. */
const GOODBYE_MS = 1_000;

/**
 * The options for `nodemailer.createTransport`: a pool that retries nothing by itself, as retrying is the pipeline's part.
 *
 * @throws RingbackError `invalid-option`.
 */
export function poolOptions(server: SmtpServer): object {
  checkNames('server', server, NAMES);
  const { host, name, auth, tls, dkim } = server;
  checkHost('host', host);
  if (name !== undefined) checkHost('name', name);
  for (const [option, value] of Object.entries({ auth, tls, dkim })) checkSettings(option, value);
  const integer = (option: keyof SmtpServer, fallback: number, to: number): number =>
    numberOption(`server.${option}`, server[option], fallback, { from: 1, to, integer: true });
  const timeout = (option: keyof SmtpServer, fallback: number, to: number): number =>
    numberOption(`server.${option}`, server[option], fallback, { above: 0, to });
  const port = integer('port', server.secure === true ? 465 : 587, 65_535);
  return {
    pool: true,
    maxRequeues: 0,
    host,
    port,
    secure: flag('secure', server.secure, port === 465),
    requireTLS: flag('requireTLS', server.requireTLS, auth !== undefined),
    maxConnections: integer('maxConnections', 5, 1_000),
    maxMessages: integer('maxMessages', 100, 1_000_000),
    connectionTimeout: timeout('connectTimeoutMs', 10_000, 600_000),
    greetingTimeout: timeout('greetingTimeoutMs', 10_000, 600_000),
    socketTimeout: timeout('silenceTimeoutMs', 600_000, 3_600_000),
    socketCloseTimeout: GOODBYE_MS,
    maxResponseSize: MAX_REPLY_BYTES,
    ...(name !== undefined && { name }),
    ...(auth !== undefined && { auth }),
    ...(tls !== undefined && { tls }),
    ...(dkim !== undefined && { dkim }),
  };
}

function checkHost(option: string, value: unknown): void {
  if (typeof value === 'string' && /^[\w.:[\]-]{1,255}$/.test(value)) return;
  throw invalidOption(`server.${option}`, 'the name or address of a host', value);
}

function flag(option: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined) return fallback;
  if (typeof value !== 'boolean') throw invalidOption(`server.${option}`, 'true or false', value);
  return value;
}

/** Its message shows no value: it may be a password. */
function checkSettings(option: string, value: unknown): void {
  if (value === undefined || (typeof value === 'object' && value !== null && !Array.isArray(value))) return;
  throw new RingbackError('invalid-option', `server.${option} must be an object as nodemailer takes it, got ${typeof value}`);
}
