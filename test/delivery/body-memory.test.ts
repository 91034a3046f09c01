import { expect, it } from 'vitest';
import { createRingback, type Delivery, memoryOutbox, type Outbox } from '../../src/index.js';
import { scriptedTransport } from '../../src/testing/index.js';

const CONTENT = { invoice: 'in_42', note: 'Grüße' };

/** What the outbox is given, to be kept for as long as the schedule lasts. */
async function kept(content: object): Promise<Delivery> {
  const deliveries: Delivery[] = [];
  const inner = memoryOutbox();
  const outbox: Outbox = Object.assign(Object.create(inner) as Outbox, {
    deadLetters: inner.deadLetters,
    start: (host: Parameters<Outbox['start']>[0]) => inner.start(host),
    snapshot: (nowMs: number) => inner.snapshot(nowMs),
    stop: (timeoutMs: number) => inner.stop(timeoutMs),
    add: (delivery: Delivery) => {
      deliveries.push(delivery);
      return inner.add(delivery);
    },
  });
  const ringback = createRingback({ transports: [scriptedTransport(() => 'failed')], outbox });
  await ringback.enqueue({ to: 'https://customer.example/hooks', ...content });
  await ringback.close({ timeoutMs: 0 });
  return deliveries[0] as Delivery;
}

/** A slice of Node's pool keeps all 64 KiB of it: a hundred dead letters of 300 bytes held 7 MB so. */
it.each([
  ['data', { data: CONTENT }, JSON.stringify(CONTENT)],
  ['text', { body: 'Grüße' }, 'Grüße'],
])('an enqueued callback of %s keeps no bytes while it waits: each attempt makes its own', async (_, content, text) => {
  const delivery = await kept(content);
  expect(new TextDecoder().decode(delivery.body)).toBe(text);
  expect(delivery.body).not.toBe(delivery.body);
  expect(delivery.body).toEqual(delivery.body);
});

it('an enqueued callback of bytes keeps its copy of them, and no pool', async () => {
  const given = Buffer.from('in_42');
  const delivery = await kept({ body: given });
  given.fill(0);
  expect(new TextDecoder().decode(delivery.body)).toBe('in_42');
  expect(delivery.body).toBe(delivery.body);
  expect(delivery.body.buffer.byteLength).toBe(5);
});
