/** Where a message goes or came to, as a token tells it. */
export interface Target {
  /** The URI as URLs are written canonically, with its query, without its fragment. */
  readonly uri: string;
  /** The URI's origin; the whole URI where it has none, as `arn:` and `mailto:`. */
  readonly origin: string;
}

/** Both sides normalise alike, so that an upper-case host, a default port or an unescaped space makes no difference. */
export function targetOf(uri: string): Target | undefined {
  const url = URL.parse(uri);
  if (url === null) return undefined;
  url.hash = '';
  const { href, origin } = url;
  return { uri: href, origin: origin === 'null' ? href : origin };
}
