/** A sender: an address, or one with the name that mail programs show. */
export type MailAddress = string | { readonly name: string; readonly address: string };

/** A file in a mail. */
export interface MailAttachment {
  /** The name that it is shown and saved under. */
  readonly filename: string;
  /** Text, or bytes; text in base64 where `encoding` says so, as JSON carries no bytes. Never a path or a URL. */
  readonly content: string | Uint8Array;
  /** Default `utf8`. */
  readonly encoding?: 'utf8' | 'base64' | undefined;
  /** Default: by the name's ending. Neither `multipart/…` nor `message/…`. */
  readonly contentType?: string | undefined;
  /** An id that `html` refers to: `<img src="cid:logo">`. Letters, digits, `.`, `_`, `-`, `@`. */
  readonly cid?: string | undefined;
}

/**
 * What is in a mail: the `data` of a callback, or what `render` made of it.
 *
 * @example
 * ```ts
 * import type { Mail } from 'ringback/smtp';
 *
 * const mail: Mail = {
 *   subject: 'Invoice in_42 is paid',
 *   text: 'Thank you.',
 *   html: '<p>Thank you.</p>',
 *   attachments: [{ filename: 'in_42.csv', content: 'item,price\nbook,12' }],
 * };
 * console.log(Object.keys(mail).length); // 4
 * ```
 */
export interface Mail {
  /** One line. */
  readonly subject: string;
  /** The plain text. At least one of `text` and `html`. */
  readonly text?: string | undefined;
  readonly html?: string | undefined;
  readonly attachments?: readonly MailAttachment[] | undefined;
  /** Where answers go, if not to `from`. */
  readonly replyTo?: MailAddress | undefined;
}
