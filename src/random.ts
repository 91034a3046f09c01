/** A source of randomness: a number in [0, 1) at each call, as `Math.random` gives. */
export type Random = () => number;

const POOL_SIZE = 512;
const TWO_POW_26 = 0x4000000;
const TWO_POW_53 = 0x20000000000000;

const pool = new Uint32Array(POOL_SIZE);
let poolIndex = POOL_SIZE;

/**
 * Unpredictable randomness with 53 bits a draw, from the platform's cryptographic generator, fetched 256 draws at a time. Ids
 * are made of it, so `Math.random` would not do.
 *
 * @example
 * ```ts
 * import { systemRandom } from 'ringback';
 *
 * const number = systemRandom();
 * console.log(number >= 0 && number < 1); // true
 * ```
 */
export const systemRandom: Random = () => {
  if (poolIndex === POOL_SIZE) {
    globalThis.crypto.getRandomValues(pool);
    poolIndex = 0;
  }
  const high = (pool[poolIndex] as number) >>> 5;
  const low = (pool[poolIndex + 1] as number) >>> 6;
  poolIndex += 2;
  return (high * TWO_POW_26 + low) / TWO_POW_53;
};

/**
 * Randomness that repeats: the same seed gives the same numbers on every platform (xoshiro128**, seeded by splitmix32). For
 * tests and simulations; never for ids that must not be guessed.
 *
 * @example
 * ```ts
 * import { seededRandom } from 'ringback';
 *
 * console.log(seededRandom(42)() === seededRandom(42)()); // true
 * ```
 */
export function seededRandom(seed: number | string): Random {
  let mix = hashSeed(seed);
  const splitmix = (): number => {
    mix = (mix + 0x9e3779b9) | 0;
    let z = mix ^ (mix >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z ^= z >>> 15;
    z = Math.imul(z, 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  let [a, b, c, d] = [splitmix(), splitmix(), splitmix(), splitmix()];
  const next = (): number => {
    const fives = Math.imul(b, 5);
    const result = Math.imul((fives << 7) | (fives >>> 25), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result;
  };
  return () => ((next() >>> 5) * TWO_POW_26 + (next() >>> 6)) / TWO_POW_53;
}

/** FNV-1a over the seed's characters, so that seeds of any kind spread. */
function hashSeed(seed: number | string): number {
  let hash = 0x811c9dc5;
  for (const character of String(seed)) {
    hash = Math.imul(hash ^ (character.codePointAt(0) as number), 0x01000193);
  }
  return hash | 0;
}

const ID_ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** All pairs of two characters: an id is made of twelve of them. */
const PAIRS: readonly string[] = [...ID_ALPHABET].flatMap((first) => [...ID_ALPHABET].map((second) => first + second));
const PAIRS_A_DRAW = 4;
const ID_DRAWS = 3;

/** A prefix and 24 characters of base62: 142 bits of what `random` gives. */
export function randomId(prefix: string, random: Random): string {
  let id = prefix;
  for (let draw = 0; draw < ID_DRAWS; draw++) {
    // 62^8 is below 2^53, so one draw holds eight characters.
    let rest = random() * PAIRS.length;
    for (let i = 0; i < PAIRS_A_DRAW; i++) {
      const index = Math.floor(rest);
      id += PAIRS[index];
      rest = (rest - index) * PAIRS.length;
    }
  }
  return id;
}
