import { generateKeyPairSync } from 'node:crypto';
import { github, hmac, httpMessageSignatures, jwt, standardWebhooks, stripe } from 'ringback/signing';

const SECRET = 'a-shared-secret-of-more-than-32-bytes';
const OTHER_SECRET = 'another-secret-of-more-than-32-bytes!';
const pem = { type: 'spki', format: 'pem' };
const ED25519 = generateKeyPairSync('ed25519');
const OTHER_ED25519 = generateKeyPairSync('ed25519').publicKey.export(pem);
const P256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const OTHER_P256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export(pem);
const webhookSecret = (byte) => `whsec_${Buffer.alloc(32, byte).toString('base64')}`;

/** The dialect that hmac.md shows. */
const partner = (...secrets) =>
  hmac({
    secrets,
    header: 'x-partner-signature',
    format: 'v1={signature}',
    separator: ',',
    timestampHeader: 'x-partner-timestamp',
    idHeader: 'x-partner-id',
    signed: ({ timestamp, id, method, path, body }) => [`${timestamp}\n${id}\n${method}\n${path}\n`, body],
  });

/** The HMAC profile of http-message-signatures.md, a key for each secret. */
const messageSignatures = (...secrets) =>
  httpMessageSignatures({ secrets: secrets.map((key, index) => ({ keyId: `k${index}`, algorithm: 'hmac-sha256', key })) });

/**
 * The schemes whose pages show verifiers: how we sign, what `secret` is to the verifier, and which parameters it takes.
 *
 * - `key`: which kind of key, where a page's verifier takes several.
 * - `otherSecret`: one that must not fit.
 * - `rotating`: the scheme amid a rotation, where there is room for several signatures: it signs with the other secret first.
 * - `languages`: those whose verifier takes such a key, where not all do.
 * - `carriesTime`: false where nothing tells an old message from a new one.
 * - `unsigned`: headers that the scheme sends and no signature covers.
 */
export const SCHEMES = [
  {
    page: 'standard-webhooks.md',
    scheme: standardWebhooks({ secrets: [webhookSecret(7)] }),
    rotating: standardWebhooks({ secrets: [webhookSecret(8), webhookSecret(7)] }),
    secret: webhookSecret(7),
    otherSecret: webhookSecret(8),
    parameters: ['headers', 'body', 'secret', 'now'],
  },
  {
    page: 'stripe.md',
    scheme: stripe({ secrets: [SECRET] }),
    rotating: stripe({ secrets: [OTHER_SECRET, SECRET] }),
    parameters: ['headers', 'body', 'secret', 'now'],
  },
  {
    page: 'github.md',
    scheme: github({ secrets: [SECRET] }),
    parameters: ['headers', 'body', 'secret'],
    carriesTime: false,
    unsigned: ['x-github-delivery'],
  },
  {
    page: 'hmac.md',
    scheme: partner(SECRET),
    rotating: partner(OTHER_SECRET, SECRET),
    parameters: ['method', 'url', 'headers', 'body', 'secret', 'now'],
  },
  {
    page: 'jwt.md',
    scheme: jwt({ issuer: 'https://billing.example', secrets: [{ alg: 'HS256', key: SECRET }] }),
    parameters: ['method', 'url', 'headers', 'body', 'secret', 'now'],
  },
  {
    page: 'http-message-signatures.md',
    scheme: messageSignatures(SECRET),
    rotating: messageSignatures(OTHER_SECRET, SECRET),
    parameters: ['method', 'url', 'headers', 'body', 'secret', 'now'],
  },
  {
    page: 'jwt.md',
    key: 'Ed25519',
    scheme: jwt({ issuer: 'https://billing.example', secrets: [{ alg: 'Ed25519', key: ED25519.privateKey }] }),
    secret: ED25519.publicKey.export(pem),
    otherSecret: OTHER_ED25519,
    parameters: ['method', 'url', 'headers', 'body', 'secret', 'now'],
    languages: ['go'],
  },
  {
    page: 'jwt.md',
    key: 'ES256',
    scheme: jwt({ issuer: 'https://billing.example', secrets: [{ alg: 'ES256', key: P256.privateKey }] }),
    secret: P256.publicKey.export(pem),
    otherSecret: OTHER_P256,
    parameters: ['method', 'url', 'headers', 'body', 'secret', 'now'],
    languages: ['go'],
  },
  {
    page: 'http-message-signatures.md',
    key: 'Ed25519',
    scheme: httpMessageSignatures({ secrets: [{ keyId: 'k', algorithm: 'ed25519', key: ED25519.privateKey }] }),
    secret: ED25519.publicKey.export(pem),
    otherSecret: OTHER_ED25519,
    parameters: ['method', 'url', 'headers', 'body', 'secret', 'now'],
    languages: ['go', 'php'],
  },
];

const SIGNED_AT_MS = 1_789_000_000_000;
const LATE_MS = 3_600_000;

/** What a verifier must take, and what it must refuse. */
export async function casesOf(of) {
  const { scheme, rotating, secret = SECRET, otherSecret = OTHER_SECRET, carriesTime = true, unsigned = [] } = of;
  const body = Buffer.from(JSON.stringify({ type: 'invoice.paid', data: { id: 'in_42', note: 'naïve ☎' } }));
  const target = { to: 'https://customer.example/hooks?tenant=1', method: 'POST' };
  const signed = async (changes = {}, by = scheme) => {
    const message = {
      id: 'msg_1',
      timestampMs: SIGNED_AT_MS,
      headers: { 'content-type': 'application/json' },
      body,
      ...target,
      ...changes,
    };
    return { ...message.headers, ...(await by.sign(message)) };
  };
  const given = (changes) => ({
    method: target.method,
    url: target.to,
    body: body.toString('base64'),
    secret,
    now: SIGNED_AT_MS / 1000,
    ...changes,
    headers: Object.fromEntries(Object.entries(changes.headers).map(([name, value]) => [name.toLowerCase(), value])),
  });
  const headers = await signed();
  const signatureHeaders = Object.keys(headers).filter(
    (name) => name !== 'content-type' && !unsigned.includes(name.toLowerCase()),
  );
  const binary = Buffer.from([0, 255, 254, 10, 13, 0]);
  const cases = [
    { name: 'a genuine message', expected: 'ok', given: given({ headers }) },
    {
      name: 'a body that is no UTF-8',
      expected: 'ok',
      given: given({ headers: await signed({ body: binary }), body: binary.toString('base64') }),
    },
    { name: 'an empty body', expected: 'ok', given: given({ headers: await signed({ body: Buffer.alloc(0) }), body: '' }) },
    { name: 'a changed body', expected: 'refused', given: given({ headers, body: Buffer.from(`${body} `).toString('base64') }) },
    { name: 'another secret', expected: 'refused', given: given({ headers, secret: otherSecret }) },
    { name: 'no headers', expected: 'refused', given: given({ headers: {} }) },
    ...signatureHeaders.map((name) => ({
      name: `${name} cut short`,
      expected: 'refused',
      given: given({ headers: { ...headers, [name]: headers[name].slice(0, -3) } }),
    })),
    ...signatureHeaders.map((name) => ({
      name: `${name} with a line break behind it`,
      expected: 'refused',
      given: given({ headers: { ...headers, [name]: `${headers[name]}\n` } }),
    })),
  ];
  if (rotating !== undefined) {
    const headers = await signed({}, rotating);
    cases.push({ name: 'two signatures, of which the second fits', expected: 'ok', given: given({ headers }) });
  }
  if (!carriesTime) return cases;
  const at = (ms) => given({ headers, now: (SIGNED_AT_MS + ms) / 1000 });
  return [
    ...cases,
    { name: 'an old message', expected: 'refused', given: at(LATE_MS) },
    { name: 'a message from the future', expected: 'refused', given: at(-LATE_MS) },
  ];
}
