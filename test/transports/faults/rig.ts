import { onTestFinished } from 'vitest';
import type { AttemptRecord } from '../../../src/callback.js';
import { constant, createRingback, type DeliveryError, type Ringback, seededRandom } from '../../../src/index.js';
import type { OutcomeKind } from '../../../src/outcome.js';
import { activeResources, newSince } from '../../../src/testing/transport-conformance/active-resources.js';
import { content, type OpenLane, type Way } from './lanes.js';

/** Long enough for what is delivered on a slow machine; what hangs takes all of it. */
const ATTEMPT_TIMEOUT_MS = 1_000;

/** An instance that sends over a lane, with retries. */
export interface Rig {
  readonly ringback: Ringback;
  readonly to: string;
  /** Delivers one, or tries. What its attempts came to. */
  readonly attempts: (id: string, headers?: Readonly<Record<string, string>>) => Promise<readonly AttemptRecord[]>;
  readonly outcomes: (id: string) => Promise<readonly OutcomeKind[]>;
  /** Closes the instance; then nothing of it may be left. */
  readonly closesClean: () => Promise<void>;
}

/** Looks until it holds. The test's own limit ends it. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((later) => setTimeout(later, 1));
}

/** `openConnections` counts what stands between the transport and its server, too. */
export function rigOn(lane: OpenLane, way: Way, openConnections: () => number, maxAttempts = 3): Rig {
  const before = activeResources();
  const ringback = createRingback({
    transports: [lane.transport(way)],
    pipeline: {
      attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
      retry: { maxAttempts, backoff: constant({ delayMs: 20 }) },
      circuitBreaker: false,
      budget: false,
    },
    budget: false,
    schedule: constant({ delayMs: 20 }),
    random: seededRandom(1),
  });
  onTestFinished(() => void ringback.close());
  const to = lane.to(way);
  const attempts: Rig['attempts'] = async (id, headers) => {
    const ended: { readonly attempts: readonly AttemptRecord[] } = await ringback
      .deliver({ to, id, headers, data: content(id) })
      .catch((error: DeliveryError) => error);
    return ended.attempts;
  };
  return {
    ringback,
    to,
    attempts,
    outcomes: async (id) => (await attempts(id)).map(({ outcome }) => outcome),
    closesClean: async () => {
      await ringback.close();
      await until(() => openConnections() === 0 && lane.openConnections() === 0);
      await until(() => newSince(before).length === 0);
    },
  };
}
