/** What signing and verifying a message of 1 KB costs. A section of the benchmark. */
import { strict as assert } from 'node:assert';
import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import { standardWebhooks } from 'ringback/signing';
import { Webhook } from 'standardwebhooks';
import { BARE_HMAC, REFERENCE_SIGNER, STANDARD_WEBHOOKS } from './figures.ts';
import { type CallMaker, microPlan } from './micro.ts';
import { section } from './section.ts';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const ID = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
const TEXT = JSON.stringify({ type: 'invoice.paid', data: { id: 'in_42', note: '' } }).replace('""', `"${'x'.repeat(970)}"`);
const BODY = Buffer.from(TEXT);
/** The reference library reads the clock by itself, so the message is as old as the run. */
const NOW_MS = Date.now();

const key = createSecretKey(Buffer.alloc(32, 7));
const scheme = standardWebhooks({ secrets: [SECRET] });
const reference = new Webhook(SECRET);
const message = { id: ID, timestampMs: NOW_MS, to: 'https://customer.example/hooks', method: 'POST', headers: {}, body: BODY };
const headers = scheme.sign(message) as Record<string, string>;
const received = { headers, body: BODY, nowMs: NOW_MS };
const signedAt = new Date(NOW_MS);
const mac = createHmac('sha256', key).update(BODY).digest();

/** All of them are synchronous. What two of them make of one message must be the same, or the ratios say nothing. */
const SIGNERS: Readonly<Record<string, CallMaker>> = {
  [BARE_HMAC]: () => () => createHmac('sha256', key).update(BODY).digest('base64'),
  [STANDARD_WEBHOOKS]: () => {
    assert.equal(headers['webhook-signature'], reference.sign(ID, signedAt, TEXT));
    return () => scheme.sign(message);
  },
  [REFERENCE_SIGNER]: () => () => reference.sign(ID, signedAt, TEXT),
};

const VERIFIERS: Readonly<Record<string, CallMaker>> = {
  [BARE_HMAC]: () => () => timingSafeEqual(createHmac('sha256', key).update(BODY).digest(), mac),
  [STANDARD_WEBHOOKS]: () => () => scheme.verify(received),
  [REFERENCE_SIGNER]: () => () => reference.verify(TEXT, headers),
};

await section({ signing: microPlan(SIGNERS), verifying: microPlan(VERIFIERS) });
