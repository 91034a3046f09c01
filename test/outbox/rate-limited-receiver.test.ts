import { expect, it } from 'vitest';
import { createRingback } from '../../src/index.js';
import { seededRandom } from '../../src/random.js';
import { fakeClock, type ScriptedStep, scriptedTransport } from '../../src/testing/index.js';

const CALLBACKS = 500;
const SPACING_MS = 50;

it('a receiver with a bucket of one, that answers 429 beyond it, gets its queue at about its rate, and no open circuit', async () => {
  const clock = fakeClock();
  let nextTokenAtMs = 0;
  const answer = (): ScriptedStep => {
    const nowMs = clock.monotonic();
    if (nowMs < nextTokenAtMs) return { afterMs: 20, step: { status: 429, headers: { 'retry-after': '1' } } };
    nextTokenAtMs = nowMs + SPACING_MS;
    return { afterMs: 20, step: { status: 204 } };
  };
  const ringback = createRingback({
    transports: [scriptedTransport(answer, { clock })],
    clock,
    random: seededRandom(1),
  });
  const states: string[] = [];
  let delivered = 0;
  ringback.on('circuit', ({ state }) => states.push(state));
  ringback.on('delivered', () => delivered++);
  for (let data = 0; data < CALLBACKS; data++) await ringback.enqueue({ to: 'https://customer.example/hooks', data });

  await clock.advance(4 * CALLBACKS * SPACING_MS);
  expect(delivered).toBeGreaterThan(CALLBACKS / 2);
  await clock.advance(3_600_000);

  expect(delivered).toBe(CALLBACKS);
  expect(states).toEqual([]);
  await ringback.close();
});
