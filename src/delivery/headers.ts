import { RingbackError } from '../errors.js';
import { FRAMING_HEADERS, isHeaderName, isHeaderValue } from '../header-grammar.js';

const MAX_HEADERS = 100;
const MAX_VALUE_LENGTH = 8_192;
const CONTENT_TYPE = 'content-type';

const NONE: Readonly<Record<string, string>> = Object.freeze({});

const invalid = (message: string): RingbackError => new RingbackError('invalid-callback', message);

/** Checks and copies a callback's headers. Messages name the header, never its value. */
export function checkHeaders(headers: unknown): Readonly<Record<string, string>> {
  if (headers === undefined) return NONE;
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) {
    throw invalid(`headers must be an object of strings, got ${Array.isArray(headers) ? 'an array' : typeof headers}`);
  }
  // Headers and Map have no keys of their own: all they hold would be lost without a word.
  if (Symbol.iterator in headers)
    throw invalid('headers must be a plain object of strings, got an iterable such as Headers or Map');
  const entries = Object.entries(headers as Record<string, unknown>);
  if (entries.length > MAX_HEADERS) throw invalid(`headers must be at most ${MAX_HEADERS}, got ${entries.length}`);
  const seen = new Set<string>();
  for (const [name, value] of entries) {
    checkHeader(name, value);
    const lower = name.toLowerCase();
    if (seen.has(lower)) throw invalid(`header ${JSON.stringify(name)} is given twice, in different case`);
    seen.add(lower);
  }
  return Object.freeze(Object.fromEntries(entries) as Record<string, string>);
}

function checkHeader(name: string, value: unknown): void {
  if (!isHeaderName(name)) throw invalid(`a header's name must be an HTTP token, got ${JSON.stringify(name.slice(0, 60))}`);
  if (FRAMING_HEADERS.has(name.toLowerCase()))
    throw invalid(`header ${JSON.stringify(name)} belongs to the connection and can't be set`);
  if (typeof value !== 'string') throw invalid(`header ${JSON.stringify(name)} must be a string, got ${typeof value}`);
  if (value.length > MAX_VALUE_LENGTH) {
    throw invalid(`header ${JSON.stringify(name)} must be at most ${MAX_VALUE_LENGTH} characters, got ${value.length}`);
  }
  if (!isHeaderValue(value)) {
    throw invalid(
      `header ${JSON.stringify(name)} must hold no line break and no character outside Latin-1 (its value is not shown)`,
    );
  }
}

/** What a callback's own headers say its content is, whatever the case of the name. */
export function contentTypeOf(headers: Readonly<Record<string, string>>): string | undefined {
  for (const name in headers) {
    if (name.length === CONTENT_TYPE.length && name.toLowerCase() === CONTENT_TYPE) return headers[name];
  }
  return undefined;
}

/** The headers with that content type, unless they say one themselves. */
export function withContentType(
  headers: Readonly<Record<string, string>>,
  contentType: string,
): Readonly<Record<string, string>> {
  return contentTypeOf(headers) === undefined ? { 'content-type': contentType, ...headers } : headers;
}
