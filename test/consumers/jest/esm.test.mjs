import { createRingback, isRingbackError, memoryIdempotencyStore } from 'ringback';
import { fakeClock, idempotencyStoreConformance, scriptedTransport } from 'ringback/testing';

test('an hour of retries passes in no time', async () => {
  const clock = fakeClock();
  const transports = [scriptedTransport(['overloaded', 'delivered'])];
  const ringback = createRingback({ transports, clock });
  const delivery = ringback.deliver({ to: 'https://customer.example/hooks', data: { id: 'in_42' } });
  await clock.advance(60_000);
  expect((await delivery).attempts).toHaveLength(2);
});

test('errors are told apart by their code', () => {
  let caught;
  try {
    createRingback({ transports: [] });
  } catch (error) {
    caught = error;
  }
  expect(isRingbackError(caught, 'invalid-option')).toBe(true);
});

const clock = fakeClock();
const store = memoryIdempotencyStore({ clock });
idempotencyStoreConformance({
  describe,
  it,
  createStore: () => ({ store }),
  advance: (durationMs) => clock.advance(durationMs),
});
