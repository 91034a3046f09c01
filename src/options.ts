import { RingbackError } from './errors.js';

/**
 * The checks that every factory's options go through, once, at the door. Each message states the rule, the value and its
 * type. A secret may land in any option by mistake: text is shown only where it is a short, plain word, as a misspelt choice is,
 * and never where an object or a function belongs.
 */

/** Any object with string keys: what a caller may hand in as options. */
export type Options = object;

const PLAIN_WORD = /^[\w .+-]{0,20}$/;

const unshown = (text: string): string => `a string of ${text.length} characters`;

/** A value as messages show it. */
export function show(value: unknown): string {
  if (typeof value === 'string') {
    return PLAIN_WORD.test(value) ? `${JSON.stringify(value)} (string)` : unshown(value);
  }
  if (value === null) return 'null';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' || typeof value === 'function')
    return `${Object.prototype.toString.call(value)} (${typeof value})`;
  return `${String(value)} (${typeof value})`;
}

/** An `invalid-option` error: `<name> must be <rule>, got <value> (<type>)`. */
export function invalidOption(name: string, rule: string, value: unknown): RingbackError {
  return new RingbackError('invalid-option', `${name} must be ${rule}, got ${show(value)}`);
}

/** The same of a value in whose place an object or a function belongs: of text only the length is shown. */
export function showShape(value: unknown): string {
  return typeof value === 'string' ? unshown(value) : show(value);
}

function wrongShape(name: string, rule: string, value: unknown): RingbackError {
  return new RingbackError('invalid-option', `${name} must be ${rule}, got ${showShape(value)}`);
}

/** Refuses what is no object, and names that nobody reads: a misspelt option must not pass in silence. */
export function checkNames(owner: string, options: unknown, known: readonly string[]): asserts options is Options {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw wrongShape(owner, 'an object of options', options);
  }
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) {
      throw new RingbackError('invalid-option', `${owner} has no option ${JSON.stringify(name)}; it has ${known.join(', ')}`);
    }
  }
}

/** The bounds of a number: `above` excludes its value, `from` and `to` include theirs. */
export interface NumberRule {
  readonly from?: number;
  readonly above?: number;
  readonly to?: number;
  readonly integer?: boolean;
}

/** The number, or the default when it is undefined; NaN, infinite and out of range are refused. */
export function numberOption(name: string, value: unknown, fallback: number, rule: NumberRule): number {
  return value === undefined ? fallback : requiredNumber(name, value, rule);
}

/** The number; the same is refused, and so is a missing one. */
export function requiredNumber(name: string, value: unknown, rule: NumberRule): number {
  const {
    from = Number.NEGATIVE_INFINITY,
    above = Number.NEGATIVE_INFINITY,
    to = Number.POSITIVE_INFINITY,
    integer = false,
  } = rule;
  const fits = typeof value === 'number' && Number.isFinite(value) && value >= from && value > above && value <= to;
  if (!fits || (integer && !Number.isInteger(value))) throw invalidOption(name, ruleText(rule), value);
  return value;
}

function ruleText({ from, above, to, integer = false }: NumberRule): string {
  const noun = integer ? 'an integer' : 'a finite number';
  if (from !== undefined && to !== undefined) return `${noun} from ${from} to ${to}`;
  if (from !== undefined) return `${noun} of at least ${from}`;
  if (above !== undefined && to !== undefined) return `${noun} above ${above}, at most ${to}`;
  if (above !== undefined) return `${noun} above ${above}`;
  return to === undefined ? noun : `${noun} of at most ${to}`;
}

/** A duration in ms: finite, not negative. */
export function durationOption(name: string, value: unknown, fallbackMs: number): number {
  return numberOption(name, value, fallbackMs, { from: 0 });
}

/** A function, or the default when it is undefined. */
export function functionOption<F>(name: string, value: F | undefined, fallback: F): F {
  if (value === undefined) return fallback;
  if (typeof value !== 'function') throw wrongShape(name, 'a function', value);
  return value;
}

/** An object with these methods: what a contract of ours asks of what the user brings. */
export function contractOption<T>(name: string, value: T, methods: readonly string[]): T {
  const brought = value as Record<string, unknown> | null;
  const fits = (typeof brought === 'object' || typeof brought === 'function') && brought !== null;
  if (!fits || methods.some((method) => typeof brought[method] !== 'function')) {
    throw wrongShape(name, `an object with ${methods.map((method) => `${method}()`).join(', ')}`, value);
  }
  return value;
}
