import type { Figure, TopicFigures } from './figures.ts';

/** Something that can be measured again and again. */
export interface Candidate {
  readonly name: string;
  /** Measures once; gives the cost of one call. */
  round(): Promise<number>;
}

/**
 * Measures candidates in turns: every round measures each of them once, and begins with another one than the last round. What
 * disturbs the machine for a while so disturbs all of them. One more round comes first and is thrown away, as it compiles.
 */
export async function measureInRounds(
  unit: string,
  candidates: readonly Candidate[],
  rounds: number,
  progress: (text: string) => void,
): Promise<TopicFigures> {
  const costs = new Map<string, number[]>(candidates.map(({ name }) => [name, []]));
  for (const candidate of candidates) await candidate.round();
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < candidates.length; turn++) {
      const candidate = candidates[(round + turn) % candidates.length] as Candidate;
      costs.get(candidate.name)?.push(await candidate.round());
    }
    progress(`round ${round + 1} of ${rounds}`);
  }
  return { unit, candidates: Object.fromEntries([...costs].map(([name, all]) => [name, figureOf(all)])) };
}

/** Sums up the rounds of one candidate; at least one. */
export function figureOf(costs: readonly number[]): Figure {
  const sorted = costs.toSorted((a, b) => a - b);
  const at = (share: number): number => rounded(sorted[Math.floor(share * (sorted.length - 1))] as number);
  return { lowerQuartile: at(0.25), median: at(0.5), min: at(0), rounds: sorted.length };
}

/** Two decimals: more would be noise written out. */
const rounded = (value: number): number => Math.round(value * 100) / 100;
