import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../src/callback.js';
import {
  github,
  hmac,
  httpMessageSignatures,
  jwt,
  type SignatureScheme,
  standardWebhooks,
  stripe,
} from '../../src/signing/index.js';
import { ring, TO } from '../delivery/ring.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const SHARED = 'a-shared-secret-of-at-least-32-bytes';

/** Each scheme, and every header that it sends. */
const SCHEMES: readonly (readonly [SignatureScheme, readonly string[]])[] = [
  [standardWebhooks({ secrets: [SECRET] }), ['webhook-id', 'webhook-timestamp', 'webhook-signature']],
  [standardWebhooks({ secrets: [SECRET], headerPrefix: 'svix-' }), ['svix-id', 'svix-timestamp', 'svix-signature']],
  [stripe({ secrets: [SECRET] }), ['stripe-signature']],
  [github({ secrets: [SECRET] }), ['x-hub-signature-256', 'x-github-delivery']],
  [
    hmac({
      secrets: [SHARED],
      header: 'X-Sig',
      timestampHeader: 'X-Time',
      idHeader: 'X-Id',
      signed: ({ id, timestamp, body }) => [id, '.', timestamp, '.', body],
    }),
    ['x-sig', 'x-time', 'x-id'],
  ],
  [jwt({ secrets: [{ alg: 'HS256', key: SHARED }], issuer: 'us' }), ['authorization']],
  [
    httpMessageSignatures({ secrets: [{ keyId: 'k', algorithm: 'hmac-sha256', key: SHARED }] }),
    ['signature', 'signature-input', 'content-digest', 'webhook-id'],
  ],
];

const signable = { id: 'msg_1', timestampMs: 1_700_000_000_000, to: TO, method: 'POST', body: new Uint8Array(2) };

describe.each(SCHEMES)('%o', (scheme, names) => {
  it('sends these headers', async () => {
    const headers = await scheme.sign({ ...signable, headers: { 'content-type': 'text/plain' } });
    expect(Object.keys(headers).sort()).toEqual([...names].sort());
  });

  it.each(names.flatMap((name) => [name, name.toUpperCase()]))('refuses a callback with its own %s', async (name) => {
    const headers = { 'x-other': '1', [name]: 'own' };
    const refused = {
      code: 'invalid-callback',
      message: `headers must not hold ${name.toLowerCase()}, which the signature scheme sends`,
    };
    expect(() => scheme.check?.({ ...({} as Delivery), id: 'msg_1', to: TO, headers })).toThrow(expect.objectContaining(refused));
    expect(() => scheme.sign({ ...signable, headers })).toThrow(expect.objectContaining(refused));
    const { ringback, transport } = ring([], { signature: scheme });
    await expect(ringback.enqueue({ to: TO, headers })).rejects.toMatchObject(refused);
    expect(transport.sentCount).toBe(0);
  });
});
