/** What many destinations cost: memory for each that is idle, and time for a delivery. A section of the benchmark. */
import { strict as assert } from 'node:assert';
import { performance } from 'node:perf_hooks';
import { createRingback, seededRandom } from 'ringback';
import { standardWebhooks } from 'ringback/signing';
import { scriptedTransport } from 'ringback/testing';
import type { Candidate } from './candidate.ts';
import { BYTES_EACH, CPU, FEW_DESTINATIONS, MANY_DESTINATIONS, type Measure, MOST_DESTINATIONS, PEAK_MEMORY } from './figures.ts';
import { type Given, type Plan, section } from './section.ts';
import { ONE_KILOBYTE, SEVEN_PARTS } from './settings.ts';

const FEW = 10;
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

const NS_A_DELIVERY: Measure = { name: 'time', unit: 'ns a delivery', better: 'less' };

/** What is delivered: the callback of the HTTP topic, or the smallest there is, which shows most of what memory costs. */
type Kind = 'signed' | 'smallest';

/** The heap once all that can go is gone: a first collection may leave what only the next one finds. */
async function settledHeapBytes(): Promise<number> {
  for (let pass = 0; pass < 3; pass++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return process.memoryUsage().heapUsed;
}

/** One instance with so many destinations, which delivers to them at random when it is told to. */
async function deliverTo(destinations: number, kind: Kind, deliveries: number): Promise<Candidate> {
  const ringback = createRingback({
    transports: [scriptedTransport([], { record: false })],
    ...(kind === 'signed' && { signature: standardWebhooks({ secrets: [SECRET] }) }),
    pipeline: SEVEN_PARTS,
    maxDestinations: destinations,
  });
  // Through JSON, as a template's string is in pieces until it is first read, and one from a database is not.
  const addresses: readonly string[] = JSON.parse(
    JSON.stringify(Array.from({ length: destinations }, (_, index) => `https://customer-${index}.example/hooks`)),
  );
  const data = kind === 'signed' ? ONE_KILOBYTE : { id: 'in_42' };
  const random = seededRandom(42);
  const deliver = async (to: string): Promise<void> => {
    await ringback.deliver({ to, data });
  };
  // What one destination needs only once (compiled code, the first timer) must not be counted with the others.
  await deliver('https://first.example/hooks');
  const beforeBytes = await settledHeapBytes();
  for (const to of addresses) await deliver(to);
  const bytesEach = ((await settledHeapBytes()) - beforeBytes) / destinations;
  assert.equal(Object.keys(ringback.snapshot().destinations).length >= destinations, true);
  return {
    ...(destinations > FEW && { once: { [BYTES_EACH.name]: bytesEach } }),
    round: async () => {
      const startedAtMs = performance.now();
      for (let i = 0; i < deliveries; i++) await deliver(addresses[Math.floor(random() * destinations)] as string);
      return { sample: { [NS_A_DELIVERY.name]: ((performance.now() - startedAtMs) * 1e6) / deliveries }, operations: deliveries };
    },
  };
}

const plan = (kind: Kind): Plan => ({
  measures: [NS_A_DELIVERY, BYTES_EACH, CPU, PEAK_MEMORY],
  candidates: {
    [FEW_DESTINATIONS]: ({ size }: Given) => deliverTo(FEW, kind, size.deliveriesPerRound),
    [MANY_DESTINATIONS]: ({ size }: Given) => deliverTo(size.destinations, kind, size.deliveriesPerRound),
  },
});

const signed = plan('signed');
const upToAMillion: Plan = {
  ...signed,
  candidates: {
    ...signed.candidates,
    [MOST_DESTINATIONS]: ({ size }: Given) => deliverTo(10 * size.destinations, 'signed', size.deliveriesPerRound),
  },
};

await section({ destinations: upToAMillion, smallest: plan('smallest') });
