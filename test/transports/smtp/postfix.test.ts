import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createRingback, type DeliveryError, type Ringback } from '../../../src/index.js';
import { standardWebhooks } from '../../../src/signing/index.js';
import { smtp } from '../../../src/transports/smtp/index.js';
import { serviceUrl } from '../../services.js';
import { header, MAIL, partsOf, type ReadMail, readMail } from './mail.js';

/** A Postfix as `.ci/mail-server` sets it up: its mailboxes, and where they are on this machine. */
const url = await serviceUrl('smtp');
const { hostname: host, port } = new URL(url ?? 'smtp://127.0.0.1:2525');
const maildir = process.env.TEST_MAILDIR ?? '/tmp/ringback-mail/maildir';

const scheme = standardWebhooks({ secrets: [`whsec_${Buffer.alloc(24, 's').toString('base64')}`] });
let mark = 0;
/** An id that no other run had: the mailbox outlives it. */
const newId = (): string => `msg_${process.pid}_${Date.now()}_${mark++}`;

/** The mails in a mailbox with this Message-ID, as Postfix wrote them: lines end by LF there. */
async function mailsOf(user: string, id: string): Promise<{ path: string; mail: ReadMail }[]> {
  const folder = join(maildir, user, 'new');
  const files = await readdir(folder).catch(() => []);
  const mails = await Promise.all(
    files.map(async (file) => {
      const path = join(folder, file);
      return { path, mail: readMail((await readFile(path, 'utf8')).replace(/\n/g, '\r\n')) };
    }),
  );
  return mails.filter(({ mail }) => header(mail, 'message-id') === `<${id}@ringback.example>`);
}

const arrived = (user: string, id: string): Promise<ReadMail> =>
  vi.waitFor(async () => {
    const [found] = await mailsOf(user, id);
    if (found === undefined) throw new Error(`no mail ${id} in the mailbox of ${user}`);
    await rm(found.path);
    return found.mail;
  }, 10_000);

describe.skipIf(url === undefined)('a real Postfix', () => {
  let ringback: Ringback;
  beforeAll(() => {
    const server = { host, port: Number(port), maxConnections: 2 };
    const from = { name: 'Billing', address: 'ann@ringback.example' };
    const transport = smtp({ server, from, signature: true });
    ringback = createRingback({ transports: [transport], signature: scheme });
  });
  afterAll(async () => {
    await ringback?.close();
  });

  const failing = async (to: string, data: unknown = MAIL): Promise<DeliveryError> =>
    (await ringback.deliver({ to, data }).catch((error) => error)) as DeliveryError;

  it('takes a mail, and what is read back from the mailbox is what was sent', async () => {
    const id = newId();
    const data = {
      subject: 'Rechnung für Änne – ✓',
      text: `Grüße\n.\n..\nFrom here\n${'lang '.repeat(500)}\n`,
      html: '<p>Grüße</p>',
      attachments: [
        {
          filename: 'ünvoice.bin',
          content: Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString('base64'),
          encoding: 'base64',
        },
      ],
    };
    const receipt = await ringback.deliver({ to: 'mailto:bob@ringback.example', id, data, headers: { 'X-Ticket': '42' } });
    const told = JSON.parse(new TextDecoder().decode(receipt.response?.body));
    expect(told.reply).toMatch(/^250 2\.0\.0 Ok: queued as \w+$/);

    const mail = await arrived('bob', id);
    expect(header(mail, 'from')).toBe('Billing <ann@ringback.example>');
    expect(header(mail, 'to')).toBe('bob@ringback.example');
    expect(header(mail, 'delivered-to')).toBe('bob@ringback.example');
    expect(header(mail, 'auto-submitted')).toBe('auto-generated');
    expect(header(mail, 'x-ticket')).toBe('42');
    expect(decodedWords(header(mail, 'subject') ?? '')).toBe(data.subject);
    const part = (type: string): ReadMail | undefined =>
      partsOf(mail).find((one) => header(one, 'content-type')?.startsWith(type));
    expect(quotedPrintable(part('text/plain')?.body ?? '')).toBe(data.text.replace(/\n/g, '\r\n'));
    expect([...Buffer.from(part('application/octet-stream')?.body ?? '', 'base64')]).toEqual(
      Array.from({ length: 256 }, (_, byte) => byte),
    );

    const body = Buffer.from(part('application/json')?.body ?? '', 'base64');
    const verified = await scheme.verify({ headers: Object.fromEntries(mail.headers), body, nowMs: Date.now() });
    expect(verified).toMatchObject({ id });
    expect(JSON.parse(body.toString())).toEqual(data);
  });

  it('rejects a mailbox that it does not know, at once and for good', async () => {
    const error = await failing('mailto:nobody@ringback.example');
    expect(error.attempts).toHaveLength(1);
    expect(error.outcome).toEqual({ kind: 'rejected', status: 550, reason: 'answered 550 5.1.1 to RCPT TO' });
  });

  it('rejects what it would have to relay', async () => {
    const error = await failing('mailto:ann@elsewhere.example');
    expect(error.outcome).toEqual({ kind: 'rejected', status: 554, reason: 'answered 554 5.7.1 to RCPT TO' });
  });

  it('puts a greylisted mailbox off, and the wait is longer than a deliver has', async () => {
    const error = await failing('mailto:grey@ringback.example');
    expect(error.outcome).toEqual({
      kind: 'overloaded',
      status: 451,
      reason: 'answered 451 4.7.1 to RCPT TO',
      retryAfterMs: 300_000,
    });
    expect(error.why).toBe('retry-after-too-long');
  });

  it('rejects a mail that is larger than it takes', async () => {
    const error = await failing('mailto:bob@ringback.example', { subject: 'large', text: 'x'.repeat(2_000_000) });
    expect(error.outcome).toMatchObject({ kind: 'rejected', status: 552 });
  });

  it('takes it for those it knows, and says whom it refused', async () => {
    const id = newId();
    const to = 'mailto:bob@ringback.example,grey@ringback.example,nobody@ringback.example,ann@ringback.example';
    const error = (await ringback.deliver({ to, id, data: MAIL }).catch((thrown) => thrown)) as DeliveryError;
    expect(error.outcome.reason).toBe('answered 451 4.7.1 to RCPT TO, 2 of 4 recipients refused');
    expect(JSON.parse(new TextDecoder().decode(error.response?.body)).recipients).toEqual([
      { address: 'bob@ringback.example', status: 250 },
      { address: 'grey@ringback.example', status: 451, enhanced: '4.7.1' },
      { address: 'nobody@ringback.example', status: 550, enhanced: '5.1.1' },
      { address: 'ann@ringback.example', status: 250 },
    ]);
    for (const user of ['bob', 'ann']) expect(header(await arrived(user, id), 'delivered-to')).toBe(`${user}@ringback.example`);
  });

  it('takes many at once over two connections', async () => {
    const ids = Array.from({ length: 20 }, newId);
    await Promise.all(ids.map((id) => ringback.deliver({ to: 'mailto:bob@ringback.example', id, data: MAIL })));
    for (const id of ids) await arrived('bob', id);
  });
});

function quotedPrintable(text: string): string {
  const bytes = text.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}

function decodedWords(text: string): string {
  return text
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?UTF-8\?([QB])\?([^?]*)\?=/g, (_, encoding, word) =>
      encoding === 'B' ? Buffer.from(word, 'base64').toString() : quotedPrintable(word.replaceAll('_', ' ')),
    );
}
