import { expect, it } from 'vitest';
import { createRingback } from '../../src/index.js';
import { scriptedTransport } from '../../src/testing/index.js';

/** A slice of a pool keeps all of the pool: a hundred dead letters of 300 bytes held 7 MB so. */
it.each([
  ['data', { data: { invoice: 'in_42' } }],
  ['text', { body: 'in_42' }],
  ['bytes', { body: Buffer.from('in_42') }],
])('an enqueued callback keeps no memory but its own, however long it waits: %s', async (_, content) => {
  const transport = scriptedTransport();
  const ringback = createRingback({ transports: [transport] });
  await ringback.enqueue({ to: 'https://customer.example/hooks', ...content });
  await ringback.drain();
  const [body] = transport.sent.map(({ message }) => message.body);
  expect(body?.byteLength).toBeGreaterThan(0);
  expect(body?.buffer.byteLength).toBe(body?.byteLength);
  await ringback.close();
});
