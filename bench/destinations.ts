/** What many destinations cost: memory for each that is idle, and time for a delivery. A section of the benchmark. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { FEW_DESTINATIONS, IDLE_DESTINATION, MANY_DESTINATIONS } from './figures.ts';
import { type Candidate, figureOf, measureInRounds } from './rounds.ts';
import { type SectionRun, section } from './section.ts';

const FEW = 10;

/** A process that delivers to so many destinations; each has its own heap, so that the large one's garbage is its own. */
async function start(destinations: number, deliveries: number): Promise<{ child: ChildProcess; bytesEach: number }> {
  const path = fileURLToPath(new URL('./destination-rounds.ts', import.meta.url));
  const child = fork(path, [String(destinations), String(deliveries)], { execArgv: ['--expose-gc'] });
  const [bytesEach] = (await once(child, 'message')) as [number];
  return { child, bytesEach };
}

function candidate(name: string, child: ChildProcess): Candidate {
  return {
    name,
    round: async () => {
      child.send('round');
      const [nsEach] = (await once(child, 'message')) as [number];
      return nsEach;
    },
  };
}

async function measureDestinations({ size, progress }: SectionRun) {
  progress(`filling ${size.destinations} destinations`);
  const few = await start(FEW, size.deliveriesPerRound);
  const many = await start(size.destinations, size.deliveriesPerRound);
  const candidates = [candidate(FEW_DESTINATIONS, few.child), candidate(MANY_DESTINATIONS, many.child)];
  const destinations = await measureInRounds('ns a delivery', candidates, size.rounds, progress);
  for (const { child } of [few, many]) child.disconnect();
  return { destinations, memory: { unit: 'bytes', candidates: { [IDLE_DESTINATION]: figureOf([many.bytesEach]) } } };
}

await section(measureDestinations);
