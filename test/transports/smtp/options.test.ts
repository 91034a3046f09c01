import { describe, expect, it } from 'vitest';
import { isRingbackError } from '../../../src/index.js';
import { type SmtpOptions, smtp } from '../../../src/transports/smtp/index.js';
import { poolOptions } from '../../../src/transports/smtp/server.js';
import { FROM } from './mail.js';

const server = { host: 'mail.company.example' };

function refusalOf(options: unknown): string {
  try {
    smtp(options as SmtpOptions);
    return 'taken';
  } catch (error) {
    return isRingbackError(error, 'invalid-option') ? error.message : `threw ${String(error)}`;
  }
}

describe('the options of smtp', () => {
  it.each<[unknown, RegExp]>([
    [undefined, /^smtp must be an object/],
    [{ from: FROM }, /one of server and transporter, got neither/],
    [{ from: FROM, server, transporter: { sendMail: async () => {} } }, /one of server and transporter, got both/],
    [{ server }, /^from must be an address/],
    [{ server, from: 'billing' }, /^from must be an address/],
    [{ server, from: FROM, form: FROM }, /^smtp has no option "form"/],
    [{ transporter: {}, from: FROM }, /^transporter must be an object with sendMail\(\)/],
    [{ server, from: FROM, render: 'x' }, /^render must be a function/],
    [{ server, from: FROM, signature: 'yes' }, /^signature must be true or false/],
    [{ server, from: FROM, retryFloorMs: -1 }, /^retryFloorMs must be/],
    [{ server, from: FROM, retryFloorMs: 86_400_001 }, /^retryFloorMs must be/],
    [{ server, from: FROM, maxPartlySent: 0 }, /^maxPartlySent must be an integer from 1 to 1000000/],
    [{ server: 'smtp://mail', from: FROM }, /^server must be an object/],
    [{ server: {}, from: FROM }, /^server\.host must be the name or address of a host/],
    [{ server: { host: 'a b' }, from: FROM }, /^server\.host must be/],
    [{ server: { ...server, name: 'a\r\nb' }, from: FROM }, /^server\.name must be/],
    [{ server: { ...server, port: 0 }, from: FROM }, /^server\.port must be an integer from 1 to 65535/],
    [{ server: { ...server, secure: 1 }, from: FROM }, /^server\.secure must be true or false/],
    [{ server: { ...server, requireTls: true }, from: FROM }, /^server has no option "requireTls"/],
    [{ server: { ...server, maxRequeues: 5 }, from: FROM }, /^server has no option "maxRequeues"/],
    [{ server: { ...server, connectTimeoutMs: 0 }, from: FROM }, /^server\.connectTimeoutMs must be/],
    [{ server: { ...server, silenceTimeoutMs: Number.POSITIVE_INFINITY }, from: FROM }, /^server\.silenceTimeoutMs must be/],
    [
      { server: { ...server, auth: 'me:hunter2' }, from: FROM },
      /^server\.auth must be an object as nodemailer takes it, got string$/,
    ],
    [{ server: { ...server, dkim: [] }, from: FROM }, /^server\.dkim must be an object/],
  ])('refuses %j', (options, message) => {
    expect(refusalOf(options)).toMatch(message);
    expect(refusalOf(options)).not.toContain('hunter2');
  });

  it('have defaults: a pool that retries nothing, TLS before any login, bounds everywhere', () => {
    expect(poolOptions(server)).toEqual({
      pool: true,
      maxRequeues: 0,
      host: 'mail.company.example',
      port: 587,
      secure: false,
      requireTLS: false,
      maxConnections: 5,
      maxMessages: 100,
      connectionTimeout: 10_000,
      greetingTimeout: 10_000,
      socketTimeout: 600_000,
      socketCloseTimeout: 1_000,
      maxResponseSize: 65_536,
    });
    expect(poolOptions({ ...server, auth: { user: 'me', pass: 'x' } })).toMatchObject({ requireTLS: true });
    expect(poolOptions({ ...server, secure: true })).toMatchObject({ port: 465, secure: true });
    expect(poolOptions({ ...server, port: 465 })).toMatchObject({ port: 465, secure: true });
  });
});
