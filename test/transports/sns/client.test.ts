import { SNS, SNSClient, type SNSClientConfig } from '@aws-sdk/client-sns';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { refuseRetries } from '../../../src/transports/sns/client.js';
import { type SnsOptions, sns } from '../../../src/transports/sns/index.js';
import { attemptOf, messageOf } from './messages.js';
import { ScriptedClient } from './scripted-client.js';

const clients: SNSClient[] = [];
function clientWith(settings: SNSClientConfig): SNSClient {
  const client = new SNSClient({ region: 'us-east-1', ...settings });
  clients.push(client);
  return client;
}
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
});

/** What the SDK's ConfiguredRetryStrategy is to who asks it. */
const strategyOf = (attempts: number): NonNullable<SNSClientConfig['retryStrategy']> =>
  ({
    mode: 'standard',
    maxAttemptsProvider: async () => attempts,
    acquireInitialRetryToken: async () => ({}),
    refreshRetryTokenForRetry: async () => ({}),
    recordSuccess: () => {},
  }) as never;

describe('a client that retries by itself', () => {
  it.each<[string, SNSClientConfig, string]>([
    ['by default', {}, 'makes 3 attempts'],
    ['by a number', { maxAttempts: 2 }, 'makes 2 attempts'],
    ['by a function', { maxAttempts: async () => 5 }, 'makes 5 attempts'],
    ['by a strategy', { maxAttempts: 1, retryStrategy: strategyOf(4) }, 'makes 4 attempts'],
    ['adaptively', { maxAttempts: 1, retryMode: 'adaptive' }, "retryMode: 'standard'"],
    ['adaptively, by a function', { maxAttempts: 1, retryMode: async () => 'adaptive' }, "retryMode: 'standard'"],
  ])('is refused, with what to change: %s', async (_, settings, why) => {
    const error = await refuseRetries(clientWith(settings)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'invalid-option', message: expect.stringContaining(why) });
  });

  it.each<[string, SNSClientConfig]>([
    ['by a number', { maxAttempts: 1 }],
    ['by a function', { maxAttempts: async () => 1, retryMode: 'standard' }],
    ['by a strategy', { retryStrategy: strategyOf(1) }],
  ])('is not one that makes one attempt %s', async (_, settings) => {
    await expect(refuseRetries(clientWith(settings))).resolves.toBeUndefined();
  });

  it('is asked by its number where its strategy tells none', async () => {
    const retryStrategy = async (): Promise<unknown> => ({});
    await expect(refuseRetries(new ScriptedClient({ retryStrategy }))).resolves.toBeUndefined();
    await expect(refuseRetries(new ScriptedClient({ retryStrategy, maxAttempts: async () => 2 }))).rejects.toMatchObject({
      code: 'invalid-option',
    });
  });

  it('is looked at until it may be used, and then never again', async () => {
    let asked = 0;
    const client = new ScriptedClient({ maxAttempts: async () => (++asked === 1 ? 2 : 1) });
    const transport = sns({ client, gatherMs: 0 });
    await expect(transport.send(messageOf(), attemptOf())).rejects.toMatchObject({ code: 'invalid-option' });
    for (let calls = 1; calls <= 2; calls++) {
      const end = transport.send(messageOf(), attemptOf());
      await vi.waitFor(() => expect(client.calls.length).toBe(calls));
      client.calls[calls - 1]?.take();
      await end;
    }
    expect(asked).toBe(2);
  });

  it('is refused when it is first used, before anything is sent', async () => {
    const client = new ScriptedClient({ maxAttempts: async () => 3 });
    const transport = sns({ client, gatherMs: 0 });
    await expect(transport.send(messageOf(), attemptOf())).rejects.toMatchObject({ code: 'invalid-option' });
    expect(client.calls).toEqual([]);
  });
});

describe('options', () => {
  const client = new ScriptedClient();

  it('take the two clients that the SDK has', () => {
    const aggregated = new SNS({ region: 'us-east-1', maxAttempts: 1 });
    clients.push(aggregated);
    for (const each of [aggregated, clientWith({ maxAttempts: 1 })]) expect(sns({ client: each }).name).toBe('sns');
  });

  it.each<[string, unknown]>([
    ['no options', undefined],
    ['no client', {}],
    ['a client of version 2', { client: { publish: () => {}, config: {} } }],
    ['a client without config', { client: { send: () => {} } }],
    ['an unknown name', { client, region: 'us-east-1' }],
    ['an empty subject', { client, subject: '' }],
    ['a long subject', { client, subject: 'x'.repeat(101) }],
    ['a subject of two lines', { client, subject: 'a\nb' }],
    ['a subject of no text', { client, subject: 42 }],
    ['another structure', { client, structure: 'xml' }],
    ['maxBytes of 0', { client, maxBytes: 0 }],
    ['maxBytes over a MiB', { client, maxBytes: 1_048_577 }],
    ['gatherMs below 0', { client, gatherMs: -1 }],
    ['gatherMs over a second', { client, gatherMs: 1_001 }],
    ['a clock that is none', { client, clock: {} }],
  ])('refuse %s', (_, options) => {
    expect(() => sns(options as SnsOptions)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });

  it('take all bounds', () => {
    for (const options of [
      { maxBytes: 1, gatherMs: 0 },
      { maxBytes: 1_048_576, gatherMs: 1_000, subject: 'x'.repeat(100) },
    ]) {
      expect(sns({ client, ...options }).name).toBe('sns');
    }
  });
});
