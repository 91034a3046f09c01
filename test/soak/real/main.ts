/**
 * `npm run soak`: callbacks over real sockets to the receivers of the demo, through a network that breaks, from workers that are ended
 * at any moment; then an audit of what became of each callback. Ends with 1 where the books don't balance.
 *
 * `-- [--seconds 120] [--rate 50] [--seed 1] [--folder <for the ledgers>] [--sabotage]`
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { seededRandom } from 'ringback';
import { callbackTo, type DemoCallback, makeCallbacks } from '../../../examples/demo/callbacks.ts';
import { PARTNERS, type PartnerName } from '../../../examples/demo/partners.ts';
import type { ReceiverPorts } from '../../../examples/demo/receivers.ts';
import { startReceivers } from '../../../examples/demo/receivers-process.ts';
import { FaultyNetwork } from './faulty-network.ts';
import type { Offer } from './journal.ts';
import { ShiftWork } from './shift-work.ts';

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '120' },
    rate: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    folder: { type: 'string' },
    sabotage: { type: 'boolean', default: false },
  },
});

function integer(name: 'seconds' | 'rate' | 'seed', least: number, most: number): number {
  const value = Number(flags[name]);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  console.error(`--${name} must be an integer from ${least} to ${most}, not ${flags[name]}`);
  process.exit(2);
}
const seconds = integer('seconds', 2, 3_600);
const rate = integer('rate', 5, 1_000);
const seed = integer('seed', 0, Number.MAX_SAFE_INTEGER);

const beside = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** The receiver that is limited takes a fifth of this a second: so it is given what comes in ten, and can catch up after an outage. */
const SECONDS_EXPECTED = 10;

function offerOf(made: DemoCallback, ports: ReceiverPorts): Offer {
  const { id, event, sha256, partner, way } = made;
  return { line: { id, event, sha256, partner }, callback: callbackTo(ports, made), way };
}

/** Offers them at the rate asked for, however slow the machine is: what is late comes at once. */
async function offerAll(callbacks: readonly DemoCallback[], ports: ReceiverPorts, work: ShiftWork): Promise<void> {
  const startedMs = performance.now();
  let offered = 0;
  while (offered < callbacks.length) {
    const due = Math.min(callbacks.length, Math.ceil(((performance.now() - startedMs) / 1_000) * rate));
    for (; offered < due; offered++) work.offer(offerOf(callbacks[offered] as DemoCallback, ports));
    await sleep(50);
  }
}

/** One line that moves on a terminal; elsewhere a line every ten seconds. */
function showProgress(text: () => string): { stop(): void } {
  const { isTTY } = process.stderr;
  const timer = setInterval(() => process.stderr.write(isTTY ? `\r\u001b[K${text()}` : `${text()}\n`), isTTY ? 500 : 10_000);
  return {
    stop: () => {
      clearInterval(timer);
      if (isTTY) process.stderr.write('\r\u001b[K');
    },
  };
}

async function main(): Promise<number> {
  const folder = flags.folder ?? mkdtempSync(`${tmpdir()}/ringback-soak-`);
  mkdirSync(folder, { recursive: true });
  const startedMs = performance.now();
  const callbacks = makeCallbacks(seconds * rate, seed);
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const all = PARTNERS.reduce((sum, { share }) => sum + share, 0);
  const expected = Object.fromEntries(
    PARTNERS.map(({ name, share }) => [name, Math.ceil((SECONDS_EXPECTED * rate * share) / all)]),
  ) as Record<PartnerName, number>;
  const receivers = await startReceivers({ folder, seed, secret, expected });
  const random = seededRandom(`soak ${seed}`);
  const network = await FaultyNetwork.before(receivers.ports, random);
  const victim = flags.sabotage ? callbacks.find(({ partner }) => partner === 'healthy')?.id : undefined;
  const work = new ShiftWork({ folder, seed, secret, count: callbacks.length, victim }, random);
  console.log(`${callbacks.length} callbacks in ${seconds} s, seed ${seed}, ledgers in ${folder}`);

  const since = (): string => `${((performance.now() - startedMs) / 1_000).toFixed(0)} s`;
  const progress = showProgress(() => `after ${since()}: worker ${work.shifts}, ${network.connections} connections`);
  const offering = new AbortController();
  const offered = offerAll(callbacks, network.ports, work).then(() => offering.abort());
  await work.workUntil(offering.signal);
  await offered;
  await work.drain();
  progress.stop();
  console.log(`${work.shifts} workers, ${network.connections} connections through the proxies\n`);
  await network.close();
  await receivers.stop();

  const auditing = spawn(process.execPath, [beside('./audit.ts'), folder], { stdio: 'inherit' });
  const [code] = (await once(auditing, 'exit')) as [number | null];
  console.log(`\n${code === 0 ? 'every callback is accounted for' : 'the books do not balance'}, after ${since()}`);
  return code ?? 1;
}

process.exitCode = await main();
