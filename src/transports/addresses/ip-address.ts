/** An address as its bytes, in the order of the network: 4 of IPv4, 16 of IPv6. */
export type IpAddress = Uint8Array;

/** The longest way to write an address (an IPv4 one inside an IPv6 one), and room for the name of an interface. */
const MAX_LENGTH = 45 + 32;

/**
 * Reads an address in the spellings that resolvers and parsed URLs use: dotted decimal without leading zeros, or IPv6. A zone
 * (`fe80::1%eth0`) is left out, as it says by which interface, not whereto. Undefined for all else.
 */
export function parseIpAddress(text: string): IpAddress | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  return text.includes(':') ? parseV6(text) : parseV4(text);
}

const DECIMAL = /^(?:0|[1-9]\d{0,2})$/;

function parseV4(text: string): IpAddress | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => DECIMAL.test(part) && Number(part) <= 255)) return undefined;
  return Uint8Array.from(parts, Number);
}

const ZONE = /%[0-9a-zA-Z.:-]+$/;

function parseV6(text: string): IpAddress | undefined {
  const [left, right, ...more] = text.replace(ZONE, '').split('::');
  if (left === undefined || more.length > 0) return undefined;
  const head = bytesOf(left, right === undefined);
  const tail = bytesOf(right ?? '', true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  // `::` stands for one group of zeros at least.
  if (right === undefined ? missing !== 0 : missing < 2) return undefined;
  return Uint8Array.from([...head, ...new Array<number>(missing).fill(0), ...tail]);
}

const GROUP = /^[0-9a-fA-F]{1,4}$/;

/** The bytes of groups between colons; the last one of an address may be IPv4. */
function bytesOf(groups: string, endsAddress: boolean): number[] | undefined {
  if (groups === '') return [];
  const parts = groups.split(':');
  const v4 = endsAddress ? parseV4(parts.at(-1) as string) : undefined;
  if (v4 !== undefined) parts.pop();
  if (!parts.every((part) => GROUP.test(part))) return undefined;
  const words = parts.map((part) => Number.parseInt(part, 16));
  return [...words.flatMap((word) => [word >> 8, word & 0xff]), ...(v4 ?? [])];
}
