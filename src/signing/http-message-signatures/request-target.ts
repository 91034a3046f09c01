/** Where a request goes, in the parts that are signed by themselves. */
export interface RequestTarget {
  /** `https` or `http`. */
  readonly scheme: string;
  /** The host in lower case, and the port where it is not the scheme's own. */
  readonly authority: string;
  /** As it is written: `/hooks/%61` and `/hooks/a` differ, as they may to the server. */
  readonly path: string;
  /** With its `?`; empty where the URI has none, or nothing but the `?`. */
  readonly query: string;
}

const VISIBLE_ASCII = /^[!-~]+$/;
const PARTS = /^https?:\/\/[^/?#\\@]+(\/[^?#]*)?(\?[^#]*)?(?:#.*)?$/i;

/** The parts of an absolute `http:` or `https:` URI; undefined for any other. */
export function requestTarget(uri: string): RequestTarget | undefined {
  if (!VISIBLE_ASCII.test(uri)) return undefined;
  const parts = PARTS.exec(uri);
  const url = parts === null ? null : URL.parse(uri);
  if (parts === null || url === null) return undefined;
  const [, path = '/', query = ''] = parts;
  return { scheme: url.protocol.slice(0, -1), authority: url.host, path, query: query === '?' ? '' : query };
}

/** Values of a query parameter, by its name as it is signed; each decoded and encoded again, as RFC 9421 §2.2.8 has it. */
export function queryParameterValues({ query }: RequestTarget, name: string): readonly string[] {
  const values: string[] = [];
  for (const [key, value] of new URLSearchParams(query)) {
    if (encodeForm(key) === name) values.push(encodeForm(value));
  }
  return values;
}

/** The percent-encode set of `application/x-www-form-urlencoded`, with a space as `%20`. */
const encodeForm = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
