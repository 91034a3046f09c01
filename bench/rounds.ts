import type { CandidateFigures, Figure } from './figures.ts';

/** What was measured, by the name of the measure. */
export type Sample = Readonly<Record<string, number>>;

/** Something that can be measured again and again. */
export interface Measurable {
  readonly name: string;
  round(): Promise<Sample>;
}

/** Values gathered by candidate and measure, until there are enough of them. */
export class Samples {
  private readonly values = new Map<string, Map<string, number[]>>();

  add(candidate: string, sample: Sample): void {
    const measures = this.values.get(candidate) ?? new Map<string, number[]>();
    this.values.set(candidate, measures);
    for (const [measure, value] of Object.entries(sample)) measures.set(measure, [...(measures.get(measure) ?? []), value]);
  }

  figures(): Readonly<Record<string, CandidateFigures>> {
    const figuresOf = (measures: ReadonlyMap<string, readonly number[]>): CandidateFigures =>
      Object.fromEntries([...measures].map(([measure, values]) => [measure, figureOf(values)]));
    return Object.fromEntries([...this.values].map(([candidate, measures]) => [candidate, figuresOf(measures)]));
  }
}

/**
 * Measures candidates in turns: every round measures each of them once, and begins with another one than the last round. What
 * disturbs the machine for a while so disturbs all of them. One more round comes first and is thrown away, as it compiles.
 */
export async function measureInRounds(
  candidates: readonly Measurable[],
  rounds: number,
  samples: Samples,
  progress: (text: string) => void,
): Promise<void> {
  if (rounds === 0) return;
  for (const candidate of candidates) await candidate.round();
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < candidates.length; turn++) {
      const candidate = candidates[(round + turn) % candidates.length] as Measurable;
      samples.add(candidate.name, await candidate.round());
    }
    progress(`round ${round + 1} of ${rounds}`);
  }
}

/** Sums up the values of one measure; at least one. */
export function figureOf(values: readonly number[]): Figure {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => rounded(sorted[Math.round(share * (sorted.length - 1))] as number);
  return { lowerQuartile: at(0.25), median: at(0.5), upperQuartile: at(0.75), rounds: sorted.length };
}

/** Two decimals: more would be noise written out. */
const rounded = (value: number): number => Math.round(value * 100) / 100;
