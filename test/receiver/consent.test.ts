import { describe, expect, it } from 'vitest';
import { memoryIdempotencyStore } from '../../src/index.js';
import { type Receiver, type ReceiverOptions, receiver } from '../../src/receiver/index.js';
import { standardWebhooks } from '../../src/signing/index.js';

const ORIGIN = 'events.example';

function receiving(options: Partial<ReceiverOptions>): Receiver {
  const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const signature = standardWebhooks({ secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'] });
  return receiver({ signature, store: memoryIdempotencyStore(), onCallback: () => {}, logger: silent, ...options });
}

const ask = (receive: Receiver, headers: Record<string, string>): Promise<Response> =>
  receive(new Request('https://api.example/hooks', { method: 'OPTIONS', headers }));

describe('consent by the web-hook handshake', () => {
  it.each([
    [{ allowedOrigins: [ORIGIN] }, { 'webhook-request-origin': ORIGIN }, '*'],
    [{ allowedOrigins: ['*'] }, { 'webhook-request-origin': ORIGIN }, '*'],
    [{ allowedOrigins: ['Events.Example'] }, { 'webhook-request-origin': ORIGIN, 'webhook-request-rate': '120' }, '120'],
    [{ allowedOrigins: [ORIGIN], allowedRatePerMinute: 60 }, { 'webhook-request-origin': ORIGIN }, '60'],
    [
      { allowedOrigins: [ORIGIN], allowedRatePerMinute: 60 },
      { 'webhook-request-origin': ORIGIN, 'webhook-request-rate': '120' },
      '60',
    ],
    [
      { allowedOrigins: [ORIGIN], allowedRatePerMinute: 60 },
      { 'webhook-request-origin': ORIGIN, 'webhook-request-rate': '10' },
      '10',
    ],
    [
      { allowedOrigins: [ORIGIN], allowedRatePerMinute: 60 },
      { 'webhook-request-origin': ORIGIN, 'webhook-request-rate': 'often' },
      '60',
    ],
  ])('%j answers %j with the rate %s', async (options, headers, rate) => {
    const answer = await ask(receiving(options), headers as Record<string, string>);
    expect(answer.status).toBe(204);
    expect(Object.fromEntries(answer.headers)).toEqual({
      allow: 'POST',
      'webhook-allowed-origin': ORIGIN,
      'webhook-allowed-rate': rate,
    });
  });

  it.each([
    ['by default', {}, { 'webhook-request-origin': ORIGIN }],
    ['to another origin', { allowedOrigins: [ORIGIN] }, { 'webhook-request-origin': 'other.example' }],
    ['to no origin', { allowedOrigins: ['*'] }, {}],
    ['to an empty one', { allowedOrigins: ['*'] }, { 'webhook-request-origin': '' }],
    ['to a list', { allowedOrigins: [ORIGIN] }, { 'webhook-request-origin': `${ORIGIN}, other.example` }],
  ])('is not given %s', async (_, options, headers) => {
    const answer = await ask(receiving(options), headers as Record<string, string>);
    expect(answer.status).toBe(405);
    expect([...answer.headers.keys()].filter((name) => name.startsWith('webhook-'))).toEqual([]);
  });

  it.each([
    { allowedOrigins: ORIGIN },
    { allowedOrigins: ['https://events.example'] },
    { allowedOrigins: ['a\r\nb'] },
    { allowedOrigins: [7] },
    { allowedOrigins: Array.from({ length: 1_001 }, () => ORIGIN) },
    { allowedRatePerMinute: 0 },
    { allowedRatePerMinute: 1.5 },
  ])('is not set up by what is malformed (%#)', (options) => {
    expect(() => receiving(options as never)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });
});
