import { checkNames, invalidOption, numberOption, requiredNumber } from '../options.js';
import type { Random } from '../random.js';

/** How long a worker of the receiver is busy with one request. */
export type ServiceTime =
  | { readonly kind: 'constant'; readonly meanMs: number }
  /** Many short, few long: the M of queueing theory's M/M/c. */
  | { readonly kind: 'exponential'; readonly meanMs: number }
  /** What real services look like: a hump and a long tail. `sigma` is the spread of the logarithm; default 0.5. */
  | { readonly kind: 'lognormal'; readonly meanMs: number; readonly sigma?: number };

/** Draws one service time, in ms. */
export type DrawServiceMs = () => number;

const KINDS: readonly unknown[] = ['constant', 'exponential', 'lognormal'];

/** Checks a distribution, and gives what draws from it; each has the mean that was asked for. */
export function serviceTime(name: string, option: ServiceTime): (random: Random) => DrawServiceMs {
  const kind: unknown = (option as ServiceTime | null | undefined)?.kind;
  if (!KINDS.includes(kind)) throw invalidOption(`${name}.kind`, 'one of constant, exponential, lognormal', kind);
  checkNames(name, option, kind === 'lognormal' ? ['kind', 'meanMs', 'sigma'] : ['kind', 'meanMs']);
  const meanMs = requiredNumber(`${name}.meanMs`, option.meanMs, { above: 0, to: 1e9 });
  if (option.kind === 'constant') return () => () => meanMs;
  if (option.kind === 'exponential') return (random) => () => -meanMs * Math.log(1 - random());
  const sigma = numberOption(`${name}.sigma`, option.sigma, 0.5, { above: 0, to: 5 });
  const mu = Math.log(meanMs) - (sigma * sigma) / 2;
  return (random) => () => Math.exp(mu + sigma * normal(random));
}

/** One draw of the standard normal distribution (Box and Muller). */
function normal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random()));
  return radius * Math.cos(2 * Math.PI * random());
}
