import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Claim, ClaimRequest } from '../../src/idempotency/store.js';

/** What all racers share: where it is (a URL, a file), and a name in it that is this run's own (a prefix, a table). */
export interface SharedStore {
  readonly kind: 'redis' | 'postgres' | 'sqlite';
  readonly location: string;
  readonly name: string;
}

/** What a racer can be asked: the store's operations, and two that hold many claims. */
export interface RacerCalls {
  claim(key: string, request: ClaimRequest): Promise<Claim>;
  /** All keys at once; the state that each claim came to. */
  claimAll(keys: readonly string[], request: ClaimRequest): Promise<Claim['state'][]>;
  /** Claims until the key is not in flight any more. */
  claimWhenFree(key: string, request: ClaimRequest): Promise<Claim>;
  renew(key: string, token: string, leaseMs: number): Promise<boolean>;
  complete(key: string, token: string, result: Uint8Array, ttlMs: number): Promise<boolean>;
  release(key: string, token: string): Promise<boolean>;
}

/** From the parent to a racer, and back; a racer's first word has the id 0: it is ready. */
export interface Ask {
  readonly id: number;
  readonly call: keyof RacerCalls;
  readonly args: readonly unknown[];
}
export interface Told {
  readonly id: number;
  readonly answer?: unknown;
  readonly error?: string;
}

/** A process of its own, with a store of its own. Whoever starts one ends it by `kill`. */
export interface Racer {
  /** It stands at the start line; rejects when it never gets there. */
  readonly ready: Promise<unknown>;
  readonly calls: RacerCalls;
  /** What is asked of a stopped one waits for it. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** SIGKILL, which a stopped process obeys too. Resolves when it is gone. */
  kill(): Promise<void>;
}

const program = fileURLToPath(new URL('./worker.ts', import.meta.url));

export function startRacer(shared: SharedStore, index: number): Racer {
  const child = fork(program, [JSON.stringify([shared, index])], { execArgv: [], serialization: 'advanced' });
  const gone = once(child, 'exit');
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  child.on('message', ({ id, answer, error }: Told) => {
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) asked?.resolve(answer);
    else asked?.reject(new Error(error));
  });
  child.once('exit', () => {
    for (const asked of waiting.values()) asked.reject(new Error(`racer ${index} is gone`));
  });
  const answerTo = (id: number): Promise<unknown> => {
    const asked = Promise.withResolvers<unknown>();
    waiting.set(id, asked);
    return asked.promise;
  };
  return {
    ready: answerTo(0),
    calls: callsTo(child, answerTo),
    signal: (signal) => void child.kill(signal),
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

function callsTo(child: ChildProcess, answerTo: (id: number) => Promise<unknown>): RacerCalls {
  let lastId = 0;
  const ask =
    (call: keyof RacerCalls) =>
    (...args: readonly unknown[]): Promise<never> => {
      const id = ++lastId;
      child.send({ id, call, args } satisfies Ask);
      return answerTo(id) as Promise<never>;
    };
  return {
    claim: ask('claim'),
    claimAll: ask('claimAll'),
    claimWhenFree: ask('claimWhenFree'),
    renew: ask('renew'),
    complete: ask('complete'),
    release: ask('release'),
  };
}
