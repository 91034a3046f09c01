import { describe, expect, it } from 'vitest';
import { claimedComponents } from '../../../src/signing/http-message-signatures/claimed-signatures.js';
import { parseKey } from '../../../src/signing/http-message-signatures/key.js';
import { requestTarget } from '../../../src/signing/http-message-signatures/request-target.js';
import { signatureBase } from '../../../src/signing/http-message-signatures/signature-base.js';
import { parseDictionary } from '../../../src/signing/http-message-signatures/structured-fields.js';
import type { ReceivedMessage } from '../../../src/signing/scheme.js';
import { codeOf } from '../refusal-code.js';
import { BODY, MESSAGE, received, SIGNED_AT_MS, SIGNED_AT_S, schemeOf, TARGET } from './message.js';
import { KEYS } from './rfc9421-appendix-b.js';

const scheme = schemeOf();
const message = received(scheme);
const { headers } = message;
const input = headers['signature-input'] as string;
const signature = headers.signature as string;

const refusal = (changes: Partial<ReceivedMessage>, by = scheme): string => codeOf(() => by.verify({ ...message, ...changes }));

const COVERED = '("@method" "@target-uri" "content-type" "content-digest" "webhook-id")';
const LIST = `${COVERED};created=${SIGNED_AT_S};keyid="test-shared-secret"`;

/** What someone signed who has the key and our code, and writes what they like. What has no base at all is signed as it is. */
function forged(list: string, changed: Record<string, string | readonly string[]> = {}): Partial<ReceivedMessage> {
  const own = { ...headers, ...changed };
  const made = parseKey('key', KEYS.sharedSecret).sign?.(Buffer.from(baseOf(list, own)));
  return { headers: { ...own, 'signature-input': `sig1=${list}`, signature: `sig1=:${made?.toString('base64')}:` } };
}

function baseOf(list: string, own: ReceivedMessage['headers']): string {
  const refuse = (fault: string): never => {
    throw new Error(fault);
  };
  try {
    const member = parseDictionary(`sig1=${list}`)?.get('sig1');
    const target = requestTarget(TARGET);
    if (member === undefined || !('items' in member) || target === undefined) return list;
    return signatureBase(claimedComponents(member), list, { method: 'POST', target, headers: own }, refuse);
  } catch {
    return list;
  }
}

const withHeader = (name: string, value: unknown) => refusal({ headers: { ...headers, [name]: value } as never });

describe('verify refuses as invalid-signature', () => {
  it('nothing of a message that is left alone', () => {
    expect(refusal({})).toBe('no error');
  });

  it.each([
    ['one bit of it flipped', Uint8Array.from(BODY, (byte, index) => (index === 3 ? byte ^ 1 : byte))],
    ['cut short', BODY.subarray(0, -1)],
    ['emptied', new Uint8Array()],
    ['made longer', Buffer.concat([BODY, Buffer.from(' ')])],
  ])('a body that was %s', (_what, body) => {
    expect(refusal({ body })).toBe('invalid-signature');
  });

  it.each([['text'], [undefined], [null], [{}], [[1, 2]], [new ArrayBuffer(4)]])('a body that is no bytes: %j', (body) => {
    expect(refusal({ body: body as never })).toBe('invalid-signature');
  });

  it.each([['PUT'], ['post'], [''], ['POST\n"@path": /'], ['POST '], [7], [null]])('the method %j', (method) => {
    expect(refusal({ method: method as never })).toBe('invalid-signature');
  });

  it.each([
    ['https://customer.example/hooks'],
    ['https://customer.example/hooks?tenant=2'],
    ['https://customer.example/Hooks?tenant=1'],
    ['https://customer.example./hooks?tenant=1'],
    ['https://elsewhere.example/hooks?tenant=1'],
    ['https://customer.example:8443/hooks?tenant=1'],
    ['http://customer.example/hooks?tenant=1'],
    ['https://user@customer.example/hooks?tenant=1'],
    ['ftp://customer.example/hooks?tenant=1'],
    ['//customer.example/hooks?tenant=1'],
    ['https://'],
    [''],
    [`${TARGET}\n`],
    [`https://customer.example/hooks?tenant=1#`.replace('hooks', 'hööks')],
    [7],
    [null],
  ])('the URL %j', (url) => {
    expect(refusal({ url: url as never })).toBe('invalid-signature');
  });

  it.each([[null], [undefined], ['signature: 1'], [7]])('headers that are %j', (none) => {
    expect(refusal({ headers: none as never })).toBe('invalid-signature');
  });

  it.each(['webhook-id', 'content-digest', 'content-type', 'signature-input', 'signature'])('%s that is missing', (name) => {
    expect(withHeader(name, undefined)).toBe('invalid-signature');
  });

  it.each(['webhook-id', 'content-digest', 'content-type', 'signature-input', 'signature'])('%s that came twice', (name) => {
    expect(withHeader(name, [headers[name], headers[name]])).toBe('invalid-signature');
    expect(withHeader(name, `${headers[name]}, ${headers[name]}`)).toBe('invalid-signature');
    expect(withHeader(name.toUpperCase(), headers[name])).toBe('invalid-signature');
  });

  it.each(['webhook-id', 'content-digest', 'content-type', 'signature-input', 'signature'])('%s that is no text', (name) => {
    for (const value of [7, null, {}, Symbol('s'), [Symbol('s')], ['a', Symbol('s')], Buffer.from('a'), () => 1])
      expect(withHeader(name, value)).toBe('invalid-signature');
  });

  it.each(['msg_2', '', 'msg_1 2', 'msg_1\n"@path": /', 'm'.repeat(300), 'müsli', 'msg_1\u0000', 'msg_1,msg_2'])(
    'the id %j',
    (id) => {
      expect(withHeader('webhook-id', id)).toBe('invalid-signature');
    },
  );

  it('a content-type that was added, taken away or changed', () => {
    const without = received(scheme, { headers: {} });
    expect(refusal({ headers: { ...without.headers, 'content-type': 'text/plain' } })).toBe('invalid-signature');
    expect(withHeader('content-type', 'text/plain')).toBe('invalid-signature');
  });
});

describe('content-digest', () => {
  const digest = headers['content-digest'] as string;
  const wrong = `sha-512=:${Buffer.alloc(64).toString('base64')}:`;

  it.each([
    ['of another body', digest.replace(/:./, ':A')],
    ['cut short', digest.slice(0, -2)],
    ['too long', `sha-256=:${'A'.repeat(2_000)}:`],
    ['empty', ''],
    ['in hex', `sha-256=${Buffer.alloc(32).toString('hex')}`],
    ['in base64url', 'sha-256=:_____________________________________w==:'],
    ['without padding', digest.replace('=:', ':').replace(/=:$/, ':')],
    ['of a broken hash only', 'md5=:AAEC:'],
    ['a number', 'sha-256=1'],
    ['a list', 'sha-256=()'],
  ])('that is %s is refused', (_what, value) => {
    expect(withHeader('content-digest', value)).toBe('invalid-signature');
  });

  it('is computed, whatever was signed', () => {
    const holding = (value: string) => refusal(forged(LIST, { 'content-digest': value }));
    expect(holding(digest)).toBe('no error');
    expect(holding(wrong)).toBe('invalid-signature');
    expect(holding('md5=:AAEC:')).toBe('invalid-signature');
    expect(holding('md5=:AAEC:, sha=token')).toBe('invalid-signature');
  });

  it('may hold several, of which all that we know must fit', () => {
    const holding = (value: string | readonly string[]) => refusal(forged(LIST, { 'content-digest': value }));
    expect(holding(`md5=:AAEC:, ${digest}`)).toBe('no error');
    expect(holding(['md5=:AAEC:', digest])).toBe('no error');
    expect(holding(`${digest}, ${wrong}`)).toBe('invalid-signature');
    expect(holding(`${wrong}, ${digest}`)).toBe('invalid-signature');
  });
});

describe('a signature that was truly made is refused', () => {
  it('not where it is as we make them', () => {
    expect(refusal(forged(LIST))).toBe('no error');
    expect(refusal(forged(`${COVERED};keyid="test-shared-secret";nonce="n";created=${SIGNED_AT_S};x=1`))).toBe('no error');
  });

  it.each(['"@method"', '"@target-uri"', '"content-type"', '"content-digest"', '"webhook-id"'])(
    'when it does not cover %s',
    (text) => {
      expect(refusal(forged(LIST.replace(` ${text}`, '').replace(`(${text} `, '(')))).toBe('invalid-signature');
    },
  );

  it.each([
    ['the same twice', '"@method"'],
    ['a query parameter that is not there', '"@query-param";name="other"'],
    ['a query parameter without a name', '"@query-param"'],
    ['a query parameter by a number', '"@query-param";name=1'],
    ['a query parameter of a related request', '"@query-param";name="tenant";req'],
    ['a header that is not there', '"x-missing"'],
    ['a header as a structured field', '"x-kind";sf'],
    ['a member of a header', '"x-kind";key="a"'],
    ['a header as bytes', '"x-kind";bs'],
    ['a trailer', '"x-kind";tr'],
    ['a header of a related request', '"x-kind";req'],
    ['a header in upper case', '"Content-Type"'],
    ['the status', '"@status"'],
    ['itself', '"@signature-params"'],
    ['its own header', '"signature-input"'],
    ['a name that is derived from nothing', '"@body"'],
    ['the empty name', '""'],
    ['a number', '1'],
  ])('when it covers %s', (_what, text) => {
    expect(
      refusal(forged(LIST.replace('("@method"', `("@method" ${text}`), { 'x-kind': 'a=1', '@status': '200', '@body': 'b' })),
    ).toBe('invalid-signature');
  });

  it.each([
    ['it does not say', ''],
    ['1789000000abc', ';created=1789000000abc'],
    ['a negative number', ';created=-1789000000'],
    ['no integer', ';created=1789000000.5'],
    ['a string', ';created="1789000000"'],
    ['with a leading zero', ';created=01789000000'],
    ['two numbers', ';created=1789000000;created=1789000000'],
    ['nothing', ';created'],
    ['beyond all calendars', ';created=999999999999999'],
  ])('when its created is %s', (_what, created) => {
    const list = `${COVERED}${created};keyid="test-shared-secret"`;
    expect(refusal(forged(list))).toBe('invalid-signature');
  });

  it.each(['msg 1', 'm'.repeat(300), '', 'müsli'])('when the id that it covers is %j', (id) => {
    expect(refusal(forged(LIST, { 'webhook-id': id }))).toBe('invalid-signature');
    expect(refusal(forged(LIST, { 'webhook-id': [id, id] }))).toBe('invalid-signature');
  });

  it('when it, or the digest that it covers, is very long', () => {
    expect(refusal(forged(`${LIST};nonce="${'n'.repeat(16_000)}"`))).toBe('no error');
    expect(refusal(forged(`${LIST};nonce="${'n'.repeat(17_000)}"`))).toBe('invalid-signature');
    const digest = (length: number) => `md5=:${'AAAA'.repeat(length / 4)}:, ${headers['content-digest']}`;
    expect(refusal(forged(LIST, { 'content-digest': digest(900) }))).toBe('no error');
    expect(refusal(forged(LIST, { 'content-digest': digest(1_000) }))).toBe('invalid-signature');
  });

  it('as stale when its created is far in the future', () => {
    expect(refusal(forged(LIST.replace(String(SIGNED_AT_S), String(SIGNED_AT_S + 31_536_000))))).toBe('stale-signature');
    expect(refusal(forged(LIST.replace(String(SIGNED_AT_S), '99999999999')))).toBe('stale-signature');
  });

  it.each([['-1'], ['"1"'], ['?0'], ['99999999999999']])('when its expires is %s', (expires) => {
    expect(refusal(forged(`${LIST};expires=${expires}`))).toBe('invalid-signature');
  });

  it('as stale when its expires is past, or was before it began', () => {
    expect(refusal(forged(`${LIST};expires=0`))).toBe('stale-signature');
    expect(refusal(forged(`${LIST};expires=${SIGNED_AT_S}`))).toBe('stale-signature');
  });

  it.each([[''], [';keyid="unknown"'], [';keyid=""'], [';keyid=1'], [';keyid=:AAEC:'], [`;keyid="${'k'.repeat(300)}"`]])(
    'when it names its key by %j',
    (keyid) => {
      expect(refusal(forged(`${COVERED};created=${SIGNED_AT_S}${keyid}`))).toBe('invalid-signature');
    },
  );

  it.each([[';tag="other"'], [';tag=1'], [';alg="ed25519"'], [';alg=1']])('when it says %s', (parameter) => {
    expect(refusal(forged(LIST + parameter))).toBe('invalid-signature');
  });
});

describe('signature-input and signature', () => {
  const bytes = (length: number): string => `sig1=:${Buffer.alloc(length, 1).toString('base64')}:`;

  it.each([
    ['empty', ''],
    ['cut short', signature.slice(0, -3)],
    ['of 31 bytes', bytes(31)],
    ['of 33 bytes', bytes(33)],
    ['of no bytes', 'sig1=::'],
    ['of 10,000 bytes', bytes(10_000)],
    ['of 100,000 bytes', bytes(100_000)],
    ['in hex', `sig1=${Buffer.alloc(32).toString('hex')}`],
    ['in base64url', `sig1=:${'_'.repeat(43)}:`],
    ['a string', 'sig1="AAEC"'],
    ['a list', 'sig1=(:AAEC:)'],
    ['under another label', signature.replace('sig1', 'sig2')],
    ['under two labels', `${signature}, ${signature.replace('sig1', 'sig2')}`],
    ['with spaces around', ` ${signature}`],
  ])('a signature that is %s is refused', (_what, value) => {
    expect(withHeader('signature', value)).toBe('invalid-signature');
  });

  it.each([
    ['empty', ''],
    ['cut short', input.slice(0, -1)],
    ['in no canonical form', input.replace(';created', '; created')],
    ['a string', 'sig1="@method"'],
    ['a string that names its key', 'sig1="@method";keyid="test-shared-secret";created=1789000000'],
    ['of 20,000 characters', `${input};nonce="${'n'.repeat(20_000)}"`],
    ['under another label', input.replace('sig1', 'sig2')],
    ['under two labels', `${input}, ${input.replace('sig1', 'sig2')}`],
  ])('a signature-input that is %s is refused', (_what, value) => {
    expect(withHeader('signature-input', value)).toBe('invalid-signature');
  });

  it.each(['ed25519', 'eccP256', 'rsaPss'] as const)(
    'a signature by %s of any other length is refused, and node:crypto throws nothing',
    (name) => {
      const by = schemeOf({ secrets: [KEYS[name]] });
      const own = received(by);
      for (const length of [0, 1, 31, 32, 63, 64, 65, 70, 71, 72, 255, 256, 257, 4_096]) {
        const other = { ...own.headers, signature: bytes(length) };
        expect(codeOf(() => by.verify({ ...own, headers: other }))).toBe('invalid-signature');
      }
    },
  );

  it('by known keys are tried up to a bound', () => {
    const many = (count: number, text: string) =>
      Array.from({ length: count }, (_, index) => text.replace('sig1', `s${index}`)).join(', ');
    const having = (count: number) =>
      refusal({ headers: { ...headers, 'signature-input': many(count, input), signature: many(count, signature) } });
    expect(having(16)).toBe('no error');
    expect(having(17)).toBe('invalid-signature');
    expect(having(33)).toBe('invalid-signature');
  });

  it('by keys that are not known do not count towards it', () => {
    const others = Array.from({ length: 17 }, (_, index) => `x${index}=("@method");keyid="${index}";created=${SIGNED_AT_S}`);
    const made = others.map((_, index) => `x${index}=:AAEC:`);
    const inputs = [...others, input].join(', ');
    expect(refusal({ headers: { ...headers, 'signature-input': inputs, signature: [...made, signature].join(', ') } })).toBe(
      'no error',
    );
  });
});

describe('bodies of any kind verify', () => {
  it.each([
    ['empty', new Uint8Array()],
    ['no UTF-8', Uint8Array.of(0xff, 0xfe, 0x00, 0x80)],
    ['a view of a larger buffer', new Uint8Array(new ArrayBuffer(64), 7, 9)],
    ['large', new Uint8Array(1_000_000).fill(7)],
  ])('%s', (_what, body) => {
    expect(scheme.verify(received(scheme, { body }))).toEqual({ id: MESSAGE.id, timestampMs: SIGNED_AT_MS });
  });
});
