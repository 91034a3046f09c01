import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { CPU, PEAK_MEMORY } from './figures.ts';
import type { Measurable, Sample } from './rounds.ts';

/** One way to do what a topic is about, set up and ready, in a process of its own. */
export interface Candidate {
  /** What setting up has told already, once. */
  readonly once?: Sample;
  /** Measures once. With `operations`, what the process spent on each of them is added. */
  round?(): Promise<Round>;
  /** What can only be told when all rounds are over. */
  end?(): Promise<Sample>;
}

export interface Round {
  readonly sample: Sample;
  readonly operations?: number;
}

/** A million destinations need more than V8 allows itself on a small machine. */
const HEAP = '--max-old-space-size=4096';

type Question = 'round' | 'end';

/** The candidate's side: measures when it is asked to, until nobody is left to ask. */
export function answerRounds(candidate: Candidate): void {
  const answers: Readonly<Record<Question, () => Promise<Sample>>> = {
    round: () => measureOnce(candidate),
    end: async () => ({ ...(await candidate.end?.()), [PEAK_MEMORY.name]: peakMegabytes() }),
  };
  const answer = (sample: Sample): unknown => process.send?.(sample, undefined, undefined, leave);
  process.on('message', async (question: Question) => answer(await answers[question]()));
  process.once('disconnect', () => process.exit());
  answer(candidate.once ?? {});
}

/** Nobody is left to ask: whoever did has failed with another candidate. */
function leave(error: Error | null): void {
  if (error !== null) process.exit();
}

async function measureOnce(candidate: Candidate): Promise<Sample> {
  if (candidate.round === undefined) throw new Error('a candidate without rounds was asked for one');
  const before = process.cpuUsage();
  const { sample, operations } = await candidate.round();
  if (operations === undefined) return sample;
  const { user, system } = process.cpuUsage(before);
  return { ...sample, [CPU.name]: (user + system) / operations };
}

/** Linux's own account begins with the program; what `resourceUsage` tells there begins with the parent's memory. */
function peakMegabytes(): number {
  const kilobytes =
    process.platform === 'linux'
      ? Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])
      : process.resourceUsage().maxRSS;
  return kilobytes / 1_024;
}

/** The other side: a candidate's process, once it is ready. */
export interface StartedCandidate extends Measurable {
  readonly once: Sample;
  end(): Promise<Sample>;
}

export async function startCandidate(name: string, path: string, args: readonly string[]): Promise<StartedCandidate> {
  const child = fork(path, args, { execArgv: ['--expose-gc', HEAP] });
  const ask = async (question: Question): Promise<Sample> => {
    const answer = answerOf(child, name);
    child.send(question);
    return answer;
  };
  const end = async (): Promise<Sample> => {
    const last = await ask('end');
    child.disconnect();
    return last;
  };
  return { name, once: await answerOf(child, name), round: () => ask('round'), end };
}

function answerOf(child: ChildProcess, name: string): Promise<Sample> {
  return new Promise((resolve, reject) => {
    const died = (code: number | null): void => reject(new Error(`${name} ended with ${code} and gave no answer`));
    child.once('exit', died);
    child.once('message', (sample: Sample) => {
      child.off('exit', died);
      resolve(sample);
    });
  });
}
