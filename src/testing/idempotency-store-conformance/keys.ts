import type { Claim, IdempotencyStore } from '../../idempotency/store.js';
import { answers, isError, isHeld, replays, wonToken } from './checks.js';
import { type Cases, claimed, LONG_MS } from './store-case.js';

const MAX_KEY_LENGTH = 300;
const MAX_NAMED_LENGTH = 60;
const ASKING = { fingerprint: 'asking', leaseMs: LONG_MS };

/** Keys that a careless store takes for one another, or for its own syntax. All of them hold the random part. */
const alike = (random: string): string[] => [
  ...['', ' ', '  ', '\n', '\r\n', '\t', '\u00a0', '\u200b', '/', '//', '/.', '/../', '\\'].map((end) => random + end),
  ...[' ', '\n', '/', './'].map((start) => start + random),
  ...[':', '::', ':a', ':a:b', '|a', '#a', '.a', ',a', ';a', '&a=b', '?a', '%', '_', '*', '[a]', '{a}', '$1', '$a'].map(
    (end) => random + end,
  ),
  ...["'", "''", '"', '""', '`', '--', '%20', '%2F', '+', '\\0', '\\n', '\\u0000', '\u0001', '\u007f', '\ufeff'].map(
    (end) => random + end,
  ),
  ...['a', 'A', 'ä', 'a\u0308', 'Ä', 'ß', 'ss', 'ı', 'i', 'İ', 'ｉ', '١', '1', '01', '1.0', '1e0'].map(
    (end) => `${random}-${end}`,
  ),
  ...['\ufffd', '\u{1f600}', '\u{1f601}', '你好', 'שלום', '\u202e', '\ud7ff', '\ue000', '\uffff'].map((end) => random + end),
];

/** As long as keys may be, in one and in several bytes a character, and equal but for the last one. */
const long = (random: string): string[] =>
  ['x', '你', '\u{1f600}'].flatMap((filler) => {
    const fillers = Math.floor((MAX_KEY_LENGTH - random.length - 1) / filler.length);
    const start = (random + filler.repeat(fillers)).padEnd(MAX_KEY_LENGTH - 1, 'x');
    return [`${start}1`, `${start}2`];
  });

/** Keys that not every database can keep. Each pair would be one key if a store replaced what it can't keep. */
const unkeepable = (random: string): string[] => [`${random}\u0000`, `${random}\u0000a`, `${random}\ud800`, `${random}\udbff`];

const payload = (index: number): string => `payload ${index}`;

/** A key in a message: of a long one its end, as that is what differs. */
function named(key: string): string {
  if (key.length <= MAX_NAMED_LENGTH) return `the key ${JSON.stringify(key)}`;
  return `the key of ${key.length} characters that ends in ${JSON.stringify(key.slice(-9))}`;
}

/** Claims each key, gives the first one back, and completes each of the others with a result of its own. */
async function keepApart(store: IdempotencyStore, keys: readonly string[]): Promise<void> {
  const tokens = new Map<string, string>();
  for (const [index, key] of keys.entries()) {
    const claim = await store.claim(key, { fingerprint: payload(index), leaseMs: LONG_MS });
    tokens.set(key, wonToken(claim, `${named(key)}, which is free`));
  }
  for (const key of keys) isHeld(await store.claim(key, ASKING), named(key));
  for (const [index, key] of keys.entries()) {
    const token = tokens.get(key) ?? '';
    if (index === 0) answers(await store.release(key, token), true, `release of ${named(key)}`);
    else answers(await store.complete(key, token, Uint8Array.of(index), LONG_MS), true, `complete of ${named(key)}`);
  }
  for (const [index, key] of keys.entries()) {
    if (index === 0) wonToken(await store.claim(key, ASKING), `${named(key)}, which was given back`);
    else replays(await store.claim(key, ASKING), Uint8Array.of(index), named(key));
  }
}

/** Which keys are the same: those that are equal, character by character. */
export const keys: Cases = {
  'keeps apart keys with separators, spaces, line breaks, quotes, patterns, cases, accents and scripts': async (given) => {
    await keepApart(await given.open(), alike(given.newKey()));
  },

  'keeps apart keys of 300 characters that differ in the last one': async (given) => {
    await keepApart(await given.open(), long(given.newKey()));
  },

  'refuses a key that it can’t keep (NUL, half a surrogate pair) by throwing, or keeps it apart from all others': async (
    given,
  ) => {
    const store = await given.open();
    const random = given.newKey();
    await claimed(store, random);
    wonToken(await store.claim(`${random}\ufffd`, { fingerprint: 'f', leaseMs: LONG_MS }), 'a key with U+FFFD');
    for (const key of unkeepable(random)) {
      const why = named(key);
      let claim: Claim;
      try {
        claim = await store.claim(key, { fingerprint: why, leaseMs: LONG_MS });
      } catch (error) {
        isError(error, why);
        continue;
      }
      const token = wonToken(claim, why);
      isHeld(await store.claim(key, ASKING), why);
      answers(await store.complete(key, token, Uint8Array.of(1), LONG_MS), true, `complete of ${why}`);
    }
  },
};
