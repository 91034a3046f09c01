/** What many destinations cost: memory for each that is idle, and time for a delivery. A section of the benchmark. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import {
  FEW_DESTINATIONS,
  IDLE_DESTINATION,
  MANY_DESTINATIONS,
  SMALLEST_TO_FEW,
  SMALLEST_TO_MANY,
  type TopicFigures,
} from './figures.ts';
import { type Candidate, figureOf, measureInRounds } from './rounds.ts';
import { type SectionRun, section } from './section.ts';

const FEW = 10;

/** What is delivered: the callback of the HTTP topic, or the smallest there is, which shows most of what memory costs. */
type Kind = 'signed' | 'smallest';

interface Started {
  readonly candidate: Candidate;
  readonly bytesEach: number;
  stop(): void;
}

/** A process that delivers to so many destinations; each has its own heap, so that the large one's garbage is its own. */
async function start(name: string, kind: Kind, destinations: number, deliveries: number): Promise<Started> {
  const path = fileURLToPath(new URL('./destination-rounds.ts', import.meta.url));
  const child = fork(path, [kind, String(destinations), String(deliveries)], { execArgv: ['--expose-gc'] });
  const [bytesEach] = (await once(child, 'message')) as [number];
  const round = async (): Promise<number> => {
    child.send('round');
    const [nsEach] = (await once(child, 'message')) as [number];
    return nsEach;
  };
  return { candidate: { name, round }, bytesEach, stop: () => child.disconnect() };
}

/** Few and many, in turns; and what one of the many weighs. */
async function measure(kind: Kind, fewName: string, manyName: string, { size, progress }: SectionRun) {
  progress(`filling ${size.destinations} destinations, ${kind}`);
  const few = await start(fewName, kind, FEW, size.deliveriesPerRound);
  const many = await start(manyName, kind, size.destinations, size.deliveriesPerRound);
  const candidates = [few.candidate, many.candidate];
  const figures: TopicFigures = await measureInRounds('ns a delivery', candidates, size.rounds, progress);
  for (const { stop } of [few, many]) stop();
  return { figures, bytesEach: many.bytesEach };
}

async function measureDestinations(run: SectionRun) {
  const signed = await measure('signed', FEW_DESTINATIONS, MANY_DESTINATIONS, run);
  const smallest = await measure('smallest', SMALLEST_TO_FEW, SMALLEST_TO_MANY, run);
  const candidates = { [IDLE_DESTINATION]: figureOf([signed.bytesEach]) };
  return { destinations: signed.figures, smallest: smallest.figures, memory: { unit: 'bytes', candidates } };
}

await section(measureDestinations);
