import type { Random } from 'ringback';

/** A draw of the normal distribution with mean 0 and deviation 1 (Box and Muller). */
export const normal = (random: Random): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** The gap before the next arrival where arrivals are independent of one another. */
export const exponentialGap = (mean: number, random: Random): number => -mean * Math.log(1 - random());

/** A lognormal draw by what one measures: its mean, and its deviation as a multiple of that mean. */
export function lognormal(mean: number, variation: number, random: Random): number {
  const variance = Math.log(1 + variation ** 2);
  return mean * Math.exp(Math.sqrt(variance) * normal(random) - variance / 2);
}
