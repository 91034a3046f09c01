import { generateKeyPairSync } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { createRingback, type SignatureScheme } from '../../../src/index.js';
import { jwt, standardWebhooks } from '../../../src/signing/index.js';
import { smtp } from '../../../src/transports/smtp/index.js';
import { attempt, FROM, header, MAIL, messageTo, partsOf, type ReadMail, readMail } from './mail.js';
import { mailServer } from './mail-server.js';

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

const TO = 'mailto:ann@customer.example';
const secret = (letter: string): string => `whsec_${Buffer.alloc(24, letter).toString('base64')}`;

/** What a callback signed by this scheme comes to in a mailbox. */
async function received(signature: SignatureScheme, withSignature = true): Promise<{ mail: ReadMail; raw: string }> {
  const server = await mailServer();
  const transport = smtp({ server: { host: '127.0.0.1', port: server.port }, from: FROM, signature: withSignature });
  const ringback = createRingback({ transports: [transport], signature });
  opened.push(
    () => server.close(),
    () => ringback.close(),
  );
  await ringback.deliver({ to: TO, id: 'msg_1', data: MAIL, headers: { 'x-ticket': '42' } });
  const raw = server.mails[0]?.raw ?? '';
  return { mail: readMail(raw), raw };
}

const signedBytes = (mail: ReadMail): Buffer => {
  const part = partsOf(mail).find((one) => header(one, 'content-disposition')?.includes('callback.json'));
  return Buffer.from(part?.body ?? '', 'base64');
};

describe('the signature', () => {
  it('comes with the bytes that it vouches for, when it is asked for, and verifies', async () => {
    // Four secrets: a value much longer than the line at which mails are folded.
    const scheme = standardWebhooks({ secrets: ['a', 'b', 'c', 'd'].map(secret) });
    const { mail, raw } = await received(scheme);
    const body = signedBytes(mail);
    expect(JSON.parse(body.toString())).toEqual(MAIL);
    const verified = await scheme.verify({ headers: Object.fromEntries(mail.headers), body, nowMs: Date.now() });
    expect(verified).toMatchObject({ id: 'msg_1' });
    expect(raw).toMatch(/Webhook-Signature:(\r\n)? v1,\S+\r\n v1,/);
    expect(header(mail, 'x-ticket')).toBe('42');
  });

  it('does not verify over other bytes', async () => {
    const scheme = standardWebhooks({ secrets: [secret('a')] });
    const { mail } = await received(scheme);
    const message = { headers: Object.fromEntries(mail.headers), body: Buffer.from('{}'), nowMs: Date.now() };
    await expect(async () => scheme.verify(message)).rejects.toMatchObject({ code: 'invalid-signature' });
  });

  it('stays away unless it is asked for, and so do the bytes', async () => {
    const { mail } = await received(standardWebhooks({ secrets: [secret('a')] }), false);
    expect(mail.headers.filter(([name]) => name.startsWith('webhook-'))).toEqual([]);
    expect(mail.body).toBe('It is paid.\r\n');
    expect(header(mail, 'x-ticket')).toBe('42');
  });

  it('is refused where a mail can not carry it in one piece', async () => {
    const server = await mailServer();
    const transport = smtp({ server: { host: '127.0.0.1', port: server.port }, from: FROM, signature: true });
    opened.push(
      () => server.close(),
      () => transport.close?.(),
    );
    const send = (value: string) => transport.send(messageTo(TO, { signed: { authorization: value } }), attempt());
    await expect(send(`Bearer ${'x'.repeat(999)}`)).rejects.toMatchObject({ code: 'invalid-callback' });
    expect((await send(`Bearer ${'x'.repeat(900)}`)).outcome.kind).toBe('delivered');
    const folded = Array.from({ length: 99 }, () => 'x'.repeat(80)).join(' ');
    expect((await send(folded)).outcome.kind).toBe('delivered');
    const values = server.mails.map(({ raw }) => header(readMail(raw), 'authorization'));
    expect(values).toEqual([`Bearer ${'x'.repeat(900)}`, folded]);
  });

  it('comes with bytes of any kind, which open no structure of their own', async () => {
    const server = await mailServer();
    const transport = smtp({ server: { host: '127.0.0.1', port: server.port }, from: FROM, signature: true, render: () => MAIL });
    opened.push(
      () => server.close(),
      () => transport.close?.(),
    );
    for (const contentType of ['multipart/mixed; boundary=x', 'message/rfc822', 'text/csv', 'nonsense']) {
      const body = Buffer.from('--x\r\n\r\nhello\r\n--x--');
      await transport.send(messageTo(TO, { body, contentType }), attempt());
      const part = partsOf(readMail(server.mails.at(-1)?.raw ?? '')).at(-1);
      expect(header(part as ReadMail, 'content-type')).toBe(
        `${contentType === 'text/csv' ? contentType : 'application/octet-stream'}; name=callback.bin`,
      );
      expect(Buffer.from(part?.body ?? '', 'base64')).toEqual(body);
    }
  });

  it('verifies as a token', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const issuer = 'https://sender.example';
    const { mail } = await received(jwt({ issuer, secrets: [{ alg: 'RS256', key: privateKey, kid: 'k1' }] }));
    const receiver = jwt({ issuer, secrets: [{ alg: 'RS256', key: publicKey, kid: 'k1' }] });
    const headers = Object.fromEntries(mail.headers);
    const message = { headers, body: signedBytes(mail), nowMs: Date.now(), method: 'POST', url: TO };
    expect(await receiver.verify(message)).toMatchObject({ id: 'msg_1' });
  });
});
