/**
 * The demo: thousands of real webhook payloads to seven receivers, most of which misbehave, and an audit of what became of them.
 *
 * `npm run demo -- [--count 5000] [--seed 1] [--folder <for the ledgers>] [--sabotage]`
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Ringback } from 'ringback';
import { http } from 'ringback/http';
import { callbackTo, type DemoCallback, makeCallbacks } from './callbacks.ts';
import { hurriedRingback } from './hurried-ringback.ts';
import { type AcceptedLine, acceptedFile, type DeadLetterLine, deadLettersFile, Ledger } from './ledger.ts';
import { PARTNERS, type PartnerName } from './partners.ts';
import { showProgress } from './progress.ts';
import type { ReceiverPorts } from './receivers.ts';
import { startReceivers } from './receivers-process.ts';
import { reportTable } from './report.ts';
import { sabotage } from './sabotage.ts';
import { keepTally, type Tally } from './tally.ts';

const beside = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

interface Settings {
  readonly count: number;
  readonly seed: number;
  readonly folder: string;
  readonly sabotaged: boolean;
}

function readSettings(): Settings {
  const { values } = parseArgs({
    options: {
      count: { type: 'string', default: '5000' },
      seed: { type: 'string', default: '1' },
      folder: { type: 'string' },
      sabotage: { type: 'boolean', default: false },
    },
  });
  const [count, seed] = [Number(values.count), Number(values.seed)];
  if (!Number.isInteger(count) || count < 100 || !Number.isInteger(seed)) {
    console.error('--count must be an integer of at least 100, --seed an integer');
    process.exit(2);
  }
  const folder = values.folder ?? mkdtempSync(`${tmpdir()}/ringback-demo-`);
  mkdirSync(folder, { recursive: true });
  return { count, seed, folder, sabotaged: values.sabotage };
}

/** Hands everything over: what is enqueued goes on behind, what is delivered is waited for, and enqueued if that was in vain. */
async function handOver(
  ringback: Ringback,
  callbacks: readonly DemoCallback[],
  ports: ReceiverPorts,
  tally: Tally,
  accepted: Ledger<AcceptedLine>,
): Promise<void> {
  const waitedFor: Promise<unknown>[] = [];
  for (const made of callbacks) {
    const { id, event, sha256, partner, way } = made;
    const callback = callbackTo(ports, made);
    if (way === 'enqueue') await ringback.enqueue(callback);
    else waitedFor.push(ringback.deliver(callback).catch(() => ringback.enqueue(callback)));
    accepted.write({ id, event, sha256, partner });
    tally[partner].accepted++;
  }
  await Promise.all(waitedFor);
}

async function runAudit(folder: string): Promise<number> {
  const audit = spawn(process.execPath, [beside('./audit.ts'), folder], { stdio: 'inherit' });
  const [code] = (await once(audit, 'exit')) as [number | null];
  return code ?? 1;
}

async function main(): Promise<number> {
  const settings = readSettings();
  const { count, seed, folder, sabotaged } = settings;
  const startedMs = performance.now();
  const callbacks = makeCallbacks(count, seed);
  const expected = Object.fromEntries(PARTNERS.map(({ name }) => [name, 0])) as Record<PartnerName, number>;
  for (const { partner } of callbacks) expected[partner]++;
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const receivers = await startReceivers({ folder, seed, secret, expected });

  const partnerOfOrigin = new Map(PARTNERS.map(({ name }) => [`http://127.0.0.1:${receivers.ports[name]}`, name]));
  const wire = http({ allowPrivate: true });
  const victim = callbacks.find(({ partner }) => partner === 'healthy') as DemoCallback;
  const ringback = hurriedRingback({
    ...settings,
    secret,
    transport: sabotaged ? sabotage(wire, (id) => id === victim.id) : wire,
  });
  const tally = keepTally(ringback, (destination) => partnerOfOrigin.get(destination) as PartnerName);
  console.log(`${count} callbacks to ${PARTNERS.length} receivers, seed ${seed}, ledgers in ${folder}`);
  const progress = showProgress(tally, expected, process.stdout);

  const accepted = new Ledger<AcceptedLine>(acceptedFile(folder));
  await handOver(ringback, callbacks, receivers.ports, tally, accepted);
  await ringback.drain();
  progress.stop();
  const deadLetters = new Ledger<DeadLetterLine>(deadLettersFile(folder));
  for (const { id, reason } of await ringback.deadLetters.list({ limit: count })) deadLetters.write({ id, reason });
  await ringback.close();
  await Promise.all([accepted.close(), deadLetters.close(), receivers.stop()]);

  console.log(`\n${reportTable(tally)}\n`);
  const code = await runAudit(folder);
  console.log(
    `\n${code === 0 ? 'every callback is accounted for' : 'the books do not balance'}, after ${((performance.now() - startedMs) / 1_000).toFixed(1)} s`,
  );
  return code;
}

process.exitCode = await main();
