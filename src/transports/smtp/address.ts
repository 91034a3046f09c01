import { Buffer } from 'node:buffer';

/** RFC 5321 §4.5.3.1: octets of a local part and of a whole address. */
const MAX_LOCAL_BYTES = 64;
const MAX_BYTES = 254;

/** A dot-string (RFC 5321 §4.1.2), with what RFC 6531 adds beyond ASCII. No quoted string: programs disagree about where one ends. */
const LOCAL = /^[\w!#$%&'*+\-/=?^`{|}~\u0080-\u{10ffff}]+(\.[\w!#$%&'*+\-/=?^`{|}~\u0080-\u{10ffff}]+)*$/u;
/** Controls, lone surrogates, invisible formatting and spaces, in any script. */
const UNSEEN = /[\p{C}\p{Z}]/u;
const DOMAIN = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;
/** The end of what resolvers read as an address of the network, in one of its many spellings. */
const NUMERIC_END = /(^|\.)(\d+|0x[0-9a-f]*)$/;
/** What a URL's host is cut at, or decoded by. */
const CUTS_A_HOST = /[%/?#@:[\]\\]/;

/**
 * An address in the form that is sent and compared: the local part as it is, the domain in lower case, and in ASCII where it is
 * written in another script. Undefined for all that is no plain `local@domain`; address literals (`user@[10.0.0.1]`) among it.
 */
export function parseAddress(text: string): string | undefined {
  const at = text.lastIndexOf('@');
  if (at < 1 || UNSEEN.test(text)) return undefined;
  const local = text.slice(0, at);
  const domain = asciiDomain(text.slice(at + 1));
  if (domain === undefined || !LOCAL.test(local) || Buffer.byteLength(local) > MAX_LOCAL_BYTES) return undefined;
  const address = `${local}@${domain}`;
  return Buffer.byteLength(address) > MAX_BYTES ? undefined : address;
}

function asciiDomain(text: string): string | undefined {
  const isAscii = /^[\x21-\x7e]*$/.test(text);
  const ascii = isAscii || CUTS_A_HOST.test(text) ? text.toLowerCase() : URL.parse(`http://${text}/`)?.hostname;
  return ascii !== undefined && DOMAIN.test(ascii) && !NUMERIC_END.test(ascii) ? ascii : undefined;
}

/** The part of a checked address after its `@`. */
export const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1);
