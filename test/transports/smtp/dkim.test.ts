import { createHash, createVerify, generateKeyPairSync } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { smtp } from '../../../src/transports/smtp/index.js';
import { attempt, FROM, header, messageTo, readMail } from './mail.js';
import { mailServer } from './mail-server.js';

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

/** RFC 6376 §3.4.2 and §3.4.4, as a receiver applies them. */
const relaxedHeader = (line: string): string => {
  const colon = line.indexOf(':');
  const value = line
    .slice(colon + 1)
    .replace(/\r\n/g, '')
    .replace(/[ \t]+/g, ' ')
    .trim();
  return `${line.slice(0, colon).trim().toLowerCase()}:${value}`;
};
const relaxedBody = (body: string): string =>
  `${body
    .replace(/[ \t]+/g, ' ')
    .replace(/ \r\n/g, '\r\n')
    .replace(/(\r\n)+$/, '')}\r\n`;

describe('DKIM', () => {
  it('signs mails where the server has a key for it, so that a receiver can verify them', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const server = await mailServer();
    const dkim = {
      domainName: 'company.example',
      keySelector: 'k1',
      privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    };
    const transport = smtp({ server: { host: '127.0.0.1', port: server.port, dkim }, from: FROM });
    opened.push(
      () => server.close(),
      () => transport.close?.(),
    );
    await transport.send(messageTo('mailto:ann@customer.example', { headers: { 'x-ticket': '42' } }), attempt());

    const raw = server.mails[0]?.raw ?? '';
    const { headers, body } = readMail(raw);
    const tags = new Map(
      (header({ headers, body }, 'dkim-signature') ?? '').split(';').map((tag) => {
        const [name = '', ...value] = tag.split('=');
        return [name.trim(), value.join('=').replace(/\s/g, '')] as const;
      }),
    );
    expect(tags.get('d')).toBe('company.example');
    expect(tags.get('s')).toBe('k1');
    expect(tags.get('h')?.toLowerCase().split(':')).toEqual(
      expect.arrayContaining(['from', 'to', 'subject', 'message-id', 'date']),
    );
    expect(tags.get('bh')).toBe(createHash('sha256').update(relaxedBody(body)).digest('base64'));

    const lines = raw.slice(0, raw.indexOf('\r\n\r\n')).split(/\r\n(?![ \t])/);
    const named = (name: string): string | undefined => lines.find((line) => line.toLowerCase().startsWith(`${name}:`));
    const covered = (tags.get('h') ?? '').split(':').flatMap((name) => named(name.toLowerCase()) ?? []);
    const own = relaxedHeader(named('dkim-signature') ?? '').replace(/([ ;]b=)[^;]*$/, '$1');
    const signed = [...covered.map(relaxedHeader), own].join('\r\n');
    expect(
      createVerify('sha256')
        .update(signed)
        .verify(publicKey, tags.get('b') ?? '', 'base64'),
    ).toBe(true);
  });
});
