import { type HttpMessageSignaturesOptions, httpMessageSignatures } from '../../../src/signing/http-message-signatures.js';
import type { ReceivedMessage, Signable, SignatureScheme } from '../../../src/signing/scheme.js';
import { KEYS } from './rfc9421-appendix-b.js';

/** One message, signed, and the same received: what the tests of this scheme begin with. */

export const SIGNED_AT_MS = 1_789_000_000_000;
export const SIGNED_AT_S = SIGNED_AT_MS / 1000;
export const BODY: Uint8Array = Buffer.from('{"id":"in_42"}');
export const TARGET = 'https://customer.example/hooks?tenant=1';

export const MESSAGE: Signable = {
  id: 'msg_1',
  timestampMs: SIGNED_AT_MS,
  to: TARGET,
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: BODY,
};

export const schemeOf = (options: Partial<HttpMessageSignaturesOptions> = {}): SignatureScheme =>
  httpMessageSignatures({ secrets: [KEYS.sharedSecret], ...options });

/** Synchronous here, which the contract leaves open. */
export const signed = (by: SignatureScheme, changes: Partial<Signable> = {}): Record<string, string> =>
  by.sign({ ...MESSAGE, ...changes }) as Record<string, string>;

/** The message as it arrives, with the headers that the scheme added. */
export function received(
  by: SignatureScheme,
  changes: Partial<Signable> = {},
): ReceivedMessage & { headers: Record<string, string> } {
  const { to, method, body, headers, timestampMs } = { ...MESSAGE, ...changes };
  return { method, url: to, body, nowMs: timestampMs, headers: { ...headers, ...signed(by, changes) } };
}
