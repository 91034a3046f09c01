/** What an idempotency key promises, and what it does not, when a process dies: `node examples/idempotency.ts` */
import { createRingback, isRingbackError, memoryIdempotencyStore } from 'ringback';
import { fakeClock, scriptedTransport } from 'ringback/testing';

// Time is moved by hand, so that a lease of a minute ends at once. The store stands for one that all processes share.
const clock = fakeClock();
const store = memoryIdempotencyStore({ clock });
const receiver = scriptedTransport([], { clock });
const newProcess = () => createRingback({ transports: [receiver], idempotency: { store, leaseMs: 60_000 }, clock });

// An id of its own, made of what happened: a callback that goes out twice is the same one to its receiver.
const callback = { to: 'https://customer.example/hooks', data: { id: 'in_42' }, id: 'in_42-paid', idempotencyKey: 'in_42-paid' };

// A process that dies right after the receiver took the callback: the store hears no more of it once it has claimed the key.
const never = (): Promise<never> => new Promise(() => {});
const dying = createRingback({
  transports: [receiver],
  idempotency: { store: { claim: (key, request) => store.claim(key, request), renew: never, complete: never, release: never } },
  clock,
});
void dying.deliver(callback);
await clock.advance(0);
console.log(`sent ${receiver.sentCount} time, then the process died`);

// Within the lease nobody knows whether it is dead or slow. Nothing is sent.
const next = newProcess();
const early = await settled(next.deliver({ ...callback, deadlineMs: 10_000 }), 10_000);
console.log(isRingbackError(early) ? early.code : 'delivered');

// Once the lease has ended, the next one sends it again: at least once is what is left after a crash.
await clock.advance(60_000);
await settled(next.deliver(callback), 0);
const ids = receiver.sent.map(({ message }) => message.id);
console.log(`sent ${receiver.sentCount} times, under ${new Set(ids).size} id`);

// From then on the key answers, in any process.
const again = await newProcess().deliver(callback);
console.log(`sent ${receiver.sentCount} times, deduplicated ${again.deduplicated}`);

async function settled(work: Promise<unknown>, durationMs: number): Promise<unknown> {
  const end = work.catch((error: unknown) => error);
  await clock.advance(durationMs);
  return end;
}
