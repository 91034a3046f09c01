import { describe, it } from 'vitest';
import { transportConformance } from '../../../src/testing/index.js';
import { http } from '../../../src/transports/http/index.js';
import { httpDestinations } from '../http-destinations.js';

describe('http', () => {
  transportConformance({
    describe,
    it,
    createTransport: async () => ({ ...(await httpDestinations()), transport: http({ allowPrivate: true }) }),
  });
});
