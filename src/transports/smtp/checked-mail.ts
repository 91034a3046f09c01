import { Buffer } from 'node:buffer';
import { RingbackError } from '../../errors.js';
import { parseAddress } from './address.js';

/** A checked address, as nodemailer takes it. */
export interface NamedAddress {
  readonly name: string;
  readonly address: string;
}

/** A checked attachment, as bytes. */
export interface AttachedFile {
  readonly filename: string;
  readonly content: Buffer;
  readonly contentType?: string;
  readonly cid?: string;
  readonly contentTransferEncoding: 'base64';
}

/** A mail whose every part was checked. */
export interface CheckedMail {
  readonly subject: string;
  readonly text?: string;
  readonly html?: string;
  readonly attachments: AttachedFile[];
  readonly replyTo?: NamedAddress;
}

const MAIL_NAMES = ['subject', 'text', 'html', 'attachments', 'replyTo'];
const FILE_NAMES = ['filename', 'content', 'encoding', 'contentType', 'cid'];
/** A header line's length (RFC 5322 §2.1.1), which no subject or name needs. */
const MAX_LINE = 998;
const MAX_FILENAME = 255;
const MAX_ATTACHMENTS = 100;

const BREAKS = /\p{Cc}|[\u2028\u2029]/u;
const CID = /^[\w.@-]{1,255}$/;
const MEDIA_TYPE =
  /^(?!multipart\/|message\/)[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}(; ?[\w-]{1,60}=("[\w .+-]{1,100}"|[\w.+-]{1,100})){0,5}$/i;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** A media type that an attachment may have: it can't end a header line, nor open a structure of its own. */
export const isMediaType = (value: string): boolean => MEDIA_TYPE.test(value);

const invalid = (message: string): RingbackError => new RingbackError('invalid-callback', message);

/** One line of text, for a header. */
const isLine = (value: unknown, max: number): value is string =>
  typeof value === 'string' && value.length <= max && !BREAKS.test(value);

/** A checked address; undefined for what is none. */
export function namedAddress(value: unknown): NamedAddress | undefined {
  const { name = '', address = value } = (typeof value === 'object' && value !== null ? value : {}) as Partial<NamedAddress>;
  const checked = typeof address === 'string' ? parseAddress(address) : undefined;
  return checked !== undefined && isLine(name, MAX_LINE) ? { name, address: checked } : undefined;
}

/**
 * Checks a mail, and copies it. What stands in its text is the caller's business; what could end a header's line, name another
 * recipient, or read a file or a URL is refused. Messages show no content.
 *
 * @throws RingbackError `invalid-callback`.
 */
export function checkMail(value: unknown): CheckedMail {
  const mail = fields('a mail', value, MAIL_NAMES);
  const { subject, text, html, attachments = [], replyTo } = mail;
  if (!isLine(subject, MAX_LINE)) {
    throw invalid(`subject must be text of at most ${MAX_LINE} characters without line breaks or controls, got ${kind(subject)}`);
  }
  for (const [name, part] of Object.entries({ text, html })) {
    if (part !== undefined && typeof part !== 'string') throw invalid(`${name} must be text, got ${kind(part)}`);
  }
  if (text === undefined && html === undefined) throw invalid('a mail must have text or html, got neither');
  if (!Array.isArray(attachments) || attachments.length > MAX_ATTACHMENTS) {
    throw invalid(`attachments must be an array of at most ${MAX_ATTACHMENTS}, got ${kind(attachments)}`);
  }
  const answersTo = replyTo === undefined ? undefined : namedAddress(replyTo);
  if (replyTo !== undefined && answersTo === undefined) throw invalid('replyTo must be an address, got what is none');
  return {
    subject,
    ...(text !== undefined && { text: text as string }),
    ...(html !== undefined && { html: html as string }),
    attachments: attachments.map(checkFile),
    ...(answersTo !== undefined && { replyTo: answersTo }),
  };
}

function checkFile(value: unknown, index: number): AttachedFile {
  const owner = `attachments[${index}]`;
  const { filename, content, encoding = 'utf8', contentType, cid } = fields(owner, value, FILE_NAMES);
  if (!isLine(filename, MAX_FILENAME) || filename === '') {
    throw invalid(`${owner}.filename must be text of 1 to ${MAX_FILENAME} characters without line breaks, got ${kind(filename)}`);
  }
  if (encoding !== 'utf8' && encoding !== 'base64') throw invalid(`${owner}.encoding must be utf8 or base64`);
  if (contentType !== undefined && (typeof contentType !== 'string' || !isMediaType(contentType))) {
    throw invalid(`${owner}.contentType must be a media type, neither multipart/ nor message/, got ${kind(contentType)}`);
  }
  if (cid !== undefined && (typeof cid !== 'string' || !CID.test(cid))) {
    throw invalid(`${owner}.cid must be letters, digits, dots, dashes or @, got ${kind(cid)}`);
  }
  return {
    filename,
    content: bytesOf(owner, content, encoding),
    ...(contentType !== undefined && { contentType }),
    ...(cid !== undefined && { cid }),
    contentTransferEncoding: 'base64',
  };
}

function bytesOf(owner: string, content: unknown, encoding: 'utf8' | 'base64'): Buffer {
  if (content instanceof Uint8Array) return Buffer.from(content);
  if (typeof content !== 'string') throw invalid(`${owner}.content must be text or a Uint8Array, got ${kind(content)}`);
  if (encoding === 'base64' && !BASE64.test(content)) throw invalid(`${owner}.content must be base64, got other text`);
  return Buffer.from(content, encoding);
}

/** The fields of an object that has no others. */
function fields(owner: string, value: unknown, known: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(`${owner} must be an object with ${known.join(', ')}, got ${kind(value)}`);
  }
  const stranger = Object.keys(value).find((name) => !known.includes(name));
  if (stranger === undefined) return value as Readonly<Record<string, unknown>>;
  throw invalid(`${owner} has no field ${JSON.stringify(stranger.slice(0, 40))}; it has ${known.join(', ')}`);
}

function kind(value: unknown): string {
  if (typeof value === 'string') return `a string of ${value.length} characters`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return value === null ? 'null' : typeof value;
}
