/** A service's own test, under node:test, of an outage that lasts hours: `node --test examples/testing.ts`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRingback, seededRandom } from 'ringback';
import { fakeClock, scriptedTransport } from 'ringback/testing';

const MINUTE_MS = 60_000;

test('a receiver that is down for half an hour still gets its callback', async () => {
  const clock = fakeClock();
  const backAtMs = 30 * MINUTE_MS;
  const transport = scriptedTransport(() => ({ status: clock.monotonic() < backAtMs ? 503 : 200 }), { clock });
  // The schedule is jittered: a seed makes every run of the test the same.
  const ringback = createRingback({ transports: [transport], clock, random: seededRandom(1) });

  const { id } = await ringback.enqueue({ to: 'https://customer.example/hooks', data: { id: 'in_42' } });
  await clock.advance(29 * MINUTE_MS);
  assert.deepEqual(await ringback.status(id), { state: 'waiting' });

  await clock.advance(60 * MINUTE_MS);
  assert.deepEqual(await ringback.status(id), { state: 'delivered' });
  assert.equal(transport.sentCount, 4);
  await ringback.close();
});

test('a receiver that never answers is given up in time', async () => {
  const clock = fakeClock();
  const ringback = createRingback({ transports: [scriptedTransport(() => 'hang', { clock })], clock });

  const delivery = assert.rejects(ringback.deliver({ to: 'https://customer.example/hooks', data: { id: 'in_42' } }), {
    code: 'delivery-failed',
  });
  await clock.advance(30_000);
  await delivery;
  assert.equal(clock.timers, 0);
  await ringback.close();
});
