import { checkNames, invalidOption, numberOption, requiredNumber } from '../../options.js';

/**
 * What goes wrong on a connection:
 *
 * - `'pass'`: nothing.
 * - `'refuse'`: from now on nothing listens at the port, until `next` is called again. A refused connection is not seen, and so not
 *   counted: no fault comes after it.
 * - `'reset'`: the connection is reset (RST) as soon as it is there; with `afterBytes`, once so many bytes of the answer have
 *   passed; with `of: 'request'`, once so many of the request have.
 * - `'half-open'`: it is taken, and never answered.
 * - `{ fault: 'delay', delayMs }`: the answer comes that much later, piece by piece.
 * - `{ fault: 'trickle', bytesPerMs }`: the answer comes at this rate; below 1 it is a byte every so many ms.
 * - `'truncate'`: the connection ends in order (FIN) after `afterBytes` of the answer, by default 16.
 * - `'garbage'`: instead of the answer comes what no protocol knows, and then the end.
 * - `'close'`: the connection ends in order, without an answer.
 * - `'close-on-reuse'`: the same when a second request comes on it, before a byte of that is read: the keep-alive race.
 *
 * `atRequest` says at which request of its connection a fault begins, by default the first, which begins with the connection. A
 * request is told by its bytes coming after those of an answer, so over TLS the handshake counts too, and where servers
 * speak first, their greeting is the answer to request 1.
 */
export type Fault =
  | 'pass'
  | 'refuse'
  | 'reset'
  | 'half-open'
  | 'truncate'
  | 'garbage'
  | 'close'
  | 'close-on-reuse'
  | { readonly fault: 'half-open' | 'garbage' | 'close'; readonly atRequest?: number }
  | {
      readonly fault: 'reset';
      readonly afterBytes?: number;
      readonly of?: 'answer' | 'request';
      readonly atRequest?: number;
    }
  | { readonly fault: 'truncate'; readonly afterBytes?: number; readonly atRequest?: number }
  | { readonly fault: 'delay'; readonly delayMs: number; readonly atRequest?: number }
  | { readonly fault: 'trickle'; readonly bytesPerMs: number; readonly atRequest?: number };

type FaultKind = 'pass' | 'refuse' | 'reset' | 'half-open' | 'truncate' | 'garbage' | 'close' | 'delay' | 'trickle';

/** A fault, checked and complete. */
export interface PlannedFault {
  readonly kind: FaultKind;
  readonly atRequest: number;
  readonly afterBytes: number;
  readonly of: 'answer' | 'request';
  readonly delayMs: number;
  readonly bytesPerMs: number;
}

export const PASS: PlannedFault = { kind: 'pass', atRequest: 1, afterBytes: 0, of: 'answer', delayMs: 0, bytesPerMs: 1 };

/** What each fault can be given, beside `atRequest`. */
const SETTINGS: Readonly<Record<Exclude<FaultKind, 'pass' | 'refuse'>, readonly string[]>> = {
  reset: ['afterBytes', 'of'],
  'half-open': [],
  truncate: ['afterBytes'],
  garbage: [],
  close: [],
  delay: ['delayMs'],
  trickle: ['bytesPerMs'],
};

const NAMED: Readonly<Record<string, PlannedFault>> = {
  pass: PASS,
  refuse: { ...PASS, kind: 'refuse' },
  reset: { ...PASS, kind: 'reset' },
  'half-open': { ...PASS, kind: 'half-open' },
  truncate: { ...PASS, kind: 'truncate', afterBytes: 16 },
  garbage: { ...PASS, kind: 'garbage' },
  close: { ...PASS, kind: 'close' },
  'close-on-reuse': { ...PASS, kind: 'close', atRequest: 2 },
};

/** Checks a fault; `name` says in messages where it stood. Throws `invalid-option`. */
export function plannedFault(name: string, given: Fault): PlannedFault {
  if (typeof given === 'string') {
    const named = Object.hasOwn(NAMED, given) ? NAMED[given] : undefined;
    if (named === undefined) throw invalidOption(name, `one of ${Object.keys(NAMED).join(', ')}, or an object with fault`, given);
    return named;
  }
  const { fault: kind } = given;
  const own = Object.hasOwn(SETTINGS, kind) ? SETTINGS[kind] : undefined;
  if (own === undefined) throw invalidOption(`${name}.fault`, `one of ${Object.keys(SETTINGS).join(', ')}`, kind);
  checkNames(name, given, ['fault', 'atRequest', ...own]);
  const { atRequest, afterBytes, of = 'answer', delayMs, bytesPerMs } = given as Partial<PlannedFault>;
  if (of !== 'answer' && of !== 'request') throw invalidOption(`${name}.of`, 'answer or request', of);
  return {
    kind,
    of,
    atRequest: numberOption(`${name}.atRequest`, atRequest, 1, { from: 1, integer: true }),
    afterBytes: numberOption(`${name}.afterBytes`, afterBytes, NAMED[kind]?.afterBytes ?? 0, { from: 0, integer: true }),
    delayMs: kind === 'delay' ? requiredNumber(`${name}.delayMs`, delayMs, { from: 0, to: 600_000 }) : 0,
    bytesPerMs: kind === 'trickle' ? requiredNumber(`${name}.bytesPerMs`, bytesPerMs, { from: 0.0001, to: 1_000_000 }) : 1,
  };
}
