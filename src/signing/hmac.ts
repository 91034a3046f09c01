import { RingbackError } from '../errors.js';
import { isHeaderName } from '../header-grammar.js';
import { checkNames, durationOption, functionOption, invalidOption } from '../options.js';
import type { Encoding } from './encoded-bytes.js';
import { coverageOf } from './hmac-coverage.js';
import type { HmacAlgorithm } from './hmac-digest.js';
import type { Covered, SignedParts } from './hmac-message.js';
import { type HmacDialect, hmacScheme } from './hmac-scheme.js';
import { type HmacSecret, hmacSecret } from './hmac-secret.js';
import type { SignatureScheme } from './scheme.js';
import { keySource, type Secrets } from './secrets.js';
import { SignatureFormat, type SignatureSeparator } from './signature-format.js';
import { DEFAULT_TOLERANCE_MS } from './timestamp.js';

/** Settings of {@link hmac}: a partner's dialect, written down. */
export interface HmacOptions {
  /**
   * 1 to 10 secrets of 16 to 512 bytes; text stands for its UTF-8 bytes. Any of them verifies. All of them sign where
   * `separator` makes room, else the first does.
   */
  readonly secrets: Secrets<HmacSecret>;
  /** The header that carries the signature: `x-partner-signature`. */
  readonly header: string;
  /** The hash under the HMAC. Default `sha256` (what nearly all dialects use). */
  readonly algorithm?: HmacAlgorithm;
  /** How the signature is spelt: lower-case hex, padded base64, unpadded base64url. Default `hex`. */
  readonly encoding?: Encoding;
  /** The header's value: `sha256={signature}`, `t={timestamp},v1={signature}`. Default `{signature}`. */
  readonly format?: string;
  /**
   * What parts `format` into pieces. The piece with the signature then comes once for each secret. Default: none, which is
   * room for one signature.
   */
  readonly separator?: SignatureSeparator;
  /** What is signed, as a function of the message. Default: the body. */
  readonly signed?: SignedParts;
  /** A header that carries the unix seconds of the attempt. `signed` must cover them. Default: none. */
  readonly timestampHeader?: string;
  /** A header that carries the callback's id. `verify` vouches for the id only where `signed` covers it. Default: none. */
  readonly idHeader?: string;
  /**
   * How far a timestamp may lie in the past or the future when verified, in ms. Only with a timestamp. Default 300,000 (Slack,
   * Stripe).
   */
  readonly toleranceMs?: number;
}

const NAMES = [
  'secrets',
  'header',
  'algorithm',
  'encoding',
  'format',
  'separator',
  'signed',
  'timestampHeader',
  'idHeader',
  'toleranceMs',
] as const;

/** Bytes of a signature. SHA-1 is not among them: no dialect that is designed today may ask for it. */
const BYTES: Readonly<Record<HmacAlgorithm, number>> = { sha256: 32, sha384: 48, sha512: 64 };
const ENCODINGS: readonly unknown[] = ['hex', 'base64', 'base64url'];

const contradiction = (message: string): RingbackError => new RingbackError('invalid-option', message);

/**
 * Signatures by HMAC in a dialect that you write down: which header, which spelling, what is signed. Use it for receivers that
 * speak neither Standard Webhooks nor Stripe's or GitHub's dialect, and to verify senders that do not.
 *
 * `signed` is asked when a message is signed and again when it is verified. Its coverage is learnt when the scheme is built: it
 * must cover the body, and the timestamp where there is one; `verify` demands the method or URL only where it covers them, and
 * vouches for an id only where it covers it.
 *
 * @throws RingbackError `invalid-secret` for a secret that is too short; `invalid-option` for any other setting, also when they
 * contradict each other. Its `check` and `sign` throw `invalid-callback` for a message that lacks what is signed; its `verify`
 * throws `invalid-signature` or `stale-signature`.
 * @example Slack's dialect.
 * ```ts
 * import { hmac } from 'ringback/signing';
 *
 * const slack = hmac({
 *   secrets: ['8f742231b10e8888abcd99yyyzzz85a5'],
 *   header: 'x-slack-signature',
 *   format: 'v0={signature}',
 *   timestampHeader: 'x-slack-request-timestamp',
 *   signed: ({ timestamp, body }) => ['v0:', timestamp, ':', body],
 * });
 * const body = new TextEncoder().encode('token=xyzz');
 * const message = { id: 'msg_1', timestampMs: Date.now(), to: 'https://app.example/', method: 'POST', headers: {}, body };
 * const headers = await slack.sign(message);
 * console.log(headers['x-slack-signature']?.startsWith('v0=')); // true
 * await slack.verify({ headers, body, nowMs: Date.now() });
 * ```
 */
export function hmac(options: HmacOptions): SignatureScheme {
  checkNames('hmac', options, NAMES);
  const { algorithm = 'sha256', encoding = 'hex', timestampHeader, idHeader } = options;
  if (!Object.hasOwn(BYTES, algorithm)) throw invalidOption('algorithm', '"sha256", "sha384" or "sha512"', algorithm);
  if (!ENCODINGS.includes(encoding)) throw invalidOption('encoding', '"hex", "base64" or "base64url"', encoding);
  const { format: template = '{signature}', separator } = options;
  const format = new SignatureFormat({ template, separator, encoding, bytes: BYTES[algorithm] });
  const signed = functionOption<SignedParts>('signed', options.signed, ({ body }) => [body]);
  const dialect: HmacDialect = {
    name: 'hmac',
    header: headerOption('header', options.header),
    format,
    signed,
    covered: coverageOf(signed),
    timestampHeader: timestampHeader === undefined ? undefined : headerOption('timestampHeader', timestampHeader),
    idHeader: idHeader === undefined ? undefined : headerOption('idHeader', idHeader),
    toleranceMs: durationOption('toleranceMs', options.toleranceMs, DEFAULT_TOLERANCE_MS),
  };
  checkHeaders(dialect);
  checkCoverage(dialect, dialect.covered);
  const isTimed = dialect.timestampHeader !== undefined || format.hasTimestamp;
  if (options.toleranceMs !== undefined && !isTimed) throw contradiction('toleranceMs is of no use without a timestamp');
  return hmacScheme(dialect, keySource(options.secrets, hmacSecret(algorithm)));
}

function headerOption(name: string, value: unknown): string {
  if (typeof value !== 'string' || !isHeaderName(value)) throw invalidOption(name, 'the name of a header', value);
  return value.toLowerCase();
}

function checkHeaders({ header, timestampHeader, idHeader }: HmacDialect): void {
  const names = [header, timestampHeader, idHeader].filter((name) => name !== undefined);
  if (new Set(names).size < names.length) {
    throw contradiction('header, timestampHeader and idHeader must be different headers');
  }
}

/** What `signed` covers must be carried, or it can't be verified; a timestamp that it does not cover proves nothing. */
function checkCoverage({ format, timestampHeader, idHeader }: HmacDialect, covered: Covered): void {
  if (format.hasTimestamp && timestampHeader !== undefined) {
    throw contradiction('the timestamp is carried by timestampHeader or by {timestamp} in format, not by both');
  }
  const isTimed = format.hasTimestamp || timestampHeader !== undefined;
  if (isTimed && !covered.timestamp) {
    throw contradiction('signed must cover the timestamp: one that is not signed can be changed by whoever sends again');
  }
  if (covered.timestamp && !isTimed) {
    throw contradiction('signed covers the timestamp, so timestampHeader or {timestamp} in format must carry it');
  }
  if (covered.id && idHeader === undefined) throw contradiction('signed covers the id, so idHeader must carry it');
}
