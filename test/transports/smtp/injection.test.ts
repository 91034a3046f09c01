import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isRingbackError, type Transport } from '../../../src/index.js';
import { type Mail, smtp } from '../../../src/transports/smtp/index.js';
import { attempt, FROM, header, messageTo, readMail } from './mail.js';
import { type MailServer, mailServer } from './mail-server.js';

let server: MailServer;
let transport: Transport;
beforeAll(async () => {
  server = await mailServer();
  transport = smtp({ server: { host: '127.0.0.1', port: server.port }, from: FROM, signature: true });
});
afterAll(async () => {
  await transport.close?.();
  await server.close();
});

const TO = 'mailto:ann@customer.example';

/** What attackers put into text that ends in a header or a command. Each names a header, a recipient or a command of its own. */
const ATTACKS: readonly string[] = [
  'x\r\nBcc: eve@evil.example',
  'x\nBcc: eve@evil.example',
  'x\rBcc: eve@evil.example',
  'x\r\n\r\n<p>another body</p>',
  'x\r\n Bcc: eve@evil.example',
  'x\r\n\tBcc: eve@evil.example',
  'x\u0000\r\nBcc: eve@evil.example',
  'x\u000bBcc: eve@evil.example',
  'x\u000cBcc: eve@evil.example',
  'x\u0085Bcc: eve@evil.example',
  'x\u2028Bcc: eve@evil.example',
  'x\u2029Bcc: eve@evil.example',
  'x\u560d\u560aBcc: eve@evil.example',
  'x%0d%0aBcc: eve@evil.example',
  'x=0D=0ABcc: eve@evil.example',
  '=?UTF-8?Q?x=0D=0ABcc:_eve@evil.example?=',
  '=?utf-8?B?eA0KQmNjOiBldmVAZXZpbC5leGFtcGxl?=',
  'x\r\n.\r\nMAIL FROM:<eve@evil.example>',
  'x\r\nRCPT TO:<eve@evil.example>',
  '\r\nBcc: eve@evil.example',
  'x\r\n',
  '"><eve@evil.example>',
  'x" <eve@evil.example>, "y',
  'x, eve@evil.example',
  'x; eve@evil.example',
  'x: eve@evil.example;',
  'x\\" <eve@evil.example>',
  'x\ud800',
  `${'x'.repeat(990)}\r\nBcc: eve@evil.example`,
  `${'x '.repeat(400)}Bcc: eve@evil.example`,
];

type Attack = (text: string) => { data?: Mail; headers?: Record<string, string>; signed?: Record<string, string>; id?: string };

const mail = (more: Partial<Record<keyof Mail, unknown>>): Mail => ({ subject: 's', text: 't', ...more }) as Mail;

/** Every place that a text of a callback's can get into. */
const PLACES: Readonly<Record<string, Attack>> = {
  subject: (text) => ({ data: mail({ subject: text }) }),
  text: (text) => ({ data: mail({ text }) }),
  html: (text) => ({ data: mail({ html: text }) }),
  'replyTo, its name': (text) => ({ data: mail({ replyTo: { name: text, address: 'help@company.example' } }) }),
  'replyTo, its address': (text) => ({ data: mail({ replyTo: `${text}@company.example` }) }),
  'a filename': (text) => ({ data: mail({ attachments: [{ filename: text, content: 'x' }] }) }),
  'a content type': (text) => ({
    data: mail({ attachments: [{ filename: 'a', content: 'x', contentType: `text/plain; a="${text}"` }] }),
  }),
  'a content id': (text) => ({ data: mail({ attachments: [{ filename: 'a', content: 'x', cid: text }] }) }),
  'what is in a file': (text) => ({ data: mail({ attachments: [{ filename: 'a', content: text }] }) }),
  'the value of a header': (text) => ({ headers: { 'x-note': text } }),
  'the name of a header': (text) => ({ headers: { [text]: 'x' } }),
  "the signature's header": (text) => ({ signed: { 'webhook-signature': text } }),
  'the id': (text) => ({ id: text }),
};

/** All that a mail of this test may have. */
const NAMES = new Set([
  'auto-submitted',
  'content-transfer-encoding',
  'content-type',
  'date',
  'from',
  'message-id',
  'mime-version',
  'reply-to',
  'subject',
  'to',
  'webhook-signature',
  'x-note',
]);

describe.each(Object.entries(PLACES))('header injection is impossible by %s', (place, attack) => {
  it.each(ATTACKS.map((text) => [JSON.stringify(text).slice(0, 60), text]))('%s', async (_shown, text) => {
    const before = server.mails.length;
    const sent = await transport
      .send(messageTo(TO, attack(text)), attempt())
      .catch((error: unknown) => (isRingbackError(error) ? error.code : Promise.reject(error)));
    const taken = server.mails.slice(before);
    if (sent === 'invalid-callback') {
      expect(taken).toEqual([]);
      return;
    }
    expect(sent).toMatchObject({ outcome: { kind: 'delivered' } });
    expect(taken).toHaveLength(1);
    expect(taken[0]?.to).toEqual(['ann@customer.example']);
    expect(taken[0]?.from).toBe(FROM);
    const read = readMail(taken[0]?.raw ?? '');
    expect(read.headers.map(([name]) => name).filter((name) => !NAMES.has(name) && name !== text.toLowerCase())).toEqual([]);
    expect(read.headers.filter(([name]) => name === 'to')).toEqual([['to', 'ann@customer.example']]);
    expect(new Set(read.headers.map(([name]) => name)).size).toBe(read.headers.length);
    if (place === 'replyTo, its name') expect(header(read, 'reply-to')).toMatch(/ <help@company\.example>$/);
  });
});

describe('what a callback can make a mail read or claim', () => {
  const refused = async (data: unknown): Promise<unknown> => {
    const before = server.mails.length;
    const error: unknown = await transport.send(messageTo(TO, { data }), attempt()).catch((thrown: unknown) => thrown);
    expect(server.mails.length).toBe(before);
    return (error as { code?: unknown }).code;
  };

  it.each<[string, unknown]>([
    ['a path', { attachments: [{ filename: 'a', path: '/etc/passwd' }] }],
    ['a URL', { attachments: [{ filename: 'a', href: 'http://127.0.0.1/' }] }],
    ['a path as content', { attachments: [{ filename: 'a', content: { path: '/etc/passwd' } }] }],
    ['a path as text', { text: { path: '/etc/passwd' } }],
    ['a URL as html', { html: { href: 'http://127.0.0.1/' } }],
    ['a raw mail', { raw: 'From: eve@evil.example\r\n\r\nx' }],
    ['other recipients', { bcc: 'eve@evil.example' }],
    ['another sender', { from: 'ceo@company.example' }],
    ['an envelope', { envelope: { to: 'eve@evil.example' } }],
    ['a calendar event', { icalEvent: 'x' }],
    ['headers', { headers: { bcc: 'eve@evil.example' } }],
    ['a prototype', JSON.parse('{"__proto__":{"bcc":"eve@evil.example"}}')],
    ['a multipart of its own', { attachments: [{ filename: 'a', content: 'x', contentType: 'multipart/mixed; boundary=x' }] }],
    ['a message of its own', { attachments: [{ filename: 'a', content: 'x', contentType: 'message/rfc822' }] }],
    ['base64 that is none', { attachments: [{ filename: 'a', content: '<html>', encoding: 'base64' }] }],
    ['another encoding', { attachments: [{ filename: 'a', content: 'x', encoding: 'hex' }] }],
    ['a file without a name', { attachments: [{ filename: '', content: 'x' }] }],
    ['too many files', { attachments: Array.from({ length: 101 }, () => ({ filename: 'a', content: 'x' })) }],
    ['files that are no list', { attachments: { filename: 'a', content: 'x' } }],
    ['a subject that is no text', { subject: ['a'] }],
    ['neither text nor html', { text: undefined }],
  ])('%s is refused', async (_name, more) => {
    // Not a spread: it would run the setter of __proto__.
    const data: Record<string, unknown> = { subject: 's', text: 't' };
    for (const key of Object.keys(more as object)) {
      Object.defineProperty(data, key, { value: (more as Record<string, unknown>)[key], enumerable: true });
    }
    expect(await refused(data)).toBe('invalid-callback');
  });

  it('a line break in a header is refused, not mended', async () => {
    for (const more of [{ headers: { 'x-note': 'a\r\nb' } }, { signed: { 'x-note': 'a\nb' } }]) {
      const sent = transport.send(messageTo(TO, more), attempt());
      await expect(sent).rejects.toMatchObject({ code: 'invalid-callback' });
    }
  });

  it.each([
    'From',
    'to',
    'CC',
    'Bcc',
    'Sender',
    'Reply-To',
    'Subject',
    'Date',
    'Message-ID',
    'MIME-Version',
    'Auto-Submitted',
    'Return-Path',
    'Received',
    'DKIM-Signature',
    'Content-Transfer-Encoding',
    'Content-Disposition',
    'Resent-To',
  ])("the header %s is the mail's own", async (name) => {
    const sent = transport.send(messageTo(TO, { headers: { [name]: 'eve@evil.example' } }), attempt());
    await expect(sent).rejects.toMatchObject({ code: 'invalid-callback' });
    const bySignature = transport.send(messageTo(TO, { signed: { [name]: 'eve@evil.example' } }), attempt());
    await expect(bySignature).rejects.toMatchObject({ code: 'invalid-callback' });
  });

  it.each([
    'a@b@c.example',
    'a\r\nb@c.example',
    { name: 'x\r\nBcc: eve@evil.example', address: 'a@c.example' },
    { name: 'x', address: 'a@c.example>, <eve@evil.example' },
    'Ann <ann@c.example>',
    undefined,
  ])('the sender %j is refused when the transport is built', (from) => {
    const build = () => smtp({ server: { host: '127.0.0.1' }, from: from as string });
    expect(build).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });

  it('the name of the sender can hold anything on one line', async () => {
    const named = smtp({
      server: { host: '127.0.0.1', port: server.port },
      from: { name: 'Billing, "Ü" <eve@evil.example>', address: FROM },
    });
    await named.send(messageTo(TO), attempt());
    await named.close?.();
    const taken = server.mails.at(-1);
    expect(taken?.from).toBe(FROM);
    expect(header(readMail(taken?.raw ?? ''), 'from')).toMatch(
      /^=\?UTF-8\?[QB]\?[^ <>]+\?=( =\?UTF-8\?[QB]\?[^ <>]+\?=)* <billing@company\.example>$/,
    );
  });
});
