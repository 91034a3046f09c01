import type { Message } from '../../callback.js';
import { RingbackError } from '../../errors.js';
import { isHeaderName, isHeaderValue } from '../../header-grammar.js';

/** A header as nodemailer takes it, in its place. */
export interface MailHeader {
  readonly key: string;
  readonly value: string;
}

/** What the mail says for itself: a header of these names would name other people, or another kind of content. */
const OWN_NAMES: ReadonlySet<string> = new Set([
  'auto-submitted',
  'bcc',
  'cc',
  'date',
  'dkim-signature',
  'from',
  'message-id',
  'mime-version',
  'received',
  'reply-to',
  'return-path',
  'sender',
  'subject',
  'to',
]);
const OWN_FAMILIES = /^(content|resent)-/;

/** The longest line of a mail (RFC 5322 §2.1.1). What is longer, a server on the way may cut in two. */
const MAX_LINE = 998;

const invalid = (name: string, rule: string): RingbackError =>
  new RingbackError('invalid-callback', `header ${JSON.stringify(name.slice(0, 60))} ${rule}`);

/**
 * The headers that a mail has beside its own: the callback's in their order, and the signature's where they are wanted. The
 * callback's `content-type` is left out, as it tells of the callback's body and not of the mail.
 *
 * @throws RingbackError `invalid-callback` for a header that is the mail's own, or can't stand in a mail.
 */
export function mailHeaders({ headers, delivery }: Pick<Message, 'headers' | 'delivery'>, withSignature: boolean): MailHeader[] {
  const list: MailHeader[] = [];
  for (const [key, value] of Object.entries(headers)) {
    const isOfSignature = delivery.headers[key] !== value;
    if (key.toLowerCase() === 'content-type' || (isOfSignature && !withSignature)) continue;
    check(key, value);
    list.push({ key, value });
  }
  // RFC 3834 §5: so that no autoresponder answers it.
  list.push({ key: 'Auto-Submitted', value: 'auto-generated' });
  return list;
}

function check(name: string, value: string): void {
  if (!isHeaderName(name)) throw invalid(name, 'must have an HTTP token as its name');
  const lowerName = name.toLowerCase();
  if (OWN_NAMES.has(lowerName) || OWN_FAMILIES.test(lowerName)) throw invalid(name, "is the mail's own and can't be set");
  if (!isHeaderValue(value)) throw invalid(name, 'must hold no line break and no character outside Latin-1');
  // Lines are folded at spaces alone, so that the value is the same once it is unfolded.
  const longest = value.split(/[ \t]/).reduce((most, part) => Math.max(most, part.length), 0);
  if (longest > MAX_LINE) throw invalid(name, `must hold no ${MAX_LINE} characters without a space: a mail's line is no longer`);
}
