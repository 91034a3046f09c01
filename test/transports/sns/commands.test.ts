import { afterEach, expect, it, vi } from 'vitest';
import { DeliveryError } from '../../../src/delivery/delivery-error.js';
import { createRingback } from '../../../src/ringback.js';
import { sns } from '../../../src/transports/sns/index.js';
import { TOPIC } from './messages.js';
import { ScriptedClient } from './scripted-client.js';

afterEach(() => {
  vi.doUnmock('@aws-sdk/client-sns');
  vi.resetModules();
});

it('says what to install where the SDK is missing, and is not tried again', async () => {
  vi.doMock('@aws-sdk/client-sns', () => {
    throw new Error('Cannot find package');
  });
  const client = new ScriptedClient();
  const ringback = createRingback({ transports: [sns({ client })] });
  const error = await ringback.deliver({ to: TOPIC, data: 1 }).catch((thrown: unknown) => thrown);
  await ringback.close();
  expect(error).toBeInstanceOf(DeliveryError);
  expect(error).toMatchObject({
    outcome: { kind: 'rejected' },
    attempts: [{ attempt: 1 }],
    cause: { code: 'missing-dependency', message: expect.stringContaining('npm install @aws-sdk/client-sns') },
  });
  expect(client.calls).toEqual([]);
});
