import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { SIZES, type Size, type Topic, type TopicFigures } from './figures.ts';

/** What a section tells its parent: how far it is, and at last what it measured. */
type Report = { readonly progress: string } | { readonly figures: Partial<Record<Topic, TopicFigures>> };

/** What a section's program is given. */
export interface SectionRun {
  readonly topic: Topic;
  readonly size: Size;
  readonly progress: (text: string) => void;
}

/**
 * Runs one topic in a process of its own: what V8 learned from another topic's functions, and the garbage that it left, must
 * not show in this one.
 */
export function runSection(file: string, topic: Topic, size: 'full' | 'quick', progress: (text: string) => void) {
  return new Promise<Partial<Record<Topic, TopicFigures>>>((resolve, reject) => {
    const path = fileURLToPath(new URL(file, import.meta.url));
    const child = fork(path, [topic, size], { execArgv: ['--expose-gc'] });
    let figures: Partial<Record<Topic, TopicFigures>> | undefined;
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

/** The other side: what a section's file calls. Run by hand (`node --expose-gc bench/policies.ts no-op full`), it prints. */
export async function section(run: (run: SectionRun) => Promise<Partial<Record<Topic, TopicFigures>>>): Promise<void> {
  const [topic, size = 'full'] = process.argv.slice(2) as [Topic, 'full' | 'quick' | undefined];
  const tell = (report: Report): void => {
    if (process.send !== undefined) process.send(report);
    else console.log(JSON.stringify(report, null, 2));
  };
  const figures = await run({ topic, size: SIZES[size], progress: (progress) => tell({ progress }) });
  tell({ figures });
  if (process.connected) process.disconnect();
}
