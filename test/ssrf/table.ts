import type { Group } from './case.ts';
import { CORPUS } from './corpus.ts';
import { endOf, type Guard } from './guards.ts';

/** What one guard made of one group: the URLs that it got wrong. */
export interface Score {
  readonly group: Group;
  readonly guard: string;
  readonly wrong: readonly string[];
}

/** Sends the whole corpus by each guard. */
export async function scores(guards: readonly Guard[], takeConnects: () => string[]): Promise<Score[]> {
  const all: Score[] = [];
  for (const group of CORPUS) {
    for (const guard of guards) {
      const wrong: string[] = [];
      for (const each of group.cases) {
        const connected = (await endOf(guard, each, takeConnects)).connects.length > 0;
        if (connected !== (group.expected === 'connected')) wrong.push(shown(each.url, each.lookups.at(-1)));
      }
      all.push({ group, guard: guard.name, wrong });
    }
  }
  return all;
}

const shown = (url: string, addresses: readonly string[] | undefined): string =>
  addresses === undefined ? url : `${url} → ${addresses.join(', ')}`;

/** A table in Markdown: of each group, how many each guard got right. */
export function renderTable(all: readonly Score[]): string {
  const guards = [...new Set(all.map(({ guard }) => guard))];
  const rows = CORPUS.map((group) => {
    const right = guards.map((guard) => {
      const score = all.find((each) => each.group === group && each.guard === guard);
      return `${group.cases.length - (score?.wrong.length ?? 0)}`;
    });
    return [group.name, group.expected, `${group.cases.length}`, ...right];
  });
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const head = ['what', 'must be', 'cases', ...guards];
  return [line(head), line(head.map((_, index) => (index < 2 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

/** The lists behind the table: what each guard got wrong. */
export function renderWrong(all: readonly Score[]): string {
  const guards = [...new Set(all.map(({ guard }) => guard))];
  return guards
    .map((guard) => {
      const parts = all.filter((score) => score.guard === guard && score.wrong.length > 0);
      if (parts.length === 0) return `${guard}: nothing wrong`;
      const lists = parts.map(({ group, wrong }) => {
        const verdict = group.expected === 'refused' ? 'lets through' : 'refuses';
        return `  ${group.name}: ${verdict}\n${wrong.map((url) => `    ${url}`).join('\n')}`;
      });
      return `${guard}:\n${lists.join('\n')}`;
    })
    .join('\n\n');
}
