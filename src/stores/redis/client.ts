import { contractOption, invalidOption } from '../../options.js';
import type { Script } from './scripts.js';

/** What is used of node-redis (the `redis` package, from version 4): a client, a pool, a cluster or a sentinel. */
export interface NodeRedisClient {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  evalSha(sha1: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

/** What is used of ioredis, from version 5: a `Redis` or a `Cluster`. */
export interface IoRedisClient {
  eval(script: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>;
  evalsha(sha1: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>;
}

/** A client of yours, connected; it stays yours to configure and to close. */
export type RedisClient = NodeRedisClient | IoRedisClient;

/** Runs a script on one key: one key a command, so that a cluster knows where it belongs. */
export type RunScript = (script: Script, key: string, args: string[]) => Promise<unknown>;

/** How this client runs a script. The two libraries are told apart by how they write `evalsha`. */
export function scriptRunner(client: RedisClient): RunScript {
  contractOption('client', client, ['eval']);
  if ('evalSha' in client) {
    return (script, key, args) => {
      const options = { keys: [key], arguments: args };
      return byHashFirst(
        () => client.evalSha(script.sha1, options),
        () => client.eval(script.lua, options),
      );
    };
  }
  if ('evalsha' in client) {
    return (script, key, args) =>
      byHashFirst(
        () => client.evalsha(script.sha1, 1, key, ...args),
        () => client.eval(script.lua, 1, key, ...args),
      );
  }
  throw invalidOption('client', 'a client of node-redis or ioredis', client);
}

/** Redis forgets scripts when it starts, and in a cluster each node has its own: the text is sent to one that lacks it. */
async function byHashFirst(byHash: () => Promise<unknown>, byText: () => Promise<unknown>): Promise<unknown> {
  try {
    return await byHash();
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('NOSCRIPT')) return byText();
    throw error;
  }
}
