import { deliveries } from './suite/deliveries.mjs';
import { fetching } from './suite/fetching.mjs';
import { policies } from './suite/policies.mjs';
import { signatures } from './suite/signatures.mjs';

/**
 * What must hold on every runtime: the core, signatures, the receiver and the fetch transport. It needs nothing but what it is
 * given, and what every runtime has.
 *
 * @param {object} given
 * @param {(name: string, body: () => Promise<void>) => void} given.test declares a test
 * @param {typeof import('node:assert/strict')} given.assert
 * @param {string} given.url where the server of `server.mjs` listens
 */
export function suite(given) {
  deliveries(given);
  policies(given);
  signatures(given);
  fetching(given);
}
