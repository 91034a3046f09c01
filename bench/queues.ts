/** Ways to take in callbacks and process them behind: the outbox, and what one would use instead. Each in a process of its own. */
import { randomUUID } from 'node:crypto';
import { Queue, Worker } from 'bullmq';
import PQueue from 'p-queue';
import { createRingback, memoryOutbox, type Transport } from 'ringback';
import { scriptedTransport } from 'ringback/testing';
import { SEVEN_PARTS } from './settings.ts';

/** How many run at once, in all of them. */
const AT_ONCE = 64;
const DATA = { id: 'in_42' };
const TARGETS = Array.from({ length: 10 }, (_, index) => `https://customer-${index}.example/hooks`);

/** Told of each callback as it is delivered, by the id under which it was taken in. */
export type Told = (id: string) => void;

export interface CallbackQueue {
  /** Resolves when the callback is taken in. */
  add(id: string | undefined, index: number): Promise<unknown>;
  /** Resolves when all that was taken in is processed. */
  drained(): Promise<unknown>;
  close(): Promise<unknown>;
}

const toOf = (index: number): string => TARGETS[index % TARGETS.length] as string;

/** The scripted transport, which answers at once that it was delivered. */
function transportTelling(told: Told | undefined): Transport {
  const scripted = scriptedTransport([], { record: false });
  if (told === undefined) return scripted;
  return {
    ...scripted,
    send: (message, attempt) => {
      told(message.id);
      return scripted.send(message, attempt);
    },
  };
}

export function ringbackOutbox(told?: Told): CallbackQueue {
  const ringback = createRingback({
    transports: [transportTelling(told)],
    outbox: memoryOutbox({ concurrency: AT_ONCE }),
    pipeline: SEVEN_PARTS,
  });
  return {
    add: (id, index) =>
      ringback.enqueue(id === undefined ? { to: toOf(index), data: DATA } : { to: toOf(index), data: DATA, id }),
    drained: () => ringback.drain(),
    close: () => ringback.close(),
  };
}

/** The bare queue: what the transport does and nothing else, with bytes that were there before. */
export function bareQueue(): CallbackQueue {
  const queue = new PQueue({ concurrency: AT_ONCE });
  const answer = Promise.resolve({ outcome: { kind: 'delivered' } });
  const send = () => answer;
  return {
    add: () => {
      void queue.add(send);
      return answer;
    },
    drained: () => queue.onIdle(),
    close: async () => {},
  };
}

/** The same work as the outbox does, one after another by p-queue: no retry later, no order, no bound, no dead letters. */
export function queueAroundDeliver(): CallbackQueue {
  const queue = new PQueue({ concurrency: AT_ONCE });
  const ringback = createRingback({ transports: [transportTelling(undefined)], pipeline: SEVEN_PARTS });
  const taken = Promise.resolve();
  return {
    add: (_id, index) => {
      void queue.add(() => ringback.deliver({ to: toOf(index), data: DATA }));
      return taken;
    },
    drained: () => queue.onIdle(),
    close: () => ringback.close(),
  };
}

/** Jobs that a worker in the same process takes, and answers at once. What it left in Redis goes with `close`. */
export function bullQueue(url: string, told?: Told): CallbackQueue {
  const { hostname, port, username, password } = new URL(url);
  const connection = { host: hostname, port: Number(port), username, password, maxRetriesPerRequest: null };
  const name = 'callbacks';
  const prefix = `ringback-bench-${randomUUID()}`;
  const queue = new Queue(name, { connection, prefix, defaultJobOptions: { removeOnComplete: true, removeOnFail: true } });
  const worker = new Worker(name, async ({ data }) => void told?.(data.callback), { connection, prefix, concurrency: AT_ONCE });
  let unfinished = 0;
  let tellDrained = (): void => {};
  worker.on('completed', () => {
    if (--unfinished === 0) tellDrained();
  });
  return {
    add: (id, index) => {
      unfinished++;
      return queue.add('deliver', { to: toOf(index), data: DATA, callback: id });
    },
    drained: () =>
      new Promise<void>((resolve) => {
        tellDrained = resolve;
        if (unfinished === 0) resolve();
      }),
    close: async () => {
      await worker.close();
      await queue.obliterate({ force: true });
      await queue.close();
    },
  };
}
