import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run as runToItsEnd } from '../../packed/process.mjs';

const program = (file: string, args: readonly string[]) =>
  runToItsEnd(process.execPath, [fileURLToPath(new URL(file, import.meta.url)), ...args], { cwd: undefined, timeoutMs: 170_000 });

type Ran = Awaited<ReturnType<typeof program>>;

/** Small runs over real sockets, with workers that are really ended; both at once, as they mostly wait. */
describe('the soak in real time', () => {
  const folder = mkdtempSync(`${tmpdir()}/ringback-soak-test-`);
  const run = (name: string, ...args: readonly string[]): Promise<Ran> =>
    program('./main.ts', ['--seconds', '5', '--rate', '30', '--folder', `${folder}/${name}`, ...args]);
  let honest: Ran;
  let sabotaged: Ran;
  beforeAll(async () => {
    [honest, sabotaged] = await Promise.all([run('honest', '--seed', '3'), run('sabotaged', '--seed', '3', '--sabotage')]);
  }, 180_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('accounts for every callback, though workers are closed and killed', () => {
    expect(honest.stdout).not.toContain('BROKEN');
    expect(honest.stdout).toMatch(/^ {2}150 accepted = \d+ delivered .*\+ \d+ dead letters \+ \d+ lost in the memory/m);
    expect(honest.code).toBe(0);
  });

  it('ends workers in all three ways', () => {
    for (const end of ['SIGTERM', 'SIGKILL', 'drained']) {
      expect(honest.stdout).toMatch(new RegExp(`^\\| ${end} +\\| [1-9]`, 'm'));
    }
  });

  it('ends with 1 when a callback was dropped on the way', () => {
    expect(sabotaged.stdout).toMatch(/BROKEN {2}what a worker was told is delivered, its receiver has: msg_[0-9a-f]{24}\n/);
    expect(sabotaged.stdout).toContain('the books do not balance');
    expect(sabotaged.code).toBe(1);
  });

  it.each([
    ['seconds that are none', ['--seconds', 'long']],
    ['a rate of nothing', ['--rate', '0']],
  ])('refuses %s', async (_, args) => expect((await program('./main.ts', args)).code).toBe(2));
});

describe('the audit of workers', () => {
  const line = { id: 'msg_1', event: 'e1', sha256: 'abc', partner: 'healthy' };
  const taken = { id: 'msg_1', event: 'e1', sha256: 'abc', verified: true, answered: 204 };
  const told = (...what: readonly string[]): object[] => what.map((word) => ({ id: 'msg_1', what: word }));

  /** Writes books by hand, one list of lines for each worker, and audits them. */
  async function audit(
    ends: readonly string[],
    shifts: readonly (readonly object[])[],
    received: readonly object[],
  ): Promise<Ran> {
    const folder = mkdtempSync(`${tmpdir()}/ringback-soak-audit-`);
    const write = (name: string, lines: readonly object[] = []): void =>
      writeFileSync(`${folder}/${name}.ndjson`, lines.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
    for (const name of ['failing', 'slow', 'hanging', 'away', 'limited', 'gone']) write(`ledger-${name}`);
    write('ledger-healthy', received);
    write('accepted', [line]);
    write('dead-letters');
    write(
      'shifts',
      ends.map((end, i) => ({ shift: i + 1, end })),
    );
    for (const [i, lines] of shifts.entries()) write(`shift-${i + 1}`, lines);
    try {
      return await program('./audit.ts', [folder]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  it.each([
    ['a delivery', ['drained'], [told('accepted', 'delivered')], [taken]],
    [
      'one that was handed back, and delivered by the next worker',
      ['SIGTERM', 'drained'],
      [told('accepted', 'handed-back'), told('accepted', 'delivered')],
      [taken],
    ],
    ['one that was lost with its process', ['SIGKILL', 'drained'], [told('accepted'), []], []],
    ['one that arrived though its process was killed', ['SIGKILL', 'drained'], [told('accepted'), []], [taken]],
  ])('balances with %s', async (_, ends, shifts, received) => {
    const { code, stdout } = await audit(ends, shifts, received);
    expect(stdout).not.toContain('BROKEN');
    expect(code).toBe(0);
  });

  it.each([
    ['nothing is lost', ['SIGTERM'], [told('accepted', 'handed-back')], []],
    ['nothing is lost', ['SIGKILL', 'SIGTERM'], [told('accepted'), told('accepted', 'handed-back')], []],
    ['nothing is lost', ['SIGKILL'], [told('accepted', 'delivered')], []],
    ['each worker that closed accounts for all', ['SIGTERM'], [told('accepted')], [taken]],
    ['each worker that closed accounts for all', ['SIGTERM'], [told('accepted', 'delivered', 'handed-back')], [taken]],
    ['what a worker was told is delivered', ['SIGKILL'], [told('accepted', 'delivered')], []],
  ])('finds that not: %s', async (rule, ends, shifts, received) => {
    const { code, stdout } = await audit(ends, shifts, received);
    expect(stdout).toContain(`BROKEN  ${rule}`);
    expect(code).toBe(1);
  });
});
