import { describe, it } from 'vitest';
import { transportConformance } from '../../../src/testing/index.js';
import { fetchTransport } from '../../../src/transports/fetch/index.js';
import { httpDestinations } from '../http-destinations.js';

describe('fetchTransport on the fetch of Node', () => {
  transportConformance({
    describe,
    it,
    createTransport: async () => ({ ...(await httpDestinations()), transport: fetchTransport({ allowPrivate: true }) }),
    leftOut: {
      openConnections: 'the platform keeps connections, for all that fetch in the process, and closes them in its time',
    },
  });
});
