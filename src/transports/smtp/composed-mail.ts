import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { Message } from '../../callback.js';
import { domainOf } from './address.js';
import { type AttachedFile, type CheckedMail, isMediaType, type NamedAddress } from './checked-mail.js';
import { type MailHeader, mailHeaders } from './mail-headers.js';

/** A mail as a transporter of nodemailer's takes it. */
export interface ComposedMail extends CheckedMail {
  readonly from: NamedAddress;
  /** All recipients of the destination, also those that were reached before. */
  readonly to: NamedAddress[];
  /** Who it goes to now. Nothing in the mail adds to it. */
  readonly envelope: { readonly from: string; readonly to: string[] };
  readonly messageId: string;
  readonly date: Date;
  readonly headers: MailHeader[];
  readonly xMailer: false;
  readonly disableFileAccess: true;
  readonly disableUrlAccess: true;
  readonly signal: AbortSignal;
}

/** What a mail is made of. */
export interface MailParts {
  readonly message: Message;
  readonly mail: CheckedMail;
  readonly from: NamedAddress;
  readonly recipients: readonly string[];
  /** Those of them that it goes to now. */
  readonly due: readonly string[];
  readonly withSignature: boolean;
  readonly signal: AbortSignal;
}

/** The same mail at every attempt, but for the recipients that were reached before, and the signature's fresh stamp. */
export function composeMail({ message, mail, from, recipients, due, withSignature, signal }: MailParts): ComposedMail {
  return {
    ...mail,
    attachments: withSignature ? [...mail.attachments, signedBytes(message)] : mail.attachments,
    from,
    to: recipients.map((address) => ({ name: '', address })),
    envelope: { from: from.address, to: [...due] },
    messageId: messageIdOf(message.id, from.address),
    date: new Date(message.delivery.acceptedAtMs),
    headers: mailHeaders(message, withSignature),
    xMailer: false,
    disableFileAccess: true,
    disableUrlAccess: true,
    signal,
  };
}

/** What RFC 5322 §3.6.4 lets stand in front of the `@`. An id of ringback's own is one. */
const DOT_ATOM = /^(?=.{1,128}$)[\w!#$%&'*+\-/=?^`{|}~]+(\.[\w!#$%&'*+\-/=?^`{|}~]+)*$/;

/** Of the delivery's id, or of its hash where it can't stand in one: the same over all attempts and processes. */
export function messageIdOf(id: string, from: string): string {
  const left = DOT_ATOM.test(id) ? id : createHash('sha256').update(id).digest('hex');
  return `<${left}@${domainOf(from)}>`;
}

/** A signature vouches for the callback's bytes, which the mail's text is made of but does not show. */
function signedBytes({ body, delivery: { contentType } }: Message): AttachedFile {
  const isJson = /^application\/json\b/i.test(contentType);
  return {
    filename: isJson ? 'callback.json' : 'callback.bin',
    content: Buffer.from(body),
    contentType: isMediaType(contentType) ? contentType : 'application/octet-stream',
    contentTransferEncoding: 'base64',
  };
}
