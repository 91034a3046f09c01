import type { Delivery, Message, SendAttempt } from '../../../src/index.js';
import type { Mail } from '../../../src/transports/smtp/index.js';

export const FROM = 'billing@company.example';
export const MAIL: Mail = { subject: 'Invoice in_42', text: 'It is paid.\n' };

/** A message as ringback hands it to a transport. */
export function messageTo(
  to: string,
  fields: Partial<Delivery> & { data?: unknown; signed?: Record<string, string> } = {},
): Message {
  const { data = MAIL, signed = {}, ...rest } = fields;
  const body = rest.body ?? new TextEncoder().encode(JSON.stringify(data));
  const headers = rest.headers ?? {};
  const delivery: Delivery = {
    id: 'msg_1',
    to,
    destination: 'company.example',
    contentType: 'application/json',
    priority: 0,
    acceptedAtMs: Date.UTC(2026, 10, 21, 6, 0, 0),
    ...rest,
    headers,
    body,
  };
  return { id: delivery.id, to, headers: { 'content-type': delivery.contentType, ...headers, ...signed }, body, delivery };
}

export const attempt = (signal: AbortSignal = new AbortController().signal, number = 1): SendAttempt => ({ number, signal });

/** A mail as it came over the wire, in parts. */
export interface ReadMail {
  /** Unfolded, in their order, names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** Reads a mail by the rules of RFC 5322 alone: it shares no code with what wrote it. */
export function readMail(raw: string): ReadMail {
  const end = raw.indexOf('\r\n\r\n');
  const lines = raw
    .slice(0, end)
    .replace(/\r\n(?=[ \t])/g, '')
    .split('\r\n');
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  return { headers, body: raw.slice(end + 4) };
}

export const header = ({ headers }: ReadMail, name: string): string | undefined => headers.find(([known]) => known === name)?.[1];

/** The parts of a multipart mail, nested ones too. */
export function partsOf(mail: ReadMail): ReadMail[] {
  const boundary = /boundary="([^"]+)"/.exec(header(mail, 'content-type') ?? '')?.[1];
  if (boundary === undefined) return [mail];
  const inner = mail.body.split(`--${boundary}`).slice(1, -1);
  return inner.flatMap((part) => partsOf(readMail(part.replace(/^\r\n/, '').replace(/\r\n$/, ''))));
}
