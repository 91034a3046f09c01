/** What it costs when destinations come and go: each new one takes another one's place. A section of the benchmark. */
import { strict as assert } from 'node:assert';
import { performance } from 'node:perf_hooks';
import { createRingback } from 'ringback';
import { scriptedTransport } from 'ringback/testing';
import type { Candidate } from './candidate.ts';
import { CPU, type Measure, PEAK_MEMORY } from './figures.ts';
import { type Given, section } from './section.ts';
import { SEVEN_PARTS } from './settings.ts';

const ROOM = 10_000;
const DATA = { id: 'in_42' };
const NS_A_DELIVERY: Measure = { name: 'time', unit: 'ns a delivery', better: 'less' };

/** Delivers to the destination that `next` names, in an instance that is full from the start. */
async function deliverTo(next: (delivery: number) => number, { size }: Given): Promise<Candidate> {
  const ringback = createRingback({
    transports: [scriptedTransport([], { record: false })],
    pipeline: SEVEN_PARTS,
    maxDestinations: ROOM,
  });
  let delivery = 0;
  const deliverSome = async (deliveries: number): Promise<void> => {
    for (let i = 0; i < deliveries; i++) {
      await ringback.deliver({ to: `https://customer-${next(delivery++)}.example/hooks`, data: DATA });
    }
  };
  await deliverSome(ROOM);
  return {
    round: async () => {
      const startedAtMs = performance.now();
      await deliverSome(size.deliveriesPerRound);
      const nsEach = ((performance.now() - startedAtMs) * 1e6) / size.deliveriesPerRound;
      return { sample: { [NS_A_DELIVERY.name]: nsEach }, operations: size.deliveriesPerRound };
    },
    end: async () => {
      const kept = Object.keys(ringback.snapshot().destinations).length;
      assert(kept <= ROOM, `${kept} destinations are kept, where there is room for ${ROOM}`);
      return {};
    },
  };
}

await section({
  churn: {
    measures: [NS_A_DELIVERY, CPU, PEAK_MEMORY],
    candidates: {
      'ringback, the same 10,000 over and over': (given) => deliverTo((delivery) => delivery % ROOM, given),
      'ringback, a new destination each time': (given) => deliverTo((delivery) => delivery, given),
    },
  },
});
