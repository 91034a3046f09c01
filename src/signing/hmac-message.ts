import type { RingbackError } from '../errors.js';
import { headerValues } from './received.js';
import type { ReceivedMessage } from './scheme.js';

/** A message as `signed` of `hmac` sees it, with the same fields when it is signed and when it is verified. */
export interface HmacMessage {
  /** The callback's id, as `idHeader` carries it. */
  readonly id: string;
  /** Unix seconds in decimal, as `timestampHeader` or `{timestamp}` in `format` carries them. */
  readonly timestamp: string;
  /** The method, as it is sent: `POST`. */
  readonly method: string;
  /** The whole URI: `https://customer.example/hooks?tenant=1`. To verify, the receiver must know under which it was called. */
  readonly url: string;
  /** Path and query: `/hooks?tenant=1`. */
  readonly path: string;
  /** The one value of a header, by its name in any case. Missing or repeated is refused. */
  readonly header: (name: string) => string;
  /** The bytes that are sent, or as they came. */
  readonly body: Uint8Array;
}

/** What a signature covers, in its order; text as UTF-8. Put a separator between parts whose length varies. */
export type HmacParts = readonly (string | Uint8Array)[];

/** Tells what is signed, for signing and for verifying alike. It must give the same for the same message. */
export type SignedParts = (message: HmacMessage) => HmacParts;

/** Which fields of a message a signature depends on. The body always is one of them. */
export type Covered = Readonly<Record<'id' | 'timestamp' | 'method' | 'url' | 'path', boolean>>;

/** What both ends know of a message before its fields are asked for. */
export interface KnownMessage {
  readonly id: string;
  readonly timestamp: string;
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: ReceivedMessage['headers'];
  readonly body: Uint8Array;
}

const SCHEME_AND_AUTHORITY = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]+(?=\/)/i;

/** The text as it is, never normalised: what was not sent in this spelling was not signed in it. */
function targetOf(text: string | undefined): { readonly url: string; readonly path: string } {
  if (typeof text !== 'string') return { url: '', path: '' };
  if (text.startsWith('/')) return { url: '', path: text };
  const authority = SCHEME_AND_AUTHORITY.exec(text);
  return authority === null ? { url: '', path: '' } : { url: text, path: text.slice(authority[0].length) };
}

/** The message for `signed`. A field that is covered and not there is refused, by an error that `refuse` makes. */
export function hmacMessage(known: KnownMessage, covered: Covered, refuse: (fault: string) => RingbackError): HmacMessage {
  const { id, timestamp, body, headers } = known;
  const method = typeof known.method === 'string' ? known.method : '';
  const { url, path } = targetOf(known.url);
  if (covered.method && method === '') throw refuse('the method is signed and was not given');
  if (covered.url && url === '') throw refuse('the URL is signed and must be given whole, as https://customer.example/hooks');
  if (covered.path && path === '') throw refuse('the path is signed and the URL has none, or was not given');
  const header = (name: string): string => {
    const values = headerValues(headers, name.toLowerCase());
    const [value] = values;
    if (values.length === 1 && typeof value === 'string') return value;
    throw refuse(`the header ${name} is signed and must be there once, it is there ${values.length} times`);
  };
  return { id, timestamp, method, url, path, header, body };
}
