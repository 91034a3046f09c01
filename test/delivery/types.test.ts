import { expect, expectTypeOf, it } from 'vitest';
import { createRingback } from '../../src/index.js';
import { scriptedTransport } from '../../src/testing/index.js';

interface Invoice {
  readonly id: string;
  readonly cents: number;
}

const to = 'https://customer.example/hooks';

it('a map of types ties data to type', async () => {
  const ringback = createRingback<{ 'invoice.paid': Invoice; ping: undefined }>({ transports: [scriptedTransport()] });
  await ringback.deliver({ to, type: 'invoice.paid', data: { id: 'in_42', cents: 100 } });
  await ringback.enqueue({ to, type: 'ping' });
  // @ts-expect-error: data of another type
  await ringback.deliver({ to, type: 'invoice.paid', data: { id: 42 } });
  // @ts-expect-error: an unknown type
  await ringback.deliver({ to, type: 'invoice.payed', data: { id: 'in_42', cents: 100 } });
  // @ts-expect-error: a type is required where there is a map
  await ringback.deliver({ to, data: { id: 'in_42', cents: 100 } });
  expectTypeOf(ringback.deliver).returns.resolves.toHaveProperty('attempts');
  await ringback.drain();
  expect((await ringback.close()).undelivered).toEqual([]);
});

it('without a map, any type and any data go', async () => {
  const ringback = createRingback({ transports: [scriptedTransport()] });
  expect((await ringback.deliver({ to, type: 'anything', data: [1, 'two', null] })).type).toBe('anything');
  await ringback.deliver({ to });
  await ringback.close();
});
