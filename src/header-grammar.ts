/** What a connection says for itself: a header of these names, given by a user, would break the framing. */
export const FRAMING_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** An HTTP token (RFC 9110 §5.6.2), of a length that every receiver takes. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}$/;
/** Visible characters, space and tab, up to Latin-1, as HTTP/1.1 carries it: no line break can smuggle a header in. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

export const isHeaderName = (name: string): boolean => NAME.test(name);

export const isHeaderValue = (value: string): boolean => VALUE.test(value);
