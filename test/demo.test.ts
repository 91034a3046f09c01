import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const demo = (file: string): string => fileURLToPath(new URL(`../examples/demo/${file}`, import.meta.url));

interface Run {
  readonly folder: string;
  readonly code: number;
  readonly printed: string;
}

async function run(file: string, args: readonly string[]): Promise<Omit<Run, 'folder'>> {
  const child = spawn(process.execPath, [demo(file), ...args]);
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  }
  const [code] = (await once(child, 'close')) as [number];
  return { code, printed };
}

async function runDemo(...args: readonly string[]): Promise<Run> {
  const folder = mkdtempSync(`${tmpdir()}/ringback-demo-test-`);
  return { folder, ...(await run('main.ts', ['--count', '300', '--folder', folder, ...args])) };
}

const linesOf = (file: string): string[] => readFileSync(file, 'utf8').trimEnd().split('\n');

/** Small runs of the demo, on the built package and real sockets; both at once, as they mostly wait. */
describe('the demo', () => {
  let honest: Run;
  let sabotaged: Run;
  beforeAll(async () => {
    [honest, sabotaged] = await Promise.all([runDemo('--seed', '3'), runDemo('--seed', '3', '--sabotage')]);
  }, 120_000);
  afterAll(() => {
    for (const { folder } of [honest, sabotaged]) rmSync(folder, { recursive: true, force: true });
  });

  it('accounts for every callback', () => {
    expect(honest.printed).toContain('every callback is accounted for');
    expect(honest.printed).not.toContain('BROKEN');
    expect(honest.code).toBe(0);
  });

  it('prints plain lines where there is no terminal, and a table with every receiver', () => {
    expect(honest.printed).not.toContain('\u001b[');
    expect(honest.printed).toMatch(/300 accepted, \d+ delivered, \d+ dead letters, 0 on their way/);
    for (const name of ['healthy', 'failing', 'slow', 'hanging', 'away', 'limited', 'gone']) {
      expect(honest.printed).toMatch(new RegExp(`^${name} +\\d+ +\\d+ +\\d+ +\\d+ `, 'm'));
    }
  });

  it('ends with 1 when a callback was dropped on the way', () => {
    expect(sabotaged.printed).toMatch(/BROKEN {2}nothing is lost: .+: msg_[0-9a-f]{24}\n/);
    expect(sabotaged.printed).toContain('the books do not balance');
    expect(sabotaged.code).toBe(1);
  });

  it('gives the same callbacks to the same receivers with the same seed', () => {
    const accepted = ({ folder }: Run): string[] => linesOf(`${folder}/accepted.ndjson`);
    expect(accepted(honest)).toHaveLength(300);
    expect(accepted(honest)).toEqual(accepted(sabotaged));
  });

  it.each([
    ['refuses a count that is none', ['--count', 'many'], 2],
    ['refuses an unknown option', ['--colour'], 1],
  ])('%s', async (_, args, code) => expect((await run('main.ts', args)).code).toBe(code));
});

describe('the audit', () => {
  const line = (partner: string, more: object = {}) => ({ id: 'msg_1', event: 'e1', sha256: 'abc', partner, ...more });
  const request = (more: object = {}) => ({ id: 'msg_1', event: 'e1', sha256: 'abc', verified: true, answered: 204, ...more });

  /** Writes books by hand and audits them. */
  async function audit(books: {
    readonly accepted: readonly object[];
    readonly dead?: readonly object[];
    readonly healthy?: readonly object[];
    readonly gone?: readonly object[];
  }): Promise<Omit<Run, 'folder'>> {
    const folder = mkdtempSync(`${tmpdir()}/ringback-audit-test-`);
    const write = (name: string, lines: readonly object[] = []): void =>
      writeFileSync(`${folder}/${name}.ndjson`, lines.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
    for (const name of ['failing', 'slow', 'hanging', 'away', 'limited']) write(`ledger-${name}`);
    write('ledger-healthy', books.healthy);
    write('ledger-gone', books.gone);
    write('accepted', books.accepted);
    write('dead-letters', books.dead);
    try {
      return await run('audit.ts', [folder]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  it.each([
    ['a delivery', { accepted: [line('healthy')], healthy: [request()] }],
    ['a duplicate that the id tells', { accepted: [line('healthy')], healthy: [request(), request()] }],
    ['a failure and then a delivery', { accepted: [line('healthy')], healthy: [request({ answered: 503 }), request()] }],
    ['a dead letter of the 410', { accepted: [line('gone')], gone: [request({ answered: 410 })], dead: [{ id: 'msg_1' }] }],
  ])('balances with %s', async (_, books) => {
    const { code, printed } = await audit(books);
    expect(printed).not.toContain('BROKEN');
    expect(code).toBe(0);
  });

  it.each([
    ['nothing is lost', { accepted: [line('healthy')] }],
    ['nothing is lost', { accepted: [line('healthy')], healthy: [request({ answered: 503 })] }],
    ['nothing is both', { accepted: [line('gone')], gone: [request()], dead: [{ id: 'msg_1' }] }],
    ['dead letters are exactly', { accepted: [line('gone')], gone: [request()] }],
    ['dead letters are exactly', { accepted: [line('healthy')], dead: [{ id: 'msg_1' }] }],
    ['every signature holds', { accepted: [line('healthy')], healthy: [request({ verified: false }), request()] }],
    ['what arrived is what was accepted', { accepted: [line('healthy')], healthy: [request({ sha256: 'abd' })] }],
    ['what arrived is what was accepted', { accepted: [line('slow')], healthy: [request()] }],
    ['what arrived is what was accepted', { accepted: [], healthy: [request()] }],
    [
      'no duplicate',
      { accepted: [line('healthy'), line('healthy', { id: 'msg_2' })], healthy: [request(), request({ id: 'msg_2' })] },
    ],
  ])('finds that not: %s', async (rule, books) => {
    const { code, printed } = await audit(books);
    expect(printed).toContain(`BROKEN  ${rule}`);
    expect(code).toBe(1);
  });
});
