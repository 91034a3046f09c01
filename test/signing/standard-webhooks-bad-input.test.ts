import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReceivedMessage } from '../../src/signing/index.js';
import { codeOf } from './refusal-code.js';
import {
  BODY,
  by,
  ED25519_VECTOR,
  ID,
  PRIVATE_KEY,
  PUBLIC_KEY,
  received,
  refusal,
  SECRET,
  SIGNED_AT_MS,
  signed,
  TEXT,
  VECTOR,
  withHeader,
  withSignature,
} from './standard-webhooks-messages.js';

const scheme = by(SECRET, PUBLIC_KEY);
const signer = by(SECRET, PRIVATE_KEY);

/** Every way in which a message is bad ends in this error, and its message shows neither secret. */
function expectRefused(message: ReceivedMessage): void {
  expect(refusal(message, scheme)).toBe('invalid-signature');
  for (const secret of [SECRET, PUBLIC_KEY, VECTOR]) expect(() => scheme.verify(message)).not.toThrow(secret.slice(6, 30));
}

describe('bad input', () => {
  it('a tampered body', () => {
    for (const text of [`${TEXT} `, TEXT.slice(1), TEXT.replace('4', '5'), ''])
      expectRefused(received({ body: Buffer.from(text) }));
  });

  it('a tampered header', () => {
    expectRefused(withSignature(VECTOR.replace('g', 'h')));
    expectRefused(withSignature(ED25519_VECTOR.replace('h', 'i')));
  });

  it('a tampered id', () => {
    expectRefused(withHeader('webhook-id', `${ID}x`));
    expectRefused(withHeader('webhook-id', ID.toLowerCase()));
  });

  it('a tampered timestamp', () => {
    expectRefused(withHeader('webhook-timestamp', '1614265331'));
  });

  it('a dot moved from the body into the id', () => {
    expectRefused(received({ headers: { ...signed(signer, { id: 'a', body: Buffer.from('1.b') }), 'webhook-id': 'a.1' } }));
  });

  it('a timestamp moved into the id, and the next from the body, though the signature covers the same bytes', () => {
    const body = Buffer.from(`${SIGNED_AT_MS / 1000}.b`);
    const headers = { ...signed(signer, { id: 'a', body }), 'webhook-id': `a.${SIGNED_AT_MS / 1000}` };
    const moved = received({ headers, body: Buffer.from('b') });
    expectRefused(moved);
    expect(() => scheme.verify(moved)).toThrow('webhook-id must be 1 to 256 visible ASCII characters without a dot');
  });

  it('truncated signatures', () => {
    for (const vector of [VECTOR, ED25519_VECTOR]) {
      for (let length = 0; length < vector.length; length++) expectRefused(withSignature(vector.slice(0, length)));
    }
  });

  it('oversized signatures', () => {
    expectRefused(withSignature(`v1,${Buffer.alloc(33).toString('base64')}`));
    expectRefused(withSignature(`v1a,${Buffer.alloc(65).toString('base64')}`));
    expectRefused(withSignature(`${VECTOR} v9,${'A'.repeat(8_192)}`));
    expectRefused(withSignature(Array.from({ length: 33 }, () => VECTOR).join(' ')));
    expectRefused(withSignature(Array.from({ length: 11 }, () => ED25519_VECTOR).join(' ')));
    expectRefused(withSignature(`${VECTOR} ${' '.repeat(1_000_000)}`));
  });

  it('takes 8,192 characters, 32 signatures and 10 of v1a, and says which of them was too much', () => {
    const filled = `${VECTOR} v9,${'A'.repeat(8_192 - VECTOR.length - ' v9,'.length)}`;
    const many = `${VECTOR}${' v9,A'.repeat(31)}`;
    const costly = Array.from({ length: 10 }, () => ED25519_VECTOR).join(' ');
    for (const text of [filled, many, costly]) expect(refusal(withSignature(text), scheme)).toBe('no error');
    const refused = (text: string) => expect(() => scheme.verify(withSignature(text)));
    refused(`${filled}A`).toThrow('webhook-signature must be at most 8192 characters');
    refused(`${many} v9,A`).toThrow('webhook-signature must hold at most 32 signatures');
    refused(`${costly} ${ED25519_VECTOR}`).toThrow('webhook-signature must hold at most 10 v1a signatures');
    refused(`v1,${Buffer.alloc(31).toString('base64')}`).toThrow('a v1 signature must be the base64 of 32 bytes');
    refused(`v1a,${Buffer.alloc(32).toString('base64')}`).toThrow('a v1a signature must be the base64 of 64 bytes');
    refused('v9,AAAA').toThrow('there are keys for v1 and v1a only');
    refused('v1').toThrow('must be signatures of the form v1,<base64>, separated by single spaces');
    refused(`v1,${Buffer.alloc(32).toString('base64')}`).toThrow('no signature in webhook-signature fits the message');
  });

  it('duplicated headers', () => {
    for (const [name, value] of Object.entries(received().headers) as [string, string][]) {
      expectRefused(withHeader(name, [value, value]));
      expectRefused(withHeader(name.toUpperCase(), value));
      expectRefused(withHeader(name, `${value}, ${value}`));
    }
  });

  it('other encodings', () => {
    const bytes = Buffer.from(VECTOR.slice(3), 'base64');
    for (const encoding of ['hex', 'base64url', 'latin1'] as const)
      expectRefused(withSignature(`v1,${bytes.toString(encoding)}`));
    for (const tail of ['', '==', '=\n', '\u0000']) expectRefused(withSignature(`${VECTOR.slice(0, -1)}${tail}`));
    expectRefused(withSignature(`V1${VECTOR.slice(2)}`));
  });

  it('bodies that are no UTF-8 verify byte for byte, and as nothing else', () => {
    const body = Uint8Array.of(0xff, 0xfe, 0x00, 0xc3, 0x28);
    const headers = signed(signer, { body });
    expect(refusal(received({ headers, body }), scheme)).toBe('no error');
    expectRefused(received({ headers, body: Buffer.from(Buffer.from(body).toString('utf8')) }));
    expectRefused(received({ headers, body: Buffer.from(body).toString('latin1') as never }));
  });

  it('empty bodies verify, and only as such', () => {
    const headers = signed(signer, { body: new Uint8Array() });
    expect(refusal(received({ headers, body: new Uint8Array() }), scheme)).toBe('no error');
    expectRefused(received({ headers, body: Uint8Array.of(0) }));
  });

  it('a timestamp "<n>abc"', () => {
    const message = withHeader('webhook-timestamp', '1614265330abc');
    expectRefused(message);
    expect(() => scheme.verify(message)).toThrow('webhook-timestamp must be unix seconds in plain decimal');
  });

  it('a negative timestamp', () => {
    expectRefused(withHeader('webhook-timestamp', '-1614265330'));
  });

  it('timestamps in every other spelling of a number', () => {
    for (const text of [
      '1614265330.0',
      '1.61426533e9',
      '0x6037bbf2',
      ' 1614265330',
      '+1614265330',
      '١٦١٤٢٦٥٣٣٠',
      'Infinity',
      '',
      '9'.repeat(400),
    ]) {
      expectRefused(withHeader('webhook-timestamp', text));
    }
  });

  it('a timestamp far in the future, genuinely signed, is stale', () => {
    for (const timestampMs of [SIGNED_AT_MS + 301_000, SIGNED_AT_MS + 31_536_000_000, 99_999_999_999_000]) {
      const message = received({ headers: signed(signer, { timestampMs }) });
      expect(refusal(message, scheme)).toBe('stale-signature');
      expect(() => scheme.verify(message)).toThrow('webhook-timestamp is more than 300000 ms away from now');
    }
  });

  it('ids of 300 characters, with separators, unicode, line breaks', () => {
    for (const id of ['k'.repeat(300), 'a.b', 'a b', 'a\tb', 'schlüssel', '鍵', 'a\r\nb', 'a\u0000b', '\u007f', '']) {
      expectRefused(withHeader('webhook-id', id));
      expect(codeOf(() => signed(signer, { id }))).toBe('invalid-callback');
    }
  });
});

describe('a fuzz of verify', () => {
  const mutation = fc.record({
    part: fc.constantFrom('webhook-id', 'webhook-timestamp', 'webhook-signature', 'body'),
    kind: fc.constantFrom('replace', 'insert', 'delete', 'swap', 'repeat'),
    at: fc.nat(),
    by: fc.integer({ min: 0, max: 255 }),
  });

  function mutated(bytes: Uint8Array, { kind, at, by: byte }: { kind: string; at: number; by: number }): Uint8Array {
    const list = [...bytes];
    const index = list.length === 0 ? 0 : at % list.length;
    if (kind === 'insert') list.splice(index, 0, byte);
    else if (kind === 'delete') list.splice(index, 1);
    else if (kind === 'repeat') list.push(...list);
    else if (kind === 'swap') [list[0], list[index]] = [list[index] ?? 0, list[0] ?? 0];
    else list[index] = byte;
    return Uint8Array.from(list);
  }

  it('mutated valid messages never verify, and nothing throws anything but a RingbackError', () => {
    const signers = [by(SECRET), by(PRIVATE_KEY)] as const;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.boolean(), mutation, (body, usesHmac, change) => {
        const headers = signed(usesHmac ? signers[0] : signers[1], { body });
        const changed = { ...headers };
        let changedBody: Uint8Array = body;
        if (change.part === 'body') changedBody = mutated(body, change);
        else changed[change.part] = Buffer.from(mutated(Buffer.from(headers[change.part] ?? ''), change)).toString('latin1');
        const sameBody = Buffer.compare(body, changedBody) === 0;
        const isSame = sameBody && Object.keys(headers).every((name) => headers[name] === changed[name]);
        const code = refusal(received({ headers: changed, body: changedBody }), scheme);
        expect(code === 'no error').toBe(isSame);
      }),
      { numRuns: 10_000 },
    );
  });

  it('what was made up never verifies, and nothing throws anything but a RingbackError', () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom(ID, '1614265330', VECTOR, ED25519_VECTOR));
    const value = fc.option(fc.oneof(text, fc.array(text), fc.anything()), { nil: undefined });
    const headers = fc.oneof(
      fc.record({ 'webhook-id': value, 'webhook-timestamp': value, 'webhook-signature': value }),
      fc.anything(),
    );
    const body = fc.oneof(fc.uint8Array(), fc.anything());
    fc.assert(
      fc.property(headers, body, fc.double(), (made, someBody, nowMs) => {
        const code = refusal({ headers: made as never, body: someBody as never, nowMs }, scheme);
        expect(code).not.toBe('no error');
      }),
      { numRuns: 10_000 },
    );
  });

  it('a message in its whole is what verifies', () => {
    expect(refusal(received({ headers: signed(signer), body: BODY }), scheme)).toBe('no error');
  });
});
