import { generateKeyPairSync } from 'node:crypto';
import { createRingback, isRingbackError, memoryIdempotencyStore } from 'ringback';
import { fetchTransport } from 'ringback/fetch';
import { receiver } from 'ringback/receiver';
import { httpMessageSignatures, jwt, standardWebhooks } from 'ringback/signing';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const TO = 'https://api.example/hooks?a=1';
const bytes = (text) => new TextEncoder().encode(text);
const message = (body = '{"paid":true}') => ({
  id: 'msg_1',
  timestampMs: Date.now(),
  to: TO,
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: bytes(body),
});

/** Signatures by the runtime's cryptography, and both ends of a callback. */
export function signatures({ test, assert }) {
  /** What was signed is taken, and refused with another body. */
  async function holds(scheme) {
    const signed = message();
    const headers = { ...signed.headers, ...(await scheme.sign(signed)) };
    const received = { method: 'POST', url: TO, headers, body: signed.body, nowMs: signed.timestampMs };
    assert.equal((await scheme.verify(received)).id, 'msg_1');
    const error = await (async () => scheme.verify({ ...received, body: bytes('{"paid":false}') }))().catch((thrown) => thrown);
    assert.ok(isRingbackError(error, 'invalid-signature'), String(error));
  }

  test('Standard Webhooks signs the published vector', async () => {
    const scheme = standardWebhooks({ secrets: [SECRET] });
    const vector = { ...message('{"test": 2432232314}'), id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestampMs: 1_614_265_330_000 };
    const headers = await scheme.sign(vector);
    assert.equal(headers['webhook-signature'], 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  test('Standard Webhooks holds by HMAC', () => holds(standardWebhooks({ secrets: [SECRET] })));

  test('HTTP Message Signatures hold by Ed25519', () => {
    const { privateKey } = generateKeyPairSync('ed25519', {
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    return holds(httpMessageSignatures({ secrets: [{ keyId: 'k1', algorithm: 'ed25519', key: privateKey }] }));
  });

  test('JSON Web Tokens hold by HS256', () => holds(jwt({ issuer: 'me', secrets: [{ alg: 'HS256', key: 'A'.repeat(44) }] })));

  test('a callback goes round: signed, fetched, verified, handled once', async () => {
    const signature = standardWebhooks({ secrets: [SECRET] });
    const handled = [];
    const receive = receiver({
      signature,
      store: memoryIdempotencyStore(),
      onCallback: ({ id, json }) => {
        handled.push([id, json()]);
      },
    });
    const transport = fetchTransport({ fetch: (url, init) => receive(new Request(url, init)) });
    const ringback = createRingback({ transports: [transport], signature });
    const callback = { id: 'msg_42', to: TO, data: { id: 'in_42' } };
    const statuses = [await ringback.deliver(callback), await ringback.deliver(callback)].map(({ response }) => response.status);
    assert.deepEqual([statuses, handled], [[204, 204], [['msg_42', { id: 'in_42' }]]]);
    await ringback.close();
  });
}
