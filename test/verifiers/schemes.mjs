import { standardWebhooks } from 'ringback/signing';

/**
 * The schemes whose pages show verifiers: how we sign, what the verifier is given, and what `secret` is to it.
 * `stale` is false where a scheme carries no time.
 */
const TEXT_SECRET = 'a-shared-secret-of-more-than-32-bytes';
const WEBHOOK_SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

export const SCHEMES = [
  {
    page: 'standard-webhooks.md',
    scheme: standardWebhooks({ secrets: [WEBHOOK_SECRET] }),
    secret: WEBHOOK_SECRET,
    otherSecret: `whsec_${Buffer.alloc(32, 8).toString('base64')}`,
    parameters: ['headers', 'body', 'secret', 'now'],
    stale: true,
  },
];

const SIGNED_AT_MS = 1_789_000_000_000;
const LATE_MS = 3_600_000;

/** What a verifier must take, and what it must refuse. */
export async function casesOf({ scheme, secret, otherSecret = TEXT_SECRET, stale }) {
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
    ...Object.keys(await scheme.sign({ id: 'msg_1', timestampMs: SIGNED_AT_MS, headers: {}, body, ...target })).map((name) => ({
      name: `${name} cut short`,
      expected: 'refused',
      given: given({ headers: { ...headers, [name]: headers[name].slice(0, -3) } }),
    })),
  ];
  if (!stale) return cases;
  const at = (ms) => given({ headers, now: (SIGNED_AT_MS + ms) / 1000 });
  return [
    ...cases,
    { name: 'an old message', expected: 'refused', given: at(LATE_MS) },
    { name: 'a message from the future', expected: 'refused', given: at(-LATE_MS) },
  ];
}
