import { github, hmac, httpMessageSignatures, jwt, standardWebhooks, stripe } from 'ringback/signing';

const SECRET = 'a-shared-secret-of-more-than-32-bytes';
const OTHER_SECRET = 'another-secret-of-more-than-32-bytes!';
const webhookSecret = (byte) => `whsec_${Buffer.alloc(32, byte).toString('base64')}`;

/**
 * The schemes whose pages show verifiers: how we sign, what `secret` is to the verifier, and which parameters it takes.
 *
 * - `otherSecret`: one that must not fit.
 * - `carriesTime`: false where nothing tells an old message from a new one.
 * - `unsigned`: headers that the scheme sends and no signature covers.
 */
export const SCHEMES = [
  {
    page: 'standard-webhooks.md',
    scheme: standardWebhooks({ secrets: [webhookSecret(7)] }),
    secret: webhookSecret(7),
    otherSecret: webhookSecret(8),
    parameters: ['headers', 'body', 'secret', 'now'],
  },
  { page: 'stripe.md', scheme: stripe({ secrets: [SECRET] }), parameters: ['headers', 'body', 'secret', 'now'] },
  {
    page: 'github.md',
    scheme: github({ secrets: [SECRET] }),
    parameters: ['headers', 'body', 'secret'],
    carriesTime: false,
    unsigned: ['x-github-delivery'],
  },
  {
    page: 'hmac.md',
    scheme: hmac({
      secrets: [SECRET],
      header: 'x-partner-signature',
      format: 'v1={signature}',
      separator: ',',
      timestampHeader: 'x-partner-timestamp',
      idHeader: 'x-partner-id',
      signed: ({ timestamp, id, method, path, body }) => [`${timestamp}\n${id}\n${method}\n${path}\n`, body],
    }),
    parameters: ['method', 'url', 'headers', 'body', 'secret', 'now'],
  },
  {
    page: 'jwt.md',
    scheme: jwt({ issuer: 'https://billing.example', secrets: [{ alg: 'HS256', key: SECRET }] }),
    parameters: ['method', 'url', 'headers', 'body', 'secret', 'now'],
  },
  {
    page: 'http-message-signatures.md',
    scheme: httpMessageSignatures({ secrets: [{ keyId: 'k', algorithm: 'hmac-sha256', key: SECRET }] }),
    parameters: ['method', 'url', 'headers', 'body', 'secret', 'now'],
  },
];

const SIGNED_AT_MS = 1_789_000_000_000;
const LATE_MS = 3_600_000;

/** What a verifier must take, and what it must refuse. */
export async function casesOf({ scheme, secret = SECRET, otherSecret = OTHER_SECRET, carriesTime = true, unsigned = [] }) {
  const body = Buffer.from(JSON.stringify({ type: 'invoice.paid', data: { id: 'in_42', note: 'naïve ☎' } }));
  const target = { to: 'https://customer.example/hooks?tenant=1', method: 'POST' };
  const signed = async (changes = {}) => {
    const message = {
      id: 'msg_1',
      timestampMs: SIGNED_AT_MS,
      headers: { 'content-type': 'application/json' },
      body,
      ...target,
      ...changes,
    };
    return { ...message.headers, ...(await scheme.sign(message)) };
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
  ];
  if (!carriesTime) return cases;
  const at = (ms) => given({ headers, now: (SIGNED_AT_MS + ms) / 1000 });
  return [
    ...cases,
    { name: 'an old message', expected: 'refused', given: at(LATE_MS) },
    { name: 'a message from the future', expected: 'refused', given: at(-LATE_MS) },
  ];
}
