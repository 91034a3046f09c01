import { createRingback, memoryOutbox, type Ringback, schedule, seededRandom, type Transport } from 'ringback';
import { standardWebhooks } from 'ringback/signing';

/** What it is made of: `count` is the most that is unfinished at once. */
export interface HurriedParts {
  readonly count: number;
  readonly seed: number | string;
  readonly secret: string;
  readonly transport: Transport;
}

/** Settings for a program in a hurry: seconds where a service would have minutes and hours, and room for many retries. */
export function hurriedRingback({ count, seed, secret, transport }: HurriedParts): Ringback {
  return createRingback({
    transports: [transport],
    signature: standardWebhooks({ secrets: [secret] }),
    outbox: memoryOutbox({ maxDepth: count, concurrency: 128, maxPerDestination: 24, maxDeadLetters: count }),
    schedule: schedule([200, 400, 800, 1_500, ...Array<number>(40).fill(2_000)]),
    budget: { ratio: 0.5, reservePerSecond: 100, maxTokens: 1_000 },
    pipeline: {
      attemptTimeoutMs: 1_000,
      budget: { ratio: 0.5, reservePerSecond: 50, maxTokens: 200 },
      circuitBreaker: { openMs: 500, maxOpenMs: 2_000, rampStepMs: 200 },
    },
    random: seededRandom(seed),
  });
}
