import { expect, it } from 'vitest';
import { ring, settled, TO } from './ring.js';

const HOUR_MS = 3_600_000;
const busyForTwoHours = { status: 503, headers: { 'retry-after': '7200' } };

it('Retry-After above a stated maximum: deliver gives up, it is never retried early', async () => {
  const { ringback, clock, transport } = ring([busyForTwoHours]);
  const answer = settled(ringback.deliver({ to: TO, deadlineMs: 24 * HOUR_MS }));
  await clock.advance(24 * HOUR_MS);
  const message = expect.stringContaining(
    ': it asked for a wait of 7200000 ms, and retry.maxRetryAfterMs is 60000 (answered 503); attempt 1 overloaded 503',
  );
  expect((await answer).error).toMatchObject({ code: 'delivery-failed', why: 'retry-after-too-long', message });
  expect(transport.sent).toHaveLength(1);
});

it('Retry-After above a stated maximum: enqueue waits in the outbox', async () => {
  const { ringback, clock, transport } = ring([busyForTwoHours]);
  const { id } = await ringback.enqueue({ to: TO });
  await clock.advance(2 * HOUR_MS - 1);
  expect([transport.sent.length, await ringback.status(id)]).toEqual([1, { state: 'waiting' }]);
  await clock.advance(HOUR_MS);
  expect([transport.sent.length, await ringback.status(id)]).toEqual([2, { state: 'delivered' }]);
});
