/** Schemes of ours, each beside the package that others take for it: all sign the same 1 KB, and each verifies what it is told to. */
import { strict as assert } from 'node:assert';
import { createHash, createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import { github, httpMessageSignatures, jwt, type SignatureScheme, standardWebhooks, stripe } from 'ringback/signing';

/** One message signed, and one verified. Some packages do it synchronously, others give promises. */
export interface SignAndVerify {
  sign(): unknown;
  verify(): unknown;
}

export type SchemeMaker = () => SignAndVerify | Promise<SignAndVerify>;

const ID = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
const URL_SIGNED = 'https://customer.example/hooks';
const TEXT = JSON.stringify({ type: 'invoice.paid', data: { id: 'in_42', note: '' } }).replace('""', `"${'x'.repeat(970)}"`);
const BODY = Buffer.from(TEXT);
/** Some packages read the clock by themselves, so the message is as old as the run. */
const NOW_MS = Date.now();
const SECONDS = Math.floor(NOW_MS / 1_000);
const SIGNED_AT = new Date(NOW_MS);

/** Longer than any run. */
const TOLERANCE_SECONDS = 86_400;

const KEY = Buffer.alloc(32, 7);
const WHSEC = `whsec_${KEY.toString('base64')}`;
const TEXT_SECRET = 'a shared secret of 32 bytes, or more';
const ISSUER = 'https://billing.example';
const AUDIENCE = 'https://customer.example';

const SCHEMES = {
  standardWebhooks: standardWebhooks({ secrets: [WHSEC] }),
  stripe: stripe({ secrets: [TEXT_SECRET] }),
  github: github({ secrets: [TEXT_SECRET] }),
  jwt: jwt({ issuer: ISSUER, secrets: [{ alg: 'HS256', key: TEXT_SECRET }] }),
  httpMessageSignatures: httpMessageSignatures({ secrets: [{ keyId: 'k1', algorithm: 'hmac-sha256', key: KEY }] }),
} as const satisfies Record<string, SignatureScheme>;

const MESSAGE = {
  id: ID,
  timestampMs: NOW_MS,
  to: URL_SIGNED,
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: BODY,
};

/** What we sign it with: packages must take it, or the ratios say nothing. */
const headersOf = (scheme: SignatureScheme) => scheme.sign(MESSAGE) as Readonly<Record<string, string>>;

export const bareHmac: SchemeMaker = () => {
  const key = createSecretKey(KEY);
  const mac = createHmac('sha256', key).update(BODY).digest();
  return {
    sign: () => createHmac('sha256', key).update(BODY).digest('base64'),
    verify: () => timingSafeEqual(createHmac('sha256', key).update(BODY).digest(), mac),
  };
};

export const ours =
  (name: keyof typeof SCHEMES): SchemeMaker =>
  () => {
    const scheme: SignatureScheme = SCHEMES[name];
    const headers = { ...MESSAGE.headers, ...headersOf(scheme) };
    const received = { method: 'POST', url: URL_SIGNED, headers, body: BODY, nowMs: NOW_MS };
    return { sign: () => scheme.sign(MESSAGE), verify: () => scheme.verify(received) };
  };

export const standardWebhooksPackage: SchemeMaker = async () => {
  const { Webhook } = await import('standardwebhooks');
  return webhookClass(new Webhook(WHSEC));
};

export const svixPackage: SchemeMaker = async () => {
  const { Webhook } = await import('svix');
  return webhookClass(new Webhook(WHSEC));
};

interface WebhookClass {
  sign(id: string, signedAt: Date, payload: string): string;
  verify(payload: string, headers: Record<string, string>): unknown;
}

function webhookClass(webhook: WebhookClass): SignAndVerify {
  const headers = headersOf(SCHEMES.standardWebhooks);
  const sign = (): string => webhook.sign(ID, SIGNED_AT, TEXT);
  assert.equal(headers['webhook-signature'], sign());
  return { sign, verify: () => webhook.verify(TEXT, headers) };
}

export const stripePackage: SchemeMaker = async () => {
  const { webhooks } = (await import('stripe')).default;
  const header = headersOf(SCHEMES.stripe)['stripe-signature'] as string;
  // Its types want what it computes by itself.
  const sign = (): string =>
    webhooks.generateTestHeaderString({ payload: TEXT, secret: TEXT_SECRET, timestamp: SECONDS } as never);
  assert.equal(header, sign());
  return { sign, verify: () => webhooks.constructEvent(TEXT, header, TEXT_SECRET, TOLERANCE_SECONDS) };
};

export const octokitPackage: SchemeMaker = async () => {
  const { sign, verify } = await import('@octokit/webhooks-methods');
  const header = headersOf(SCHEMES.github)['x-hub-signature-256'] as string;
  assert.equal(header, await sign(TEXT_SECRET, TEXT));
  return { sign: () => sign(TEXT_SECRET, TEXT), verify: () => verify(TEXT_SECRET, TEXT, header) };
};

/** jose knows nothing of the message: its hash is made, and compared, beside it, as our scheme does within. */
export const josePackage: SchemeMaker = async () => {
  const { jwtVerify, SignJWT } = await import('jose');
  const key = new TextEncoder().encode(TEXT_SECRET);
  const bodyHash = (): string => createHash('sha256').update(BODY).digest('base64url');
  const rule = { issuer: ISSUER, audience: AUDIENCE, typ: 'callback+jwt', algorithms: ['HS256'], currentDate: SIGNED_AT };
  const token = (headersOf(SCHEMES.jwt).authorization as string).replace('Bearer ', '');
  const verify = async (): Promise<void> => {
    const { payload } = await jwtVerify(token, key, rule);
    assert.equal(payload.bh, bodyHash());
  };
  await verify();
  const sign = (): Promise<string> =>
    new SignJWT({ htm: 'POST', uri: URL_SIGNED, bh: bodyHash() })
      .setProtectedHeader({ alg: 'HS256', typ: 'callback+jwt' })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setJti(ID)
      .setIssuedAt(SECONDS)
      .setExpirationTime(SECONDS + 60)
      .sign(key);
  return { sign, verify };
};

/** It signs a digest that is there already: that is made, and compared, beside it. */
export const httpMessageSignaturesPackage: SchemeMaker = async () => {
  const { createSigner, createVerifier, httpbis } = await import('http-message-signatures');
  const headers = { ...MESSAGE.headers, ...headersOf(SCHEMES.httpMessageSignatures) };
  const digest = (): string => `sha-256=:${createHash('sha256').update(BODY).digest('base64')}:`;
  const key = createSigner(KEY, 'hmac-sha256', 'k1');
  const fields = ['@method', '@target-uri', 'content-type', 'content-digest', 'webhook-id'];
  const params = ['keyid', 'alg', 'created'];
  const verifier = { id: 'k1', algs: ['hmac-sha256' as const], verify: createVerifier(KEY, 'hmac-sha256') };
  const verify = async (): Promise<void> => {
    const isGenuine = await httpbis.verifyMessage(
      { keyLookup: async () => verifier },
      { method: 'POST', url: URL_SIGNED, headers },
    );
    assert.equal(isGenuine, true);
    assert.equal(headers['content-digest' as never], digest());
  };
  await verify();
  const sign = () => {
    const unsigned = { ...MESSAGE.headers, 'webhook-id': ID, 'content-digest': digest() };
    const config = { key, fields, params, paramValues: { created: SIGNED_AT } };
    return httpbis.signMessage(config, { method: 'POST', url: URL_SIGNED, headers: unsigned });
  };
  return { sign, verify };
};
