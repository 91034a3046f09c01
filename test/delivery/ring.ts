import { createRingback, type Ringback, type RingbackEvents, type RingbackOptions, seededRandom } from '../../src/index.js';
import {
  type FakeClock,
  fakeClock,
  type ScriptedTransport,
  scriptedTransport,
  type TransportScript,
} from '../../src/testing/index.js';

export const TO = 'https://customer.example/hooks?token=t0ken';
export const DESTINATION = 'https://customer.example';

export interface Ring {
  readonly clock: FakeClock;
  readonly transport: ScriptedTransport;
  readonly ringback: Ringback;
  /** What was told, in order. */
  readonly heard: { readonly event: string; readonly payload: Record<string, unknown> }[];
}

/** Every event there is. */
export const EVENTS: readonly (keyof RingbackEvents)[] = [
  'enqueued',
  'attempt',
  'retry',
  'delivered',
  'failed',
  'dead-letter',
  'shed',
  'deduplicated',
  'disable',
  'circuit',
  'limit',
];

/** An instance on a clock and a transport that a test drives. */
export function ring(script: TransportScript = [], options: Partial<RingbackOptions> = {}): Ring {
  const clock = fakeClock();
  const transport = scriptedTransport(script, { clock });
  const ringback = createRingback({ transports: [transport], clock, random: seededRandom(1), ...options });
  const heard: Ring['heard'] = [];
  for (const event of EVENTS) {
    ringback.on(event, (payload: object) => heard.push({ event, payload: payload as Record<string, unknown> }));
  }
  return { clock, transport, ringback, heard };
}

/** How a call ended, for calls that are looked at later. */
export function settled<T>(promise: Promise<T>): Promise<{ value?: T; error?: never } | { value?: never; error: unknown }> {
  return promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
}
