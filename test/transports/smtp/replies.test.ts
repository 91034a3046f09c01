import { afterEach, describe, expect, it } from 'vitest';
import type { Answer, OutcomeKind } from '../../../src/index.js';
import { type SmtpServer, smtp } from '../../../src/transports/smtp/index.js';
import { attempt, FROM, messageTo } from './mail.js';
import { type Script, type ScriptedServer, type Step, scriptedServer } from './scripted-server.js';

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

async function sentTo(script: Script, settings: Partial<SmtpServer> = {}): Promise<Answer & { server: ScriptedServer }> {
  const server = await scriptedServer(script);
  const transport = smtp({ server: { host: '127.0.0.1', port: server.port, ...settings }, from: FROM });
  opened.push(
    () => server.close(),
    () => transport.close?.(),
  );
  return { ...(await transport.send(messageTo('mailto:ann@customer.example'), attempt())), server };
}

const FLOOR_MS = 300_000;
const ONE_RECIPIENT_STEPS: readonly Step[] = ['MAIL', 'RCPT', 'DATA', 'END'];

/** A reply, the outcome, and whether it waits at least `retryFloorMs`. */
const REPLIES: readonly (readonly [reply: string, kind: OutcomeKind, waits: boolean, code: string])[] = [
  ['421 4.3.2 Shutting down', 'overloaded', true, '421 4.3.2'],
  ['450 4.2.0 Greylisted', 'overloaded', true, '450 4.2.0'],
  ['451 4.7.1 Greylisted', 'overloaded', true, '451 4.7.1'],
  ['452 4.2.2 Over quota', 'overloaded', true, '452 4.2.2'],
  ['454 4.7.0 Throttling failure: Maximum sending rate exceeded', 'overloaded', false, '454 4.7.0'],
  ['432 4.7.12 A password transition is needed', 'failed', false, '432 4.7.12'],
  ['455 Parameters', 'failed', false, '455'],
  ['500 5.5.2 Syntax', 'rejected', false, '500 5.5.2'],
  ['550 5.1.1 <ann@customer.example>: unknown', 'rejected', false, '550 5.1.1'],
  ['552 5.2.2 Mailbox full', 'rejected', false, '552 5.2.2'],
  ['553 Name', 'rejected', false, '553'],
  ['554-5.7.1 Two\r\n554 5.7.1 lines', 'rejected', false, '554 5.7.1'],
  ['556 5.1.10 Null MX', 'rejected', false, '556 5.1.10'],
];

describe('4xx is retried, 5xx rejected, 421/451 and greylisting have a floor on the wait', () => {
  for (const step of ONE_RECIPIENT_STEPS) {
    it.each(REPLIES)(`at ${step}: %s`, async (reply, kind, waits, code) => {
      const { outcome } = await sentTo({ [step]: reply });
      const status = Number(code.slice(0, 3));
      expect(outcome).toMatchObject({ kind, status });
      expect(outcome.retryAfterMs).toBe(waits ? FLOOR_MS : undefined);
      expect(outcome.reason).toMatch(new RegExp(`^answered ${code}( to [A-Z ]+)?$`));
      expect(outcome.reason).not.toContain('ann');
    });
  }

  it('counts a 552 for a recipient as too many recipients, unless it tells of the mailbox', async () => {
    expect((await sentTo({ RCPT: '552 5.5.3 Too many' })).outcome).toMatchObject({ kind: 'overloaded', status: 552 });
    expect((await sentTo({ RCPT: '552 Too many' })).outcome).toMatchObject({ kind: 'overloaded', retryAfterMs: FLOOR_MS });
    expect((await sentTo({ RCPT: '552 5.2.2 Full' })).outcome.kind).toBe('rejected');
    expect((await sentTo({ MAIL: '552 5.3.4 Too large' })).outcome.kind).toBe('rejected');
  });

  it('takes the floor from its option', async () => {
    const server = await scriptedServer({ RCPT: '451 4.7.1 Greylisted' });
    const transport = smtp({ server: { host: '127.0.0.1', port: server.port }, from: FROM, retryFloorMs: 60_000 });
    opened.push(
      () => server.close(),
      () => transport.close?.(),
    );
    const { outcome } = await transport.send(messageTo('mailto:ann@customer.example'), attempt());
    expect(outcome.retryAfterMs).toBe(60_000);
  });
});

describe('before a mail begins', () => {
  const auth = { auth: { user: 'me', pass: 'hunter2-secret' }, requireTLS: false };
  const withAuth = '250-mail.example\r\n250 AUTH PLAIN LOGIN';
  const withTls = '250-mail.example\r\n250 STARTTLS';

  it.each<[string, Script, Partial<SmtpServer>, OutcomeKind, number | undefined]>([
    ['a greeting of 421', { CONNECT: '421 4.3.2 Too busy' }, {}, 'overloaded', 421],
    ['a greeting of 554', { CONNECT: '554 5.7.1 Not you' }, {}, 'rejected', 554],
    ['a greeting that is no SMTP', { CONNECT: 'HTTP/1.1 400 Bad Request' }, {}, 'failed', undefined],
    ['421 to EHLO', { EHLO: '421 4.3.2 Too busy' }, {}, 'overloaded', 421],
    ['5xx to EHLO and HELO', { EHLO: '550 5.7.1 Not you' }, {}, 'rejected', 550],
    ['535 to AUTH', { EHLO: withAuth, AUTH: '535 5.7.8 Wrong' }, auth, 'rejected', 535],
    ['530 to AUTH', { EHLO: withAuth, AUTH: '530 5.7.0 First TLS' }, auth, 'rejected', 530],
    ['454 to AUTH', { EHLO: withAuth, AUTH: '454 4.7.0 Later' }, auth, 'overloaded', 454],
    ['421 to AUTH', { EHLO: withAuth, AUTH: '421 4.7.0 Too many' }, auth, 'overloaded', 421],
    ['454 to STARTTLS', { EHLO: withTls, STARTTLS: '454 4.7.0 Not now' }, {}, 'overloaded', 454],
    ['no STARTTLS where it is required', { STARTTLS: '502 5.5.1 Unknown' }, { requireTLS: true }, 'rejected', 502],
  ])('%s', async (_name, script, settings, kind, status) => {
    const { outcome, server } = await sentTo(script, settings);
    expect(outcome.kind).toBe(kind);
    expect(outcome.status).toBe(status);
    expect(server.mails).toBe(0);
    expect(JSON.stringify(outcome)).not.toContain('hunter2');
  });

  it('names no command where the connection itself was refused', async () => {
    const { outcome } = await sentTo({ CONNECT: '421 4.3.2 Too busy' });
    expect(outcome.reason).toBe('answered 421 4.3.2');
  });

  it('sends no password where STARTTLS is not offered, unless requireTLS is false', async () => {
    const { outcome, server } = await sentTo({ EHLO: withAuth }, { auth: auth.auth });
    expect(outcome.kind).toBe('overloaded'); // the script's STARTTLS answers 454
    expect(server.commands.filter((line) => line.startsWith('AUTH'))).toEqual([]);
  });
});

describe('where the connection breaks', () => {
  const steps: readonly Step[] = ['CONNECT', 'EHLO', 'MAIL', 'RCPT', 'DATA', 'END'];

  it.each(steps)('at %s it has failed, and is tried once only', async (step) => {
    const { outcome, server } = await sentTo({ [step]: 'drop' });
    expect(outcome).toMatchObject({ kind: 'failed' });
    expect(outcome.reason).toMatch(/^connection (closed|reset|broke)/);
    expect(server.commands.filter((line) => line.startsWith('MAIL')).length).toBeLessThanOrEqual(1);
    expect(server.commands.filter((line) => line.startsWith('EHLO')).length).toBeLessThanOrEqual(1);
  });

  it('says in short where nothing listens', async () => {
    const { server } = await sentTo({});
    await server.close();
    const transport = smtp({ server: { host: '127.0.0.1', port: server.port }, from: FROM });
    opened.push(() => transport.close?.());
    const { outcome } = await transport.send(messageTo('mailto:ann@customer.example'), attempt());
    expect(outcome).toEqual({ kind: 'failed', reason: 'connection refused' });
  });

  it('gives up on a reply that never ends', async () => {
    const { outcome } = await sentTo({ EHLO: Array.from({ length: 10_000 }, () => '250-more-and-more').join('\r\n') });
    expect(outcome).toEqual({ kind: 'failed', reason: 'malformed SMTP answer' });
  });
});
