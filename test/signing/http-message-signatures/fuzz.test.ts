import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReceivedMessage } from '../../../src/signing/scheme.js';
import { codeOf } from '../refusal-code.js';
import { received, SIGNED_AT_MS, schemeOf } from './message.js';
import { KEYS } from './rfc9421-appendix-b.js';

const components = ['@method', '@target-uri', '@query-param;name="Tenant"', 'content-type', 'x-kind'];
const scheme = schemeOf({ secrets: [KEYS.sharedSecret, KEYS.ed25519], components, expiresAfterMs: 60_000 });
/** Each knows one of the two keys: a change to one signature matters to the one that verifies by it. */
const receivers = [KEYS.sharedSecret, KEYS.ed25519].map((key) => schemeOf({ secrets: [key], components }));

const visible = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/);
const message = fc.record({
  id: fc.stringMatching(/^[!-~]{1,40}$/),
  method: fc.constantFrom('POST', 'PUT', 'DELETE'),
  to: fc.stringMatching(/^[a-z0-9%+&=._~-]{0,20}$/).map((rest) => `https://customer.example/hooks?Tenant=1&r=${rest}`),
  headers: fc.record({ 'content-type': visible, 'x-kind': visible }),
  body: fc.uint8Array({ maxLength: 100 }),
  timestampMs: fc.constant(SIGNED_AT_MS),
});

/** One place in one part: characters there are replaced, put in or taken away. */
const edit = fc.record({ at: fc.nat(), put: fc.string({ unit: 'binary', maxLength: 3 }), take: fc.nat({ max: 3 }) });
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;

const edited = (text: string, { at, put, take }: Edit): string => {
  const start = at % (text.length + 1);
  return text.slice(0, start) + put + text.slice(start + take);
};

const PARTS = [
  'body',
  'method',
  'url',
  'webhook-id',
  'content-digest',
  'content-type',
  'x-kind',
  'signature-input',
  'signature',
] as const;

function changed(genuine: ReturnType<typeof received>, part: (typeof PARTS)[number], change: Edit): ReceivedMessage {
  if (part === 'body')
    return { ...genuine, body: Buffer.from(edited(Buffer.from(genuine.body).toString('latin1'), change), 'latin1') };
  if (part === 'method' || part === 'url') return { ...genuine, [part]: edited(genuine[part] as string, change) };
  return { ...genuine, headers: { ...genuine.headers, [part]: edited(genuine.headers[part] as string, change) } };
}

/** What means the same by RFC 9421: spaces around a value, and a fragment, a host or a scheme in another case. */
function meaning({ method, url = '', headers, body }: ReceivedMessage): unknown {
  const trimmed = Object.entries(headers as Record<string, string>).map(([name, value]) => [
    name,
    name.startsWith('signature') ? members(value) : value.replace(/^[\t ]+|[\t ]+$/g, ''),
  ]);
  const parsed = /^[!-~]+$/.test(url) ? /^(https:\/\/[a-z0-9.:%-]*)(\/[^#]*)/i.exec(url) : null;
  const place = parsed === null ? url : `${URL.parse(parsed[1] as string)?.host}${parsed[2]}`;
  return [method, place, trimmed, Buffer.from(body).toString('hex')];
}

/** Two signatures with whatever may stand between them. */
const members = (text: string): string => text.replace(/[\t ]*,[\t ]*(?=sig2=)/, ', ');

describe('10,000 messages', () => {
  it('that were changed never verify by the signature that was changed, and throw nothing but a RingbackError', () => {
    fc.assert(
      fc.property(message, fc.constantFrom(...PARTS), edit, (fields, part, change) => {
        const genuine = received(scheme, fields);
        const other = changed(genuine, part, change);
        const codes = receivers.map((receiver) => codeOf(() => receiver.verify(other)));
        const same = JSON.stringify(meaning(other)) === JSON.stringify(meaning(genuine));
        if (same) expect(codes).toEqual(['no error', 'no error']);
        // Of two signatures, the one that was left alone may still hold.
        else if (part === 'signature' || part === 'signature-input') expect(codes).toContain('invalid-signature');
        else expect(codes).toEqual(['invalid-signature', 'invalid-signature']);
      }),
      { numRuns: 10_000 },
    );
  }, 120_000);

  it('that were made up never verify, and throw nothing but a RingbackError', () => {
    const value = fc.option(
      fc.oneof(fc.string(), fc.array(fc.string(), { maxLength: 3 }), fc.string({ unit: 'binary' }), fc.anything()),
      { nil: undefined },
    );
    const list = fc.constantFrom('sig1=("@method" "content-digest")', 'sig1=()', 'a=1', 'sig1');
    const parameters = fc.array(
      fc.constantFrom(
        ';created=1789000000',
        ';keyid="test-shared-secret"',
        ';alg="hmac-sha256"',
        ';tag="x"',
        ';created=-1',
        ';expires=0',
      ),
    );
    const input = fc.tuple(list, parameters).map(([start, rest]) => start + rest.join(''));
    const headers = fc.record({
      'webhook-id': value,
      'content-digest': fc.oneof(value, fc.constant('sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:')),
      'signature-input': fc.oneof(value, input),
      signature: fc.oneof(
        value,
        fc.uint8Array().map((bytes) => `sig1=:${Buffer.from(bytes).toString('base64')}:`),
      ),
    });
    const made = fc.record({
      headers,
      body: fc.oneof(fc.constant(new Uint8Array()), fc.uint8Array()),
      method: value,
      url: value,
      nowMs: fc.double(),
    });
    fc.assert(
      fc.property(made, (one) => {
        expect(codeOf(() => schemeOf({ components: ['@method'] }).verify(one as never))).not.toBe('no error');
      }),
      { numRuns: 10_000 },
    );
  }, 120_000);
});
