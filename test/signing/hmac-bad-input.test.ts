import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReceivedMessage } from '../../src/signing/index.js';
import {
  BODY,
  DIALECTS,
  type Dialect,
  ID,
  received,
  refusal,
  SECRET,
  SIGNED_AT_MS,
  signatureOf,
  signed,
  TEXT,
  withHeader,
} from './hmac-messages.js';
import { codeOf } from './refusal-code.js';

/** Every way in which a message is bad ends in this error, and its message shows neither the secret nor a signature. */
function expectRefused(message: ReceivedMessage, { scheme }: Dialect): void {
  expect(refusal(message, scheme)).toBe('invalid-signature');
  const shown: string[] = [];
  try {
    scheme.verify(message);
  } catch (error) {
    shown.push(String(error));
  }
  expect(shown.join()).not.toContain(SECRET);
}

const withSignature = (dialect: Dialect, text: string): ReceivedMessage =>
  withHeader(dialect.scheme, dialect.signatureHeader, text);

/** A genuine message with its timestamp in another spelling, wherever the dialect carries it. */
function withTimestamp(dialect: Dialect, text: string): ReceivedMessage | undefined {
  const { scheme, timestampHeader, signatureHeader } = dialect;
  if (timestampHeader !== undefined) return withHeader(scheme, timestampHeader, text);
  const value = signed(scheme)[signatureHeader] as string;
  return value.startsWith('t=') ? withSignature(dialect, value.replace(/^t=\d+/, `t=${text}`)) : undefined;
}

const timed = DIALECTS.filter((dialect) => withTimestamp(dialect, '1') !== undefined);

describe.each(DIALECTS)('bad input to $title', (dialect) => {
  const { scheme, signatureHeader, value, encoding } = dialect;
  const signature = signatureOf(dialect);

  it('a message in its whole is what verifies', () => {
    expect(refusal(received(scheme), scheme)).toBe('no error');
    expect(refusal(withSignature(dialect, value(signature)), scheme)).toBe('no error');
  });

  it('a tampered body', () => {
    for (const text of [`${TEXT} `, TEXT.slice(1), TEXT.replace('1', '2'), ''])
      expectRefused(received(scheme, { body: Buffer.from(text) }), dialect);
  });

  it('a body that is no bytes', () => {
    for (const body of [TEXT, undefined, null, {}, [1, 2]]) expectRefused(received(scheme, { body: body as never }), dialect);
  });

  it('a tampered signature', () => {
    const [first, ...others] = signature;
    expectRefused(withSignature(dialect, value([first === '0' ? '1' : '0', ...others].join(''))), dialect);
  });

  it('a missing signature', () => {
    expectRefused(withHeader(scheme, signatureHeader, undefined), dialect);
    expectRefused(withSignature(dialect, ''), dialect);
    expectRefused(withSignature(dialect, value('')), dialect);
    expectRefused(received(scheme, { headers: null as never }), dialect);
  });

  it('truncated signatures', () => {
    const whole = value(signature);
    for (let length = 0; length < whole.length; length++) expectRefused(withSignature(dialect, whole.slice(0, length)), dialect);
  });

  it('oversized signatures', () => {
    const bytes = Buffer.from(signature, encoding);
    expectRefused(withSignature(dialect, value(Buffer.concat([bytes, Buffer.of(0)]).toString(encoding))), dialect);
    for (const tail of ['0', '00', '=', ' ', ',', ';', '\n', '0'.repeat(10_000), ' '.repeat(1_000_000)])
      expectRefused(withSignature(dialect, value(signature) + tail), dialect);
    for (const separator of [',', ' ', ';']) {
      const many = Array.from({ length: 50 }, () => value(signature)).join(separator);
      expectRefused(withSignature(dialect, many), dialect);
    }
  });

  it('duplicated headers', () => {
    for (const [name, text] of Object.entries(signed(scheme))) {
      // The id that GitHub's dialect sends is not signed, so nobody looks at it.
      if (name === 'x-github-delivery') continue;
      expectRefused(withHeader(scheme, name, [text, text]), dialect);
      expectRefused(withHeader(scheme, name.toUpperCase(), text), dialect);
      expectRefused(withHeader(scheme, name, `${text}, ${text}`), dialect);
    }
  });

  it('duplicated headers, joined by the platform', () => {
    for (const [name, text] of Object.entries(signed(scheme))) {
      if (name === 'x-github-delivery') continue;
      const headers = new Headers(received(scheme).headers as Record<string, string>);
      headers.append(name, text);
      expectRefused(received(scheme, { headers }), dialect);
    }
  });

  it('other encodings', () => {
    const bytes = Buffer.from(signature, encoding);
    for (const other of ['hex', 'base64', 'base64url', 'latin1'] as const) {
      if (other !== encoding) expectRefused(withSignature(dialect, value(bytes.toString(other))), dialect);
    }
    expectRefused(withSignature(dialect, value(bytes.toString(encoding).toUpperCase())), dialect);
    expectRefused(withSignature(dialect, value(signature).toUpperCase()), dialect);
    for (const text of [` ${value(signature)}`, `"${value(signature)}"`, `${value(signature)}\u0000`, `\t${value(signature)}`])
      expectRefused(withSignature(dialect, text), dialect);
  });

  it('bodies that are no UTF-8 verify byte for byte, and as nothing else', () => {
    const body = Uint8Array.of(0xff, 0xfe, 0x00, 0xc3, 0x28);
    const headers = { ...(received(scheme).headers as Record<string, string>), ...signed(scheme, { body }) };
    expect(refusal(received(scheme, { headers, body }), scheme)).toBe('no error');
    expectRefused(received(scheme, { headers, body: Buffer.from(Buffer.from(body).toString('utf8')) }), dialect);
    expectRefused(received(scheme, { headers, body: Uint8Array.of(0xfe, 0xff, 0x00, 0xc3, 0x28) }), dialect);
  });

  it('empty bodies verify, and only as such', () => {
    const body = new Uint8Array();
    const headers = { ...(received(scheme).headers as Record<string, string>), ...signed(scheme, { body }) };
    expect(refusal(received(scheme, { headers, body }), scheme)).toBe('no error');
    expectRefused(received(scheme, { headers, body: Uint8Array.of(0) }), dialect);
  });
});

describe.each(timed)('timestamps of $title', (dialect) => {
  const { scheme } = dialect;
  const withText = (text: string): ReceivedMessage => withTimestamp(dialect, text) as ReceivedMessage;

  it('a tampered timestamp', () => {
    expect(refusal(withText(String(SIGNED_AT_MS / 1000)), scheme)).toBe('no error');
    expectRefused(withText(String(SIGNED_AT_MS / 1000 + 1)), dialect);
  });

  it('a timestamp "<n>abc"', () => expectRefused(withText(`${SIGNED_AT_MS / 1000}abc`), dialect));

  it('a negative timestamp', () => expectRefused(withText(`-${SIGNED_AT_MS / 1000}`), dialect));

  it('timestamps in every other spelling of a number', () => {
    const spellings = ['1614265330.0', '1.61426533e9', '0x6037bbf2', ' 1614265330', '01614265330', '+1614265330', '', '٠'];
    for (const text of [...spellings, 'Infinity', '9'.repeat(12), '9'.repeat(400)]) expectRefused(withText(text), dialect);
  });

  it('a timestamp far in the future, genuinely signed, is stale', () => {
    for (const timestampMs of [SIGNED_AT_MS + 301_000, SIGNED_AT_MS + 31_536_000_000, 99_999_999_999_000]) {
      const headers = { ...(received(scheme).headers as Record<string, string>), ...signed(scheme, { timestampMs }) };
      expect(refusal(received(scheme, { headers }), scheme)).toBe('stale-signature');
    }
  });

  it('takes timestamps up to the tolerance, both ways, and none beyond', () => {
    for (const nowMs of [SIGNED_AT_MS - 300_000, SIGNED_AT_MS + 300_000])
      expect(refusal(received(scheme, { nowMs }), scheme)).toBe('no error');
    for (const nowMs of [SIGNED_AT_MS - 300_001, SIGNED_AT_MS + 300_001, Number.NaN, Number.POSITIVE_INFINITY])
      expect(refusal(received(scheme, { nowMs }), scheme)).toBe('stale-signature');
  });

  it('names the header that carries it', () => {
    const { timestampHeader, signatureHeader } = dialect;
    const carrier = timestampHeader ?? signatureHeader;
    expect(() => scheme.verify(withText('01614265330'))).toThrow(`${carrier} must be unix seconds in plain decimal`);
    expect(() => scheme.verify(received(scheme, { nowMs: 0 }))).toThrow(`${carrier} is more than 300000 ms away from now`);
  });

  it('calls an old message stale only if it was genuine', () => {
    expectRefused(received(scheme, { nowMs: 0, body: Buffer.from('{}') }), dialect);
  });
});

describe.each(DIALECTS.filter(({ idHeader }) => idHeader !== undefined))('ids of $title', (dialect) => {
  const { scheme, idHeader = '' } = dialect;

  it('a tampered id', () => {
    expectRefused(withHeader(scheme, idHeader, `${ID}x`), dialect);
    expectRefused(withHeader(scheme, idHeader, ID.toLowerCase()), dialect);
    expectRefused(withHeader(scheme, idHeader, undefined), dialect);
  });

  it('ids of 300 characters, with separators, unicode, line breaks', () => {
    const ids = ['k'.repeat(300), 'a.b', 'a:b', 'a b', 'a\tb', 'schlüssel', '鍵', 'a\r\nb', 'a\u0000b', '\u007f', ''];
    for (const id of ids) {
      expectRefused(withHeader(scheme, idHeader, id), dialect);
      expect(codeOf(() => signed(scheme, { id }))).toBe('invalid-callback');
      expect(codeOf(() => scheme.check?.({ id, to: 'https://customer.example/' } as never))).toBe('invalid-callback');
    }
  });
});

const mutation = fc.record({
  part: fc.nat(),
  kind: fc.constantFrom('replace', 'insert', 'delete', 'swap', 'repeat'),
  at: fc.nat(),
  byte: fc.integer({ min: 0, max: 255 }),
});

function mutated(bytes: Uint8Array, kind: string, at: number, byte: number): Uint8Array {
  const list = [...bytes];
  const index = list.length === 0 ? 0 : at % list.length;
  if (kind === 'insert') list.splice(index, 0, byte);
  else if (kind === 'delete') list.splice(index, 1);
  else if (kind === 'repeat') list.push(...list);
  else if (kind === 'swap') [list[0], list[index]] = [list[index] ?? 0, list[0] ?? 0];
  else list[index] = byte;
  return Uint8Array.from(list);
}

describe.each(DIALECTS)('a fuzz of verify of $title', ({ scheme }) => {
  it('mutated valid messages never verify, and nothing throws anything but a RingbackError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), mutation, (body, { part, kind, at, byte }) => {
        const headers = signed(scheme, { body });
        const proven = Object.keys(headers).filter((name) => name !== 'x-github-delivery');
        const changed: Record<string, string> = { 'content-type': 'application/json', ...headers };
        const name = [...proven, undefined][part % (proven.length + 1)];
        let changedBody: Uint8Array = body;
        if (name === undefined) changedBody = mutated(body, kind, at, byte);
        else changed[name] = Buffer.from(mutated(Buffer.from(headers[name] ?? ''), kind, at, byte)).toString('latin1');
        const isSame = Buffer.compare(body, changedBody) === 0 && proven.every((each) => headers[each] === changed[each]);
        const code = refusal(received(scheme, { headers: changed, body: changedBody }), scheme);
        expect(code === 'no error').toBe(isSame);
      }),
      { numRuns: 10_000 },
    );
  });

  it('what was made up never verifies, and nothing throws anything but a RingbackError', () => {
    const names = Object.keys(signed(scheme));
    const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom(...Object.values(signed(scheme))));
    const value = fc.option(fc.oneof(text, fc.array(text), fc.anything()), { nil: undefined });
    const headers = fc.oneof(fc.record(Object.fromEntries(names.map((name) => [name, value]))), fc.anything());
    const body = fc.oneof(fc.uint8Array(), fc.anything());
    fc.assert(
      fc.property(headers, body, fc.double(), fc.anything(), fc.anything(), (made, someBody, nowMs, method, url) => {
        fc.pre(!(someBody instanceof Uint8Array && Buffer.compare(someBody, BODY) === 0));
        const message = { headers: made, body: someBody, nowMs, method, url } as never;
        expect(refusal(message, scheme)).not.toBe('no error');
      }),
      { numRuns: 10_000 },
    );
  });
});
