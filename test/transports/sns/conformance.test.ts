import { describe, it } from 'vitest';
import { transportConformance } from '../../../src/testing/index.js';
import { sns } from '../../../src/transports/sns/index.js';
import type { Transport } from '../../../src/transports/transport.js';
import { type SnsDestinations, snsDestinations } from './sns-destinations.js';

const leftOut = {
  gone: 'SNS has no answer for it',
  forbidden: 'the client decides where it connects to',
  'answers-too-much': 'the SDK reads the answer, and has no cap',
};

/** Who made the client destroys it, once the transport is closed: then its connections must end. */
function withItsClient(transport: Transport, { client }: SnsDestinations): Transport {
  const close = async (): Promise<void> => {
    await transport.close?.();
    client.destroy();
  };
  return { ...transport, close };
}

describe.each([5, 0])('sns with gatherMs %i', (gatherMs) => {
  transportConformance({
    describe,
    it,
    leftOut,
    createTransport: async () => {
      const destinations = await snsDestinations();
      return { ...destinations, transport: withItsClient(sns({ client: destinations.client, gatherMs }), destinations) };
    },
  });
});
