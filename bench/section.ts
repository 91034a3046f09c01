import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { answerRounds, type Candidate, startCandidate } from './candidate.ts';
import { type Measure, SIZES, type Size, type TopicFigures } from './figures.ts';
import { measureInRounds, Samples } from './rounds.ts';
import { TOPICS, type Topic } from './topics.ts';

/** How a topic is measured. */
export interface Plan {
  /** The first is what candidates are compared in. What they tell beside these is not shown. */
  readonly measures: readonly [Measure, ...Measure[]];
  /** Each is made in a process of its own. */
  readonly candidates: Readonly<Record<string, (given: Given) => Candidate | Promise<Candidate>>>;
  /** `size.rounds` where nothing is said; 0 where candidates tell everything once. */
  readonly rounds?: (size: Size) => number;
  /** What is going on while candidates are made, where that takes long. */
  readonly settingUp?: (size: Size) => string;
  /** Starts what all candidates need, a server or a database, before them. */
  readonly prepare?: (size: Size) => Promise<Prepared>;
}

/** What a candidate is made with. */
export interface Given {
  readonly size: Size;
  /** What `prepare` found or started. */
  readonly shared: string;
}

export interface Prepared {
  readonly shared?: string;
  /** Candidates that can't run here; the remark says why. */
  readonly without?: readonly string[];
  readonly remark?: string;
  stop?(): unknown;
}

/** What a section tells its parent: how far it is, and at last what it measured. */
type Report = { readonly progress: string } | { readonly figures: TopicFigures };

type SizeName = keyof typeof SIZES;

/** Runs one topic's section, in a process of its own. */
export function runSection(topic: Topic, size: SizeName, progress: (text: string) => void): Promise<TopicFigures> {
  return new Promise((resolve, reject) => {
    const { file } = TOPICS[topic];
    const child = fork(fileURLToPath(new URL(file, import.meta.url)), [topic, size]);
    let figures: TopicFigures | undefined;
    child.on('message', (report: Report) => {
      if ('progress' in report) progress(report.progress);
      else figures = report.figures;
    });
    child.once('error', reject);
    child.once('exit', (code) => {
      if (figures === undefined) reject(new Error(`${file} ${topic} ended with ${code} and measured nothing`));
      else resolve(figures);
    });
  });
}

/**
 * The other side: what a section's file calls. It starts the same file again for each candidate, in a process of its own: what V8
 * learned from another candidate's calls, and the garbage that they left, must not show in this one, and its memory can be told.
 * Run by hand (`node bench/policies.ts no-op full`), it prints.
 */
export async function section(plans: Readonly<Partial<Record<Topic, Plan>>>): Promise<void> {
  const [topic, sizeName, name, shared = ''] = process.argv.slice(2) as [Topic, SizeName, string?, string?];
  const plan = plans[topic];
  if (plan === undefined) throw new Error(`no plan for ${topic}`);
  const size = SIZES[sizeName];
  const candidate = name === undefined ? undefined : plan.candidates[name];
  if (candidate !== undefined) return answerRounds(await candidate({ size, shared }));
  const tell = (report: Report): void => {
    if (process.send !== undefined) process.send(report);
    else console.log(JSON.stringify(report, null, 2));
  };
  const path = process.argv[1] as string;
  tell({ figures: await measurePlan(plan, path, [topic, sizeName], (progress) => tell({ progress })) });
  if (process.connected) process.disconnect();
}

async function measurePlan(
  plan: Plan,
  path: string,
  args: readonly [Topic, SizeName],
  progress: (text: string) => void,
): Promise<TopicFigures> {
  const size = SIZES[args[1]];
  const { shared = '', without = [], remark, stop } = (await plan.prepare?.(size)) ?? {};
  progress(plan.settingUp?.(size) ?? 'starting');
  const names = Object.keys(plan.candidates).filter((name) => !without.includes(name));
  const started = await Promise.all(names.map((name) => startCandidate(name, path, [...args, name, shared])));
  const samples = new Samples();
  for (const { name, once } of started) samples.add(name, once);
  await measureInRounds(started, plan.rounds?.(size) ?? size.rounds, samples, progress);
  for (const candidate of started) samples.add(candidate.name, await candidate.end());
  await stop?.();
  return { measures: plan.measures, ...(remark !== undefined && { remark }), candidates: samples.figures() };
}
