import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SPECIAL_RANGES } from '../../src/transports/addresses/special-ranges.js';
import { http } from '../../src/transports/http/index.js';
import { interceptConnects } from './connects.ts';
import { CORPUS } from './corpus.ts';
import { endOf, PEERS, ringbackGuard, UNGUARDED } from './guards.ts';
import { renderTable, renderWrong, scores } from './table.ts';

const takeConnects = await interceptConnects();
const ours = ringbackGuard(http);

describe('the corpus', () => {
  it('has 150 cases or more, and none twice', () => {
    const cases = CORPUS.flatMap((group) => group.cases.map((each) => JSON.stringify(each)));
    expect(cases.length).toBeGreaterThanOrEqual(150);
    expect(new Set(cases).size).toBe(cases.length);
  });

  it('is a danger: without a guard, all of it that is a URL is connected to', async () => {
    for (const { wrong, group } of await scores([UNGUARDED], takeConnects)) {
      if (group.name === 'no URL for a callback') continue;
      expect([group.name, wrong.length]).toEqual([group.name, group.expected === 'refused' ? group.cases.length : 0]);
    }
  });
});

describe.each(CORPUS)('of $name', ({ expected, cases }) => {
  it.each(cases)(`$url is ${expected} by ringback`, async (each) => {
    const { connects, said } = await endOf(ours, each, takeConnects);
    if (expected === 'connected') {
      expect(connects.length).toBeGreaterThan(0);
      expect(said).toBe('failed');
      return;
    }
    expect(connects).toEqual([]);
    expect(['forbidden', 'no destination']).toContain(said);
  });
});

describe('the page on outbound safety', () => {
  const page = readFileSync(new URL('../../docs/outbound-safety.md', import.meta.url), 'utf8');

  it('has each range, in the order in which they are asked', () => {
    const catchAll = ['2000::/3', '::/0', '0.0.0.0/0'];
    const expected = SPECIAL_RANGES.filter(([range, level]) => level !== 'metadata' && !catchAll.includes(range));
    const rows = [...page.matchAll(/^\| `([^`]+)` \| ([^|]+) \| (private|reserved) \|$/gm)];
    expect(rows.map(([, range, rule, level]) => [range, level, rule])).toEqual(expected);
    const metadata = SPECIAL_RANGES.filter(([, level]) => level === 'metadata').map(([range]) => `\`${range}\``);
    expect(page).toContain(`| ${metadata.join(', ')} | cloud metadata | metadata |`);
  });

  it('prints what each guard got right, and what the others got wrong', async () => {
    expect(page).toContain(renderTable(await scores([ours, ...PEERS], takeConnects)));
    expect(page).toContain(renderWrong(await scores(PEERS, takeConnects)));
  });
});
