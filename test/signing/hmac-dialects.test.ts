import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { github, type HmacOptions, hmac, type SignatureScheme, stripe } from '../../src/signing/index.js';
import { BODY, ID, OTHER_SECRET, received, refusal, SECRET, SIGNED_AT_MS, signed, URL_SIGNED } from './hmac-messages.js';

const digest = (encoding: 'hex' | 'base64' | 'base64url', ...parts: (string | Uint8Array)[]): string => {
  const by = createHmac('sha256', SECRET);
  for (const part of parts) by.update(part);
  return by.digest(encoding);
};

const SECONDS = String(SIGNED_AT_MS / 1000);

/** The dialects that `docs/signing/hmac.md` shows, and what each must send. */
const SHOWN: readonly (readonly [string, HmacOptions, Readonly<Record<string, string>>])[] = [
  [
    'Shopify: the body in base64',
    { secrets: [SECRET], header: 'X-Shopify-Hmac-SHA256', encoding: 'base64', idHeader: 'X-Shopify-Webhook-Id' },
    { 'x-shopify-hmac-sha256': digest('base64', BODY), 'x-shopify-webhook-id': ID },
  ],
  [
    'Slack: a version and a timestamp before the body',
    {
      secrets: [SECRET],
      header: 'x-slack-signature',
      format: 'v0={signature}',
      timestampHeader: 'x-slack-request-timestamp',
      signed: ({ timestamp, body }) => ['v0:', timestamp, ':', body],
    },
    {
      'x-slack-signature': `v0=${digest('hex', `v0:${SECONDS}:`, BODY)}`,
      'x-slack-request-timestamp': SECONDS,
    },
  ],
  [
    'like Stripe: the timestamp beside the signature',
    {
      secrets: [SECRET],
      header: 'paddle-signature',
      format: 'ts={timestamp};h1={signature}',
      separator: ';',
      signed: ({ timestamp, body }) => [timestamp, ':', body],
    },
    { 'paddle-signature': `ts=${SECONDS};h1=${digest('hex', `${SECONDS}:`, BODY)}` },
  ],
  [
    'method, path and body',
    {
      secrets: [SECRET],
      header: 'x-partner-signature',
      timestampHeader: 'x-partner-timestamp',
      signed: ({ timestamp, method, path, body }) => [`${timestamp}\n${method}\n${path}\n`, body],
    },
    {
      'x-partner-signature': digest('hex', `${SECONDS}\nPOST\n/hooks?tenant=1\n`, BODY),
      'x-partner-timestamp': SECONDS,
    },
  ],
  [
    'Square: the whole URL and the body',
    {
      secrets: [SECRET],
      header: 'x-square-hmacsha256-signature',
      encoding: 'base64',
      signed: ({ url, body }) => [url, body],
    },
    { 'x-square-hmacsha256-signature': digest('base64', URL_SIGNED, BODY) },
  ],
];

describe('the dialects that the page shows', () => {
  it.each(SHOWN)('%s', (_title, options, headers) => {
    const scheme = hmac(options);
    expect(signed(scheme)).toEqual(headers);
    expect(refusal(received(scheme, { url: URL_SIGNED }), scheme)).toBe('no error');
    expect(refusal(received(hmac({ ...options, secrets: [OTHER_SECRET] }), { url: URL_SIGNED }), scheme)).toBe(
      'invalid-signature',
    );
  });

  it("Slack's own example verifies", () => {
    const slack = hmac({ ...(SHOWN[1]?.[1] as HmacOptions), secrets: ['8f742231b10e8888abcd99yyyzzz85a5'] });
    const body = Buffer.from(
      'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar' +
        '&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com' +
        '%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN' +
        '&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c',
    );
    const headers = {
      'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
      'x-slack-request-timestamp': '1531420618',
    };
    expect(slack.verify({ headers, body, nowMs: 1_531_420_618_000 })).toEqual({ timestampMs: 1_531_420_618_000 });
  });

  it('what github and stripe sign, hmac can be told to sign', () => {
    const asGithub = hmac({
      secrets: [SECRET],
      header: 'x-hub-signature-256',
      format: 'sha256={signature}',
      idHeader: 'x-github-delivery',
    });
    expect(signed(asGithub)).toEqual(signed(github({ secrets: [SECRET] })));
    const asStripe = hmac({
      secrets: [SECRET, OTHER_SECRET],
      header: 'stripe-signature',
      format: 't={timestamp},v1={signature}',
      separator: ',',
      signed: ({ timestamp, body }) => [timestamp, '.', body],
    });
    expect(signed(asStripe)).toEqual(signed(stripe({ secrets: [SECRET, OTHER_SECRET] })));
  });
});

describe('algorithms and encodings', () => {
  const settings = (['sha256', 'sha384', 'sha512'] as const).flatMap((algorithm) =>
    (['hex', 'base64', 'base64url'] as const).map((encoding) => ({ algorithm, encoding })),
  );

  it.each(settings)('$algorithm in $encoding is signed as node:crypto has it, and verified', ({ algorithm, encoding }) => {
    const scheme: SignatureScheme = hmac({ secrets: [SECRET], header: 'x-signature', algorithm, encoding });
    expect(signed(scheme)).toEqual({ 'x-signature': createHmac(algorithm, SECRET).update(BODY).digest(encoding) });
    expect(refusal(received(scheme), scheme)).toBe('no error');
  });
});
