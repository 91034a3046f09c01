import { constants, sign } from 'node:crypto';
import { createSigner, createVerifier, httpbis } from 'http-message-signatures';
import { describe, expect, it } from 'vitest';
import { contentDigest } from '../../../src/signing/http-message-signatures/content-digest.js';
import { MESSAGE, received, SIGNED_AT_MS, schemeOf, TARGET } from './message.js';
import { KEYS, PUBLIC_KEYS } from './rfc9421-appendix-b.js';

/** Another implementation of RFC 9421, by other people, on both ends. */
const PAIRS = [
  { signing: KEYS.sharedSecret, verifying: KEYS.sharedSecret },
  { signing: KEYS.ed25519, verifying: PUBLIC_KEYS.ed25519 },
  { signing: KEYS.eccP256, verifying: PUBLIC_KEYS.eccP256 },
  { signing: KEYS.rsaPss, verifying: PUBLIC_KEYS.rsaPss },
];

const COMPONENTS = ['@method', '@target-uri', '@authority', '@scheme', '@request-target', '@path', '@query', 'content-type'];

/** Its own signer leaves the salt of RSA-PSS to Node, which takes the longest; RFC 9421 §3.3.1 says 64 bytes. */
const signerOf = ({ key, algorithm, keyId }: (typeof PAIRS)[number]['signing']) =>
  algorithm === 'rsa-pss-sha512'
    ? {
        id: keyId,
        alg: algorithm,
        sign: async (base: Buffer) => sign('sha512', base, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 64 }),
      }
    : createSigner(key, algorithm, keyId);

describe.each(PAIRS)('$signing.algorithm beside http-message-signatures', ({ signing, verifying }) => {
  const verifierOf = (key: typeof verifying) => ({
    id: key.keyId,
    algs: [key.algorithm],
    verify: createVerifier(key.key, key.algorithm),
  });
  const verifyMessage = (headers: Record<string, string>) =>
    httpbis.verifyMessage(
      {
        keyLookup: async ({ keyid }) => (keyid === verifying.keyId ? verifierOf(verifying) : null),
        notAfter: SIGNED_AT_MS / 1000,
      },
      { method: 'POST', url: TARGET, headers },
    );

  it.each([[undefined], [COMPONENTS]])('makes what it verifies, covering %j', async (components) => {
    const scheme = schemeOf({ secrets: [signing], ...(components === undefined ? {} : { components }) });
    const headers = received(scheme).headers as Record<string, string>;
    expect(await verifyMessage(headers)).toBe(true);
    await expect(verifyMessage({ ...headers, 'webhook-id': 'msg_2' })).resolves.toBe(false);
  });

  it.each([[undefined], [COMPONENTS]])(
    'verifies what it makes, covering %j',
    async (components = ['@method', '@target-uri', 'content-type']) => {
      const headers = { ...MESSAGE.headers, 'webhook-id': 'msg_1', 'content-digest': contentDigest(MESSAGE.body, 'sha-512') };
      const signed = await httpbis.signMessage(
        {
          key: signerOf(signing),
          fields: [...components, 'content-digest', 'webhook-id'],
          paramValues: { created: new Date(SIGNED_AT_MS) },
          params: ['keyid', 'alg', 'created'],
        },
        { method: 'POST', url: TARGET, headers },
      );
      const scheme = schemeOf({ secrets: [verifying], components });
      expect(
        scheme.verify({ method: 'POST', url: TARGET, headers: signed.headers, body: MESSAGE.body, nowMs: SIGNED_AT_MS }),
      ).toEqual({
        id: 'msg_1',
        timestampMs: SIGNED_AT_MS,
      });
    },
  );
});
