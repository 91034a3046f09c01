import { describe, expect, it } from 'vitest';
import type { Answer } from '../../src/callback.js';
import { createRingback, memoryOutbox } from '../../src/index.js';
import { ring, settled, TO } from './ring.js';

const refused = { code: 'outbox-failed', message: 'an unfinished callback has the id "evt_1" already' };

describe('a callback with the id of one that is unfinished is refused', () => {
  it('at once where the outbox is full and waits for room, and its key is free', async () => {
    const { ringback, clock, transport } = ring(() => ({ afterMs: 100, step: 'delivered' }), {
      outbox: memoryOutbox({ maxDepth: 1, whenFull: 'wait' }),
    });
    await ringback.enqueue({ to: TO, id: 'evt_1', data: 'first', idempotencyKey: 'k1' });
    const second = { to: TO, id: 'evt_1', data: 'second', idempotencyKey: 'k2' };
    await expect(ringback.enqueue(second)).rejects.toMatchObject(refused);
    await clock.advance(100);
    expect(await ringback.enqueue(second)).toEqual({ id: 'evt_1', deduplicated: false });
    await clock.advance(100);
    expect(transport.sent.map(({ message }) => new TextDecoder().decode(message.body))).toEqual(['"first"', '"second"']);
    expect(clock.timers).toBe(0);
  });

  it('where the other one waits for room itself', async () => {
    const { ringback, clock } = ring(() => ({ afterMs: 100, step: 'delivered' }), {
      outbox: memoryOutbox({ maxDepth: 1, whenFull: 'wait' }),
    });
    await ringback.enqueue({ to: TO });
    const waiting = ringback.enqueue({ to: TO, id: 'evt_1' });
    await expect(ringback.enqueue({ to: TO, id: 'evt_1' })).rejects.toMatchObject(refused);
    await clock.advance(100);
    await waiting;
    await clock.advance(100);
    expect(await ringback.enqueue({ to: TO, id: 'evt_1' })).toEqual({ id: 'evt_1', deduplicated: false });
  });

  it('and the event tells of the one that was taken', async () => {
    const { ringback, heard } = ring();
    const first = ringback.enqueue({ to: TO, id: 'evt_1', correlationId: 'first' });
    const second = settled(ringback.enqueue({ to: TO, id: 'evt_1', correlationId: 'refused' }));
    await first;
    expect((await second).error).toMatchObject(refused);
    await ringback.drain();
    const told = heard.filter(({ event }) => event === 'enqueued').map(({ payload }) => payload.correlationId);
    expect(told).toEqual(['first']);
  });

  it('and the event of a retry does not tell of the one that is being refused', async () => {
    const { ringback, clock, heard } = ring(['failed', 'delivered']);
    await ringback.enqueue({ to: TO, id: 'evt_1', correlationId: 'first' });
    const second = settled(ringback.enqueue({ to: TO, id: 'evt_1', correlationId: 'refused' }));
    await clock.advance(10_000);
    expect((await second).error).toMatchObject(refused);
    expect(heard.filter(({ event }) => event === 'enqueued').map(({ payload }) => payload.correlationId)).toEqual(['first']);
  });

  it('and its key is not completed by the delivery of the other, at whatever moment that ends', async () => {
    let deliver = (): void => {};
    const sent: string[] = [];
    const transport = {
      name: 'gated',
      accepts: () => true,
      send: ({ body }: { readonly body: Uint8Array }) => {
        sent.push(new TextDecoder().decode(body));
        return new Promise<Answer>((resolve) => {
          deliver = () => resolve({ outcome: { kind: 'delivered' } });
        });
      },
    };
    const ringback = createRingback({ transports: [transport] });
    const turn = (): Promise<void> => new Promise(setImmediate);
    let refusals = 0;
    for (let lead = 0; lead < 40; lead++) {
      await ringback.enqueue({ to: TO, id: `first_${lead}`, data: 'first' });
      await turn();
      const second = { to: TO, id: `first_${lead}`, data: `second_${lead}`, idempotencyKey: `k${lead}` };
      const enqueued = settled(ringback.enqueue(second));
      for (let i = 0; i < lead; i++) await null;
      deliver();
      if ((await enqueued).error !== undefined) {
        refusals++;
        await turn();
        expect(await ringback.enqueue({ ...second, id: `again_${lead}` })).toMatchObject({ deduplicated: false });
      }
      await turn();
      deliver();
      await turn();
      expect(sent.at(-1)).toBe(`"second_${lead}"`);
    }
    expect(refusals).toBeGreaterThan(0);
    await ringback.close();
  });
});
