const { createRingback } = require('ringback');
const { fakeClock, scriptedTransport } = require('ringback/testing');

test('an hour of retries passes in no time', async () => {
  const clock = fakeClock();
  const transports = [scriptedTransport(['overloaded', 'delivered'])];
  const ringback = createRingback({ transports, clock });
  const delivery = ringback.deliver({ to: 'https://customer.example/hooks', data: { id: 'in_42' } });
  await clock.advance(60_000);
  expect((await delivery).attempts).toHaveLength(2);
});
