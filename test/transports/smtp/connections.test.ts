import { readFileSync } from 'node:fs';
import { createTransport } from 'nodemailer';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createRingback, type DeliveryError, RingbackError } from '../../../src/index.js';
import { type ComposedMail, type Mail, type MailTransporter, type SmtpServer, smtp } from '../../../src/transports/smtp/index.js';
import { unacceptingPort } from '../unaccepting-port.js';
import { attempt, FROM, MAIL, messageTo } from './mail.js';
import { mailServer } from './mail-server.js';
import { type Script, scriptedServer } from './scripted-server.js';

const opened: (() => unknown)[] = [];
afterEach(async () => {
  vi.doUnmock('nodemailer');
  for (const close of opened.splice(0).reverse()) await close();
});

const TO = 'mailto:ann@customer.example';
const fixture = (name: string): string => readFileSync(new URL(`../http/fixtures/${name}`, import.meta.url), 'utf8');
const [key, cert, expired] = ['localhost-key.pem', 'localhost-cert.pem', 'expired-cert.pem'].map(fixture);

function mailing(port: number, settings: Partial<SmtpServer> = {}) {
  const transport = smtp({ server: { host: '127.0.0.1', port, ...settings }, from: FROM });
  opened.push(() => transport.close?.());
  return transport;
}

async function scripted(script: Script, settings: Partial<SmtpServer> = {}) {
  const server = await scriptedServer(script);
  opened.push(() => server.close());
  return { server, transport: mailing(server.port, settings) };
}

describe('a timeout names its phase', () => {
  // Only the timeout that is meant is short: on a slow machine another phase may take as long.
  const connect = { connectTimeoutMs: 50 };
  const silence = { silenceTimeoutMs: 50 };

  it('connecting', async () => {
    const { port, close } = await unacceptingPort();
    opened.push(close);
    const { outcome } = await mailing(port, connect).send(messageTo(TO), attempt());
    expect(outcome).toEqual({ kind: 'timed-out', reason: 'timed out while connecting' });
  });

  it.each<[string, Script, Partial<SmtpServer>]>([
    ['timed out waiting for the greeting', { CONNECT: 'silence' }, { greetingTimeoutMs: 50 }],
    ['timed out while connecting', { CONNECT: 'silence' }, { ...connect, secure: true }],
    ['timed out in the TLS handshake', { EHLO: '250-a\r\n250 STARTTLS', STARTTLS: '220 Go' }, { greetingTimeoutMs: 500 }],
    ['timed out waiting for an answer', { EHLO: 'silence' }, silence],
    ['timed out waiting for an answer', { MAIL: 'silence' }, silence],
    ['timed out waiting for an answer', { RCPT: 'half' }, silence],
    ['timed out waiting for an answer', { END: 'silence' }, silence],
  ])('%s, at %j', async (reason, script, settings) => {
    const { transport } = await scripted(script, settings);
    const { outcome } = await transport.send(messageTo(TO), attempt());
    expect(outcome).toEqual({ kind: 'timed-out', reason });
  });

  it('also where the attempt runs out of time', async () => {
    const { transport } = await scripted({ END: 'silence' });
    const ringback = createRingback({ transports: [transport], pipeline: { attemptTimeoutMs: 100, retry: false } });
    const error = (await ringback.deliver({ to: TO, data: MAIL }).catch((thrown) => thrown)) as DeliveryError;
    await ringback.close();
    expect(error.outcome).toEqual({ kind: 'timed-out', reason: 'no answer in time: handing the mail to the server' });
  });
});

describe('TLS', () => {
  const tls = { ca: cert, servername: 'localhost' };

  it('is changed over to by STARTTLS where the server offers it, before the login', async () => {
    const logins: unknown[] = [];
    const server = await mailServer({
      key,
      cert,
      disabledCommands: [],
      authOptional: false,
      onAuth: ({ username, password }, session, callback) => {
        logins.push(username, password, String(session.secure));
        callback(null, { user: 'me' });
      },
    });
    opened.push(() => server.close());
    const transport = mailing(server.port, { tls, auth: { user: 'me', pass: 'secret' } });
    expect((await transport.send(messageTo(TO), attempt())).outcome.kind).toBe('delivered');
    expect(logins).toEqual(['me', 'secret', 'true']);
  });

  it('is there from the first byte with secure', async () => {
    const server = await mailServer({ key, cert, secure: true });
    opened.push(() => server.close());
    const { outcome } = await mailing(server.port, { tls, secure: true }).send(messageTo(TO), attempt());
    expect(outcome.kind).toBe('delivered');
  });

  it.each([
    ['certificate self-signed', cert, { servername: 'localhost' }],
    ['certificate expired', expired, { ca: expired, servername: 'localhost' }],
    ['certificate of another host', cert, { ca: cert, servername: 'mail.other.example' }],
  ])('has failed where its %s', async (reason, certificate, settings) => {
    const server = await mailServer({ key, cert: certificate, disabledCommands: [] });
    opened.push(() => server.close());
    const { outcome } = await mailing(server.port, { tls: settings }).send(messageTo(TO), attempt());
    expect(outcome).toEqual({ kind: 'failed', reason });
    expect(server.mails).toEqual([]);
  });
});

describe('the pool', () => {
  it('sends many mails over few connections', async () => {
    const server = await mailServer();
    opened.push(() => server.close());
    const transport = mailing(server.port, { maxConnections: 2 });
    const sends = Array.from({ length: 20 }, (_, index) => transport.send(messageTo(TO, { id: `msg_${index}` }), attempt()));
    expect((await Promise.all(sends)).map(({ outcome }) => outcome.kind)).toEqual(Array.from({ length: 20 }, () => 'delivered'));
    expect(server.mails).toHaveLength(20);
    expect(new Set(server.mails.map(({ session }) => session)).size).toBe(2);
  });

  it('is closed by close, once what runs has ended; the transport takes no more from then on', async () => {
    const { server, transport } = await scripted({});
    const sending = transport.send(messageTo(TO), attempt());
    const closing = transport.close?.();
    await expect(transport.send(messageTo(TO), attempt())).rejects.toMatchObject({ code: 'closed' });
    expect((await sending).outcome.kind).toBe('delivered');
    await closing;
    await vi.waitFor(() => expect(server.sockets.size).toBe(0));
    expect(server.mails).toBe(1);
  });

  it('has nothing to close where nothing was sent', async () => {
    await expect(mailing(1).close?.()).resolves.toBeUndefined();
  });

  it('uses its connection again after a refused mail, and a new one after a broken one', async () => {
    const { server, transport } = await scripted({ RCPT: '550 5.1.1 No' }, { maxConnections: 1 });
    const next = async () => (await transport.send(messageTo(TO), attempt())).outcome.kind;
    expect(await next()).toBe('rejected');
    server.script = {};
    expect(await next()).toBe('delivered');
    expect(server.commands.filter((line) => line.startsWith('EHLO'))).toHaveLength(1);
    server.script = { MAIL: 'drop' };
    expect(await next()).toBe('failed');
    server.script = {};
    expect(await next()).toBe('delivered');
    expect(server.commands.filter((line) => line.startsWith('EHLO'))).toHaveLength(2);
  });
});

describe('an abort', () => {
  it('ends the send at once with its reason, and its connection; the next mail goes out', async () => {
    const { server, transport } = await scripted({ END: 'silence' });
    const controller = new AbortController();
    const sending = transport.send(messageTo(TO), attempt(controller.signal));
    await vi.waitFor(() => expect(server.mails).toBe(1));
    const reason = new RingbackError('cancelled', 'enough');
    controller.abort(reason);
    await expect(sending).rejects.toBe(reason);
    await vi.waitFor(() => expect(server.sockets.size).toBe(0));
    server.script = {};
    expect((await transport.send(messageTo(TO), attempt())).outcome.kind).toBe('delivered');
  });

  it('leaves the line where it still waits for a connection, and the others in it', async () => {
    const { server, transport } = await scripted({ END: 'silence' }, { maxConnections: 1 });
    const first = new AbortController();
    const second = new AbortController();
    const sends = [first, second].map(({ signal }) => transport.send(messageTo(TO), attempt(signal)));
    const third = transport.send(messageTo(TO), attempt());
    await vi.waitFor(() => expect(server.mails).toBe(1));
    second.abort(new Error('second'));
    await expect(sends[1]).rejects.toThrow('second');
    server.script = {};
    first.abort(new Error('first'));
    await expect(sends[0]).rejects.toThrow('first');
    expect((await third).outcome.kind).toBe('delivered');
  });

  it('before the send sends nothing', async () => {
    const { server, transport } = await scripted({});
    await expect(transport.send(messageTo(TO), attempt(AbortSignal.abort(new Error('early'))))).rejects.toThrow('early');
    expect(server.commands).toEqual([]);
  });

  it('while render hangs ends the send at once, and close does not wait for it', async () => {
    const { server } = await scripted({});
    const transport = smtp({ server: { host: '127.0.0.1', port: server.port }, from: FROM, render: () => new Promise(() => {}) });
    const controller = new AbortController();
    const sent = expect(transport.send(messageTo(TO), attempt(controller.signal))).rejects.toThrow('enough');
    controller.abort(new Error('enough'));
    await sent;
    await transport.close?.();
    expect(server.commands).toEqual([]);
  });

  it('while render runs sends nothing', async () => {
    const { server } = await scripted({});
    const controller = new AbortController();
    const transport = smtp({
      server: { host: '127.0.0.1', port: server.port },
      from: FROM,
      render: async () => {
        controller.abort(new Error('meanwhile'));
        return MAIL;
      },
    });
    await expect(transport.send(messageTo(TO), attempt(controller.signal))).rejects.toThrow('meanwhile');
    await transport.close?.();
    expect(server.commands).toEqual([]);
  });

  it('hands nothing to a transporter that knows no signals, neither after render nor while nodemailer is loaded', async () => {
    const sendMail = vi.fn(async () => ({}));
    const rendering = new AbortController();
    const render = (): Mail => {
      rendering.abort(new Error('meanwhile'));
      return MAIL;
    };
    const own = smtp({ transporter: { sendMail }, from: FROM, render });
    await expect(own.send(messageTo(TO), attempt(rendering.signal))).rejects.toThrow('meanwhile');

    const loading = new AbortController();
    vi.doMock('nodemailer', () => ({
      createTransport: () => {
        loading.abort(new Error('while loading'));
        return { sendMail, close: () => {} };
      },
    }));
    await expect(mailing(1).send(messageTo(TO), attempt(loading.signal))).rejects.toThrow('while loading');
    expect(sendMail).not.toHaveBeenCalled();
  });
});

describe('a transporter of your own', () => {
  it.each([true, false])('carries mails, pooled: %s, and stays open after close', async (pool) => {
    const server = await mailServer();
    const options = { host: '127.0.0.1', port: server.port };
    const transporter: MailTransporter & { close(): void } = pool
      ? createTransport({ ...options, pool: true })
      : createTransport(options);
    opened.push(
      () => server.close(),
      () => transporter.close(),
    );
    const transport = smtp({ transporter, from: FROM });
    expect((await transport.send(messageTo(TO), attempt())).outcome.kind).toBe('delivered');
    await transport.close?.();
    await expect(transport.send(messageTo(TO), attempt())).rejects.toMatchObject({ code: 'closed' });
    const other = smtp({ transporter, from: FROM });
    expect((await other.send(messageTo(TO), attempt())).outcome.kind).toBe('delivered');
  });

  it('is given nothing that reads files or URLs, and the recipients apart from what the mail says', async () => {
    const given: ComposedMail[] = [];
    const transporter = { sendMail: async (mail: ComposedMail) => given.push(mail) };
    await smtp({ transporter, from: FROM }).send(messageTo(TO), attempt());
    expect(given).toMatchObject([
      { disableFileAccess: true, disableUrlAccess: true, xMailer: false, envelope: { from: FROM, to: ['ann@customer.example'] } },
    ]);
  });

  it('may throw what nobody knows, which goes on as it is', async () => {
    const mine = new Error('quota of the month is used up');
    const transport = smtp({ transporter: { sendMail: () => Promise.reject(mine) }, from: FROM });
    await expect(transport.send(messageTo(TO), attempt())).rejects.toBe(mine);
  });

  it.each([
    [{ code: 'ECONNRESET' }, 'failed', 'connection reset'],
    [{ code: 'EDNS', originalCode: 'ENOTFOUND' }, 'failed', 'host not found'],
    [{ code: 'EDNS' }, 'failed', 'host not found'],
    [{ code: 'EPROXY' }, 'failed', 'proxy failed'],
    [{ code: 'ECONFIG' }, 'rejected', 'nodemailer refused the mail (ECONFIG)'],
    [{ code: 'EMESSAGE', command: 'MAIL FROM' }, 'rejected', 'nodemailer refused the mail (EMESSAGE)'],
    [
      { code: 'EENVELOPE', responseCode: 451, response: '451 4.7.1 x', command: 'RCPT\r\nTO' },
      'overloaded',
      'answered 451 4.7.1',
    ],
    [{ code: 'EENVELOPE', responseCode: 9_999 }, 'rejected', 'nodemailer refused the mail (EENVELOPE)'],
  ])('may fail as nodemailer does: %j', async (fields, kind, reason) => {
    const transporter = { sendMail: () => Promise.reject(Object.assign(new Error('secret@x.example'), fields)) };
    const { outcome } = await smtp({ transporter, from: FROM }).send(messageTo(TO), attempt());
    expect(outcome).toMatchObject({ kind, reason });
  });
});

describe('without nodemailer', () => {
  it('says how to install it, ends a deliver with one attempt, and finds it once it is there', async () => {
    vi.doMock('nodemailer', () => {
      throw Object.assign(new Error("Cannot find package 'nodemailer'"), { code: 'ERR_MODULE_NOT_FOUND' });
    });
    const server = await mailServer();
    opened.push(() => server.close());
    const transport = mailing(server.port);
    const ringback = createRingback({ transports: [transport] });
    const error = (await ringback.deliver({ to: TO, data: MAIL }).catch((thrown) => thrown)) as DeliveryError;
    expect(error.cause).toMatchObject({ code: 'missing-dependency', message: expect.stringContaining('npm install nodemailer') });
    expect(error.attempts).toHaveLength(1);
    vi.doUnmock('nodemailer');
    expect((await transport.send(messageTo(TO), attempt())).outcome.kind).toBe('delivered');
    await ringback.close();
  });
});
