/** What it costs to take callbacks in and deliver them in the background. A section of the benchmark. */
import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { serviceUrl } from '../test/services.ts';
import type { Candidate } from './candidate.ts';
import { CPU, ENQUEUE, ENQUEUE_P99, type Measure, PEAK_MEMORY, QUEUE, QUEUE_AROUND_DELIVER, type Size } from './figures.ts';
import { bareQueue, bullQueue, type CallbackQueue, queueAroundDeliver, ringbackOutbox } from './queues.ts';
import { type Prepared, section } from './section.ts';

const BULLMQ = 'BullMQ, add and a worker in the same process';

const CALLBACKS_A_SECOND: Measure = { name: 'rate', unit: 'taken in and delivered a second', better: 'more' };
const TAKEN_P50: Measure = { name: 'taken p50', unit: 'µs until taken in, p50', better: 'less' };
const DELIVERED_P99: Measure = { name: 'delivered p99', unit: 'µs until delivered, p99', better: 'less' };

const PER_MS = 10;

/** Few enough that a round is short. */
const callbacksIn = ({ deliveriesPerRound }: Size): number => Math.ceil(deliveriesPerRound / 5);

/** As fast as it goes: all are handed over, then it is waited until all are processed. */
function bursts(queue: CallbackQueue, callbacks: number): Candidate {
  const round = async () => {
    const startedAtMs = performance.now();
    const taken: Promise<unknown>[] = [];
    for (let index = 0; index < callbacks; index++) taken.push(queue.add(undefined, index));
    await Promise.all(taken);
    await queue.drained();
    const rate = (callbacks * 1_000) / (performance.now() - startedAtMs);
    return { sample: { [CALLBACKS_A_SECOND.name]: rate }, operations: callbacks };
  };
  return { round, end: () => closed(queue) };
}

/**
 * At 10,000 a second, whether or not those before are through. Times count from the moment at which a callback was due, so that one
 * that held the process up is charged with what came too late behind it.
 */
function paced(make: (told: (id: string) => void) => CallbackQueue, callbacks: number): Candidate {
  let dueAtMs: number[] = [];
  let deliveredInMs: number[] = [];
  const queue = make((id) => void deliveredInMs.push(performance.now() - (dueAtMs[Number(id)] as number)));
  const round = async () => {
    const takenInMs: number[] = [];
    const taken: Promise<unknown>[] = [];
    deliveredInMs = [];
    const startedAtMs = performance.now();
    dueAtMs = Array.from({ length: callbacks }, (_, index) => startedAtMs + index / PER_MS);
    while (taken.length < callbacks) {
      const nowMs = performance.now();
      for (let due = dueAtMs[taken.length]; due !== undefined && due <= nowMs; due = dueAtMs[taken.length]) {
        const fromMs = due;
        taken.push(queue.add(String(taken.length), taken.length).then(() => takenInMs.push(performance.now() - fromMs)));
      }
      await nextTurn();
    }
    await Promise.all(taken);
    await queue.drained();
    const sample = {
      [ENQUEUE_P99.name]: quantileUs(takenInMs, 0.99),
      [TAKEN_P50.name]: quantileUs(takenInMs, 0.5),
      [DELIVERED_P99.name]: quantileUs(deliveredInMs, 0.99),
    };
    return { sample };
  };
  return { round, end: () => closed(queue) };
}

async function closed(queue: CallbackQueue) {
  await queue.close();
  return {};
}

function quantileUs(valuesMs: readonly number[], share: number): number {
  const sorted = valuesMs.toSorted((a, b) => a - b);
  return 1_000 * (sorted[Math.ceil(share * sorted.length) - 1] as number);
}

/** Where no Redis answers, the remark says so. */
async function findRedis(): Promise<Prepared> {
  const url = await serviceUrl('redis');
  return url === undefined ? { without: [BULLMQ], remark: 'BullMQ was not measured, as no Redis answered.' } : { shared: url };
}

await section({
  outbox: {
    measures: [CALLBACKS_A_SECOND, CPU, PEAK_MEMORY],
    candidates: {
      [QUEUE]: ({ size }) => bursts(bareQueue(), callbacksIn(size)),
      [QUEUE_AROUND_DELIVER]: ({ size }) => bursts(queueAroundDeliver(), callbacksIn(size)),
      [ENQUEUE]: ({ size }) => bursts(ringbackOutbox(), callbacksIn(size)),
      [BULLMQ]: ({ size, shared }) => bursts(bullQueue(shared), callbacksIn(size)),
    },
    rounds: ({ rounds }) => Math.ceil(rounds / 2),
    prepare: findRedis,
  },
  'enqueue-latency': {
    measures: [ENQUEUE_P99, TAKEN_P50, DELIVERED_P99, PEAK_MEMORY],
    candidates: {
      [ENQUEUE]: ({ size }) => paced(ringbackOutbox, callbacksIn(size)),
      [BULLMQ]: ({ size, shared }) => paced((told) => bullQueue(shared, told), callbacksIn(size)),
    },
    rounds: ({ rounds }) => Math.ceil(rounds / 3),
    prepare: findRedis,
  },
});
