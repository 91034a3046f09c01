/** Started by destinations.ts: one instance with so many destinations, which delivers to them at random when it is told to. */
import { strict as assert } from 'node:assert';
import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { createRingback, seededRandom } from 'ringback';
import { standardWebhooks } from 'ringback/signing';
import { scriptedTransport } from 'ringback/testing';
import { ONE_KILOBYTE, SEVEN_PARTS } from './settings.ts';

const [kind, ...counts] = process.argv.slice(2);
const [destinations, deliveries] = counts.map(Number) as [number, number];
assert(kind === 'signed' || kind === 'smallest');
assert(globalThis.gc !== undefined, 'start it with --expose-gc');
const { gc } = globalThis;

const ringback = createRingback({
  transports: [scriptedTransport([], { record: false })],
  ...(kind === 'signed' && { signature: standardWebhooks({ secrets: [`whsec_${randomBytes(32).toString('base64')}`] }) }),
  pipeline: SEVEN_PARTS,
  maxDestinations: destinations,
});
/** Through JSON, as a template's string is in pieces until it is first read, and one from a database is not. */
const addresses: readonly string[] = JSON.parse(
  JSON.stringify(Array.from({ length: destinations }, (_, index) => `https://customer-${index}.example/hooks`)),
);
const data = kind === 'signed' ? ONE_KILOBYTE : { id: 'in_42' };
const random = seededRandom(42);

/** The heap once all that can go is gone: a first collection may leave what only the next one finds. */
async function settledHeapBytes(): Promise<number> {
  for (let pass = 0; pass < 3; pass++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return process.memoryUsage().heapUsed;
}

async function deliverTo(to: string): Promise<void> {
  await ringback.deliver({ to, data });
}

async function deliverAtRandom(): Promise<number> {
  const startedAtMs = performance.now();
  for (let i = 0; i < deliveries; i++) await deliverTo(addresses[Math.floor(random() * destinations)] as string);
  return ((performance.now() - startedAtMs) * 1e6) / deliveries;
}

// What one destination needs only once (compiled code, the first timer) must not be counted with the others.
await deliverTo('https://first.example/hooks');
const beforeBytes = await settledHeapBytes();
for (const to of addresses) await deliverTo(to);
const bytesEach = ((await settledHeapBytes()) - beforeBytes) / destinations;
assert.equal(Object.keys(ringback.snapshot().destinations).length >= destinations, true);

process.send?.(bytesEach);
process.on('message', async () => process.send?.(await deliverAtRandom()));
process.once('disconnect', () => process.exit());
