/** What a sender meets that takes URLs from strangers. */
export interface Case {
  readonly url: string;
  /** What the name resolves to, lookup by lookup; the last one stays. Of a host that is an address, nothing. */
  readonly lookups: readonly (readonly string[])[];
}

/** Cases of one kind. */
export interface Group {
  readonly name: string;
  /** What has to happen: nothing may be connected to, or it must be possible to. */
  readonly expected: 'refused' | 'connected';
  readonly cases: readonly Case[];
}

/** Hosts that are addresses. */
export const literals = (...urls: string[]): Case[] => urls.map((url) => ({ url, lookups: [] }));

/** Names, each with all that it resolves to. */
export const names = (entries: Readonly<Record<string, readonly string[]>>): Case[] =>
  Object.entries(entries).map(([url, addresses]) => ({ url, lookups: [addresses] }));

/** One name each, that resolves to these. */
export const resolvingTo = (...addresses: string[]): Case[] =>
  addresses.map((address, index) => ({ url: `https://customer-${index + 1}.example/`, lookups: [[address]] }));

/** Where the good ones of these names lead. */
export const PUBLIC = '8.8.8.8';
