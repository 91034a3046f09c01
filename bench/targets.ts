import {
  BARE_AWAIT,
  BARE_HMAC,
  BARE_REQUEST,
  BYTES_EACH,
  COCKATIEL,
  COCKATIEL_BREAKER,
  COCKATIEL_REQUEST,
  compared,
  DELIVER,
  ENQUEUE,
  FEW_DESTINATIONS,
  HAND_WRITTEN,
  MANY_DESTINATIONS,
  type Measurements,
  MOST_DESTINATIONS,
  QUEUE,
  QUEUE_AROUND_DELIVER,
  REFERENCE_SIGNER,
  RINGBACK,
  STANDARD_WEBHOOKS,
} from './figures.ts';
import type { Topic } from './topics.ts';

/** A figure that must not be above, or below, its limit. */
export interface Target {
  readonly id: string;
  readonly text: string;
  readonly bound: 'at most' | 'at least';
  readonly limit: number;
  readonly unit: string;
  readonly figure: (measurements: Measurements) => number;
}

/** A target, and how it was met. */
export interface Verdict extends Omit<Target, 'figure'> {
  readonly figure: number;
  readonly passed: boolean;
}

/** What `--check` holds the package to. */
export const TARGETS: readonly Target[] = [
  {
    id: 'no-op-over-bare-await',
    text: 'an async no-op under all seven parts, against a bare await',
    bound: 'at most',
    limit: 6,
    unit: '×',
    figure: ratio('no-op', RINGBACK, BARE_AWAIT),
  },
  {
    id: 'no-op-over-hand-written',
    text: 'an async no-op under all seven parts, against the same seven written by hand',
    bound: 'at most',
    limit: 1.2,
    unit: '×',
    figure: ratio('no-op', RINGBACK, HAND_WRITTEN),
  },
  {
    id: 'no-op-cheaper-than-cockatiel',
    text: "an async no-op, cheaper than cockatiel's wrap of four",
    bound: 'at least',
    limit: 20,
    unit: '×',
    figure: ratio('no-op', COCKATIEL, RINGBACK),
  },
  {
    id: 'signal-cheaper-than-cockatiel',
    text: "signal touched and one listener added, cheaper than cockatiel's wrap of four",
    bound: 'at least',
    limit: 8,
    unit: '×',
    figure: ratio('signal', COCKATIEL, RINGBACK),
  },
  {
    id: 'refusal-cheaper-than-cockatiel',
    text: "a fresh refusal by an open circuit, cheaper than cockatiel's",
    bound: 'at least',
    limit: 4,
    unit: '×',
    figure: ratio('refusal', COCKATIEL_BREAKER, RINGBACK),
  },
  {
    id: 'signing-over-bare-hmac',
    text: 'signing 1 KB by Standard Webhooks v1, against a bare createHmac on a cached key',
    bound: 'at most',
    limit: 1.5,
    unit: '×',
    figure: ratio('signing', STANDARD_WEBHOOKS, BARE_HMAC),
  },
  {
    id: 'signing-cheaper-than-standardwebhooks',
    text: 'signing 1 KB by Standard Webhooks v1, cheaper than the standardwebhooks package',
    bound: 'at least',
    limit: 3,
    unit: '×',
    figure: ratio('signing', REFERENCE_SIGNER, STANDARD_WEBHOOKS),
  },
  {
    id: 'http-of-bare-request',
    text: 'signed deliveries a second, against a bare undici.request on a Pool',
    bound: 'at least',
    limit: 0.75,
    unit: '×',
    figure: ratio('http', DELIVER, BARE_REQUEST),
  },
  {
    id: 'http-over-cockatiel',
    text: 'signed deliveries a second, against cockatiel + standardwebhooks + undici.request',
    bound: 'at least',
    limit: 2.2,
    unit: '×',
    figure: ratio('http', DELIVER, COCKATIEL_REQUEST),
  },
  {
    id: 'idle-destination-bytes',
    text: 'memory of one idle destination of 100,000',
    bound: 'at most',
    limit: 2_048,
    unit: 'bytes',
    figure: (measurements) => figureIn(measurements, 'destinations', MANY_DESTINATIONS, BYTES_EACH.name),
  },
  {
    id: 'destination-bytes-of-1000000',
    text: 'memory of one idle destination of 1,000,000',
    bound: 'at most',
    limit: 2_048,
    unit: 'bytes',
    figure: (measurements) => figureIn(measurements, 'destinations', MOST_DESTINATIONS, BYTES_EACH.name),
  },
  {
    id: 'outbox-of-p-queue',
    text: 'enqueued and delivered a second over the scripted transport, against p-queue around a no-op',
    bound: 'at least',
    limit: 0.8,
    unit: '×',
    figure: ratio('outbox', ENQUEUE, QUEUE),
  },
  {
    id: 'outbox-of-p-queue-around-deliver',
    text: 'enqueued and delivered a second over the scripted transport, against p-queue around deliver',
    bound: 'at least',
    limit: 0.8,
    unit: '×',
    figure: ratio('outbox', ENQUEUE, QUEUE_AROUND_DELIVER),
  },
  {
    id: 'enqueue-p99',
    text: 'enqueue at 10,000 a second, p99',
    bound: 'at most',
    limit: 5_000,
    unit: 'µs',
    figure: (measurements) => figureIn(measurements, 'enqueue-latency', ENQUEUE),
  },
  {
    id: 'core-bundle',
    text: 'all of ringback without its dependencies, minified and brotli',
    bound: 'at most',
    limit: 15,
    unit: 'KB',
    figure: (measurements) => figureIn(measurements, 'bundles', 'ringback'),
  },
  {
    id: 'deliver-at-100000-destinations',
    text: 'a signed deliver of 1 KB among 100,000 destinations, against one among 10',
    bound: 'at most',
    limit: 1.5,
    unit: '×',
    figure: ratio('destinations', MANY_DESTINATIONS, FEW_DESTINATIONS),
  },
];

/** Holds measurements against targets. Throws where a figure is missing: a target that nothing was measured for is not met. */
export function checkTargets(measurements: Measurements, targets: readonly Target[] = TARGETS): Verdict[] {
  return targets.map(({ figure: measured, ...target }) => {
    const figure = measured(measurements);
    const passed = target.bound === 'at most' ? figure <= target.limit : figure >= target.limit;
    return { ...target, figure: Math.round(figure * 100) / 100, passed };
  });
}

/** The first candidate's figure as a multiple of the second's; the topic's first measure where none is named. */
function ratio(topic: Topic, first: string, second: string, measure?: string): Target['figure'] {
  return (measurements) => figureIn(measurements, topic, first, measure) / figureIn(measurements, topic, second, measure);
}

function figureIn(measurements: Measurements, topic: Topic, candidate: string, measure?: string): number {
  const { measures = [], candidates = {} } = measurements[topic] ?? {};
  const found = measures.find(({ name }) => measure === undefined || name === measure);
  const figure = candidates[candidate]?.[found?.name ?? ''];
  const value = found === undefined || figure === undefined ? 0 : compared(found, figure);
  if (!(value > 0)) throw new Error(`no figure for ${candidate} in ${topic}`);
  return value;
}
