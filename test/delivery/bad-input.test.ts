import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  bulkhead,
  type Callback,
  circuitBreaker,
  consecutiveFailures,
  createRingback,
  type Delivery,
  memoryIdempotencyStore,
  memoryOutbox,
  RingbackError,
  rateLimiter,
  resiliencePipeline,
  retryBudget,
  seededRandom,
} from '../../src/index.js';
import { standardWebhooks } from '../../src/signing/index.js';
import { scriptedTransport } from '../../src/testing/index.js';
import { http } from '../../src/transports/http/index.js';
import { type Ring, ring, TO } from './ring.js';

const cycle: Record<string, unknown> = {};
cycle.self = cycle;
const throwing = {
  toJSON: () => {
    throw new Error('no');
  },
};

describe('a callback', () => {
  let opened: Ring;
  beforeEach(() => {
    opened = ring([], { transports: [scriptedTransport([], { schemes: ['https'] })] });
  });
  afterEach(async () => {
    // Nothing was stored, sent or told.
    expect(opened.ringback.snapshot()).toMatchObject({ delivering: 0, outbox: { depth: 0 }, destinations: {} });
    expect(opened.heard).toEqual([]);
    await opened.ringback.close();
  });

  const wrong: [string, unknown, string, RegExp][] = [
    ['none at all', undefined, 'invalid-callback', /must be an object .* got undefined/],
    ['null', null, 'invalid-callback', /got null/],
    ['a string', 'https://customer.example', 'invalid-callback', /got string/],
    ['no destination', {}, 'invalid-callback', /to must be a URI .* got undefined/],
    ['a destination that is null', { to: null }, 'invalid-callback', /got null/],
    [
      'a malformed destination',
      { to: 'customer.example/hooks' },
      'invalid-callback',
      /got a string of 22 characters that is none/,
    ],
    ['an empty destination', { to: '' }, 'invalid-callback', /got a string of 0 characters/],
    [
      'an unknown scheme',
      { to: 'ftp://customer.example' },
      'unsupported-destination',
      /no transport accepts the scheme "ftp:" \(string\); there is scripted/,
    ],
    ['credentials in the destination', { to: 'https://u:p@customer.example' }, 'invalid-callback', /must carry no credentials/],
    ['data with a cycle', { to: TO, data: cycle }, 'invalid-callback', /data must be JSON/],
    ['data with a BigInt', { to: TO, data: { n: 1n } }, 'invalid-callback', /data must be JSON/],
    ['data with a throwing toJSON', { to: TO, data: throwing }, 'invalid-callback', /data must be JSON/],
    ['data that is a function', { to: TO, data: () => 1 }, 'invalid-callback', /data must be JSON, got a function/],
    ['data that is a symbol', { to: TO, data: Symbol('x') }, 'invalid-callback', /got a symbol/],
    ['both data and body', { to: TO, data: {}, body: '' }, 'invalid-callback', /data or body, got both/],
    ['a body that is a number', { to: TO, body: 5 }, 'invalid-callback', /body must be a string or a Uint8Array, got number/],
    ['a body that is null', { to: TO, body: null }, 'invalid-callback', /got null/],
    [
      'a header with a line break',
      { to: TO, headers: { 'x-a': 'b\r\nx-evil: 1' } },
      'invalid-callback',
      /"x-a" must hold no line break/,
    ],
    ['a header name with a line break', { to: TO, headers: { 'x-a\n': 'b' } }, 'invalid-callback', /name must be an HTTP token/],
    ['a header that is a number', { to: TO, headers: { 'x-a': 5 } }, 'invalid-callback', /"x-a" must be a string, got number/],
    ['a header twice', { to: TO, headers: { 'x-a': '1', 'X-A': '2' } }, 'invalid-callback', /given twice/],
    [
      "a header of the connection's",
      { to: TO, headers: { 'Content-Length': '1' } },
      'invalid-callback',
      /belongs to the connection/,
    ],
    ['headers in a Headers', { to: TO, headers: new Headers({ 'x-a': '1' }) }, 'invalid-callback', /plain object/],
    ['headers in an array', { to: TO, headers: [['x-a', '1']] }, 'invalid-callback', /got an array/],
    [
      'a negative deadline',
      { to: TO, deadlineMs: -1 },
      'invalid-callback',
      /deadlineMs must be an integer from 1 .* got -1 \(number\)/,
    ],
    ['a NaN deadline', { to: TO, deadlineMs: Number.NaN }, 'invalid-callback', /got NaN \(number\)/],
    [
      'an infinite priority',
      { to: TO, priority: Infinity },
      'invalid-callback',
      /priority must be an integer from -100 to 100, got Infinity/,
    ],
    ['a priority that is a string, and is not shown', { to: TO, priority: 'whsec_s3cret' }, 'invalid-callback', /got string$/],
    ['a deadline without a prototype', { to: TO, deadlineMs: Object.create(null) }, 'invalid-callback', /got object$/],
    ['an id with a space', { to: TO, id: 'a b' }, 'invalid-callback', /id must be 1 to 255 visible ASCII characters/],
    ['an id that is a number', { to: TO, id: 5 }, 'invalid-callback', /got number/],
    ['an empty idempotencyKey', { to: TO, idempotencyKey: '' }, 'invalid-callback', /idempotencyKey must be 1 to 255 characters/],
    ['an orderingKey with a control character', { to: TO, orderingKey: 'a\0' }, 'invalid-callback', /orderingKey/],
    ['a type that is a number', { to: TO, type: 5 }, 'invalid-callback', /type must be .* got number/],
    [
      'a correlationId too long',
      { to: TO, correlationId: 'x'.repeat(256) },
      'invalid-callback',
      /got a string of 256 characters/,
    ],
    [
      'metadata that is an array',
      { to: TO, metadata: [] },
      'invalid-callback',
      /metadata must be a plain JSON object, got an array/,
    ],
    ['metadata that turns into a string', { to: TO, metadata: new Date() }, 'invalid-callback', /got string/],
    ['metadata with a cycle', { to: TO, metadata: cycle }, 'invalid-callback', /metadata must be plain JSON/],
    ['an unknown field', { to: TO, dat: {} }, 'invalid-callback', /has no field "dat"; it has to, type/],
  ];

  it.each(wrong)('with %s is refused before anything is stored or sent', async (_, callback, code, message) => {
    for (const call of ['deliver', 'enqueue'] as const) {
      const expected = expect.objectContaining({ code, message: expect.stringMatching(message) });
      await expect(opened.ringback[call](callback as Callback)).rejects.toEqual(expected);
    }
  });

  it.each([
    ['an unknown name', { singal: new AbortController().signal }, /has no option "singal"/],
    ['a signal that is none', { signal: true }, /\.signal must be an object with/],
    ['null', null, /must be an object of options, got null/],
    [
      'the bare signal',
      AbortSignal.abort(),
      /must be given its signal by name, as \{ signal \}, got \[object AbortSignal\] \(object\)/,
    ],
  ])('with call settings that hold %s is refused', async (_, settings, message) => {
    for (const call of ['deliver', 'enqueue'] as const) {
      const expected = expect.objectContaining({ code: 'invalid-option', message: expect.stringMatching(message) });
      await expect(opened.ringback[call]({ to: TO }, settings as never)).rejects.toEqual(expected);
    }
  });

  it.each([
    [5, 'deadLetters.list must be an object of options, got 5 (number)'],
    [null, 'deadLetters.list must be an object of options, got null'],
    [{ cursor: 'x' }, 'deadLetters.list has no option "cursor"; it has destination, limit'],
    [{ destination: 5 }, 'deadLetters.list.destination must be a string, got 5 (number)'],
    [{ limit: 0 }, 'limit must be an integer of at least 1, got 0 (number)'],
  ])('deadLetters.list(%j) is refused', async (options, message) => {
    await expect(opened.ringback.deadLetters.list(options as never)).rejects.toMatchObject({ code: 'invalid-option', message });
  });

  it.each([
    [undefined, 'undefined (undefined)'],
    [null, 'null'],
    ['log', 'a string of 3 characters'],
  ])('on and off refuse the listener %j', (listener, shown) => {
    const refused = expect.objectContaining({ code: 'invalid-option', message: `listener must be a function, got ${shown}` });
    expect(() => opened.ringback.on('delivered', listener as never)).toThrow(refused);
    expect(() => opened.ringback.off('delivered', listener as never)).toThrow(refused);
  });

  it.each([[{ timeout: 5 }], [{ timeoutMs: -1 }], [{ timeoutMs: Number.NaN }], [5]])('close(%j) is refused', async (settings) => {
    await expect(opened.ringback.close(settings as never)).rejects.toMatchObject({ code: 'invalid-option' });
  });
});

describe('what a transport checks', () => {
  const checking = (error: Error): Ring => {
    const transport = scriptedTransport([], { schemes: ['https'] });
    const check = ({ body }: Delivery): void => {
      if (body.length > 10) throw error;
    };
    return ring([], { transports: [{ ...transport, check }] });
  };

  it('is refused at the door, and never in the outbox, where else a schedule of days would try it', async () => {
    const { ringback, heard } = checking(new RingbackError('invalid-callback', 'body must be at most 10 bytes'));
    const refused = { code: 'invalid-callback', message: 'body must be at most 10 bytes' };
    await expect(ringback.enqueue({ to: TO, body: 'longer than 10' })).rejects.toMatchObject(refused);
    await expect(ringback.deliver({ to: TO, body: 'longer than 10' })).rejects.toMatchObject(refused);
    expect(ringback.snapshot()).toMatchObject({ delivering: 0, outbox: { depth: 0 } });
    expect(heard).toEqual([]);
    await expect(ringback.deliver({ to: TO, body: 'short' })).resolves.toMatchObject({ attempts: [{}] });
    await ringback.close();
  });

  it('by a check that throws anything else is the transport failing, and says which', async () => {
    const cause = new Error('no');
    const { ringback } = checking(cause);
    await expect(ringback.enqueue({ to: TO, body: 'longer than 10' })).rejects.toMatchObject({ code: 'transport-failed', cause });
    await ringback.close();
  });
});

describe('options', () => {
  const transports = [scriptedTransport()];
  const wrong: [string, () => unknown, RegExp][] = [
    ['none', () => createRingback(undefined as never), /createRingback must be an object of options, got undefined/],
    ['no transports', () => createRingback({} as never), /transports must be an array of at least one transport, got undefined/],
    ['an empty list of transports', () => createRingback({ transports: [] }), /got an array of 0/],
    [
      'a transport that is none',
      () => createRingback({ transports: [{}] as never }),
      /transports\[0\] must be an object with accepts\(\), send\(\)/,
    ],
    ['an unknown name', () => createRingback({ transports, retries: 3 } as never), /has no option "retries"/],
    [
      'a signature that is none',
      () => createRingback({ transports, signature: 'secret' as never }),
      /signature must be an object/,
    ],
    [
      'a logger that is none',
      () => createRingback({ transports, logger: {} as never }),
      /logger must be an object with debug\(\)/,
    ],
    ['a clock that is null', () => createRingback({ transports, clock: null as never }), /clock must be an object/],
    [
      'a negative maxDestinations',
      () => createRingback({ transports, maxDestinations: -1 }),
      /maxDestinations must be an integer from 1 .* got -1/,
    ],
    [
      'a disableAfterMs of 0',
      () => createRingback({ transports, disableAfterMs: 0 }),
      /disableAfterMs must be a finite number above 0, got 0/,
    ],
    ['an onDisable that is none', () => createRingback({ transports, onDisable: {} as never }), /onDisable must be a function/],
    ['a failing that is none', () => createRingback({ transports, failing: [] as never }), /failing must be what snapshot\(\)/],
    [
      'a NaN lease',
      () => createRingback({ transports, idempotency: { leaseMs: Number.NaN } }),
      /idempotency\.leaseMs .* got NaN \(number\)/,
    ],
    [
      'a ttl of 0',
      () => createRingback({ transports, idempotency: { ttlMs: 0 } }),
      /idempotency\.ttlMs must be a finite number above 0, got 0/,
    ],
    [
      'an unknown idempotency name',
      () => createRingback({ transports, idempotency: { ttl: 1 } as never }),
      /idempotency has no option "ttl"/,
    ],
    [
      'a store that is none',
      () => createRingback({ transports, idempotency: { store: {} as never } }),
      /idempotency\.store must be an object with claim/,
    ],
    ['an outbox that is none', () => createRingback({ transports, outbox: {} as never }), /outbox must be an object with add/],
    [
      'a schedule that is none',
      () => createRingback({ transports, schedule: [1, 2] as never }),
      /schedule must be an object with delayMs/,
    ],
    [
      'a destination that is no function',
      () => createRingback({ transports, destination: 'origin' as never }),
      /destination must be a function/,
    ],
    [
      'a budget that is a number',
      () => createRingback({ transports, budget: 5 as never }),
      /budget must be options or false, got 5 \(number\)/,
    ],
    ['an unknown budget name', () => createRingback({ transports, budget: { max: 5 } as never }), /budget has no option "max"/],
    [
      'a pipeline that is null',
      () => createRingback({ transports, pipeline: null as never }),
      /pipeline must be an object of options, got null/,
    ],
    [
      'an unknown pipeline name',
      () => createRingback({ transports, pipeline: { timeoutMs: 5 } as never }),
      /pipeline has no option "timeoutMs"/,
    ],
    [
      "a classify, which is the transport's",
      () => createRingback({ transports, pipeline: { classify: () => 'failed' } as never }),
      /pipeline has no option "classify"/,
    ],
    [
      'parts that are no objects',
      () => createRingback({ transports, pipeline: { circuitBreaker: 5 } as never }),
      /circuitBreaker must be options, an instance, or false, got 5/,
    ],
    [
      'a pipeline budget that is no object',
      () => createRingback({ transports, pipeline: { budget: true } as never }),
      /budget must be options.* got true/,
    ],
    [
      'a backoff that is none',
      () => createRingback({ transports, pipeline: { retry: { backoff: 5 as never } } }),
      /retry\.backoff must be an object with next\(\), got 5 \(number\)/,
    ],
    [
      'a timeout longer than the deadline',
      () => createRingback({ transports, pipeline: { attemptTimeoutMs: 5_000, deadlineMs: 1_000 } }),
      /must not be longer than deadlineMs/,
    ],
    ['an unknown http name', () => http({ timeout: 5 } as never), /http has no option "timeout"/],
    ['an unknown outbox name', () => memoryOutbox({ depth: 5 } as never), /memoryOutbox has no option "depth"/],
    ['an unknown store name', () => memoryIdempotencyStore({ max: 5 } as never), /memoryIdempotencyStore has no option "max"/],
    [
      'an unknown pipeline setting',
      () => resiliencePipeline({ retries: 3 } as never),
      /resiliencePipeline has no option "retries"/,
    ],
  ];

  it.each(wrong)('that hold %s are refused, with the rule, the value and its type', (_, make, message) => {
    expect(make).toThrow(expect.objectContaining({ code: 'invalid-option', message: expect.stringMatching(message) }));
  });

  it('refuse a secret too short, and do not show it', () => {
    const short = `whsec_${Buffer.from('too short').toString('base64')}`;
    expect(() => standardWebhooks({ secrets: [short] })).toThrow(expect.objectContaining({ code: 'invalid-secret' }));
    expect(() => standardWebhooks({ secrets: [short] })).not.toThrow(short);
  });

  it.each([
    ['circuitBreaker', { circuitBreaker: circuitBreaker() }],
    ['circuitBreaker.rule', { circuitBreaker: { rule: { success: () => {}, failure: () => true } as never } }],
    ['concurrency', { concurrency: bulkhead({ limit: 1 }) }],
    ['rateLimiter', { rateLimiter: rateLimiter({ limit: 1 }) }],
    ['budget', { budget: retryBudget() }],
    ['extra', { extra: [circuitBreaker()] }],
  ])('that all destinations share may hold no instance: %s', (name, pipeline) => {
    const message = expect.stringContaining(`pipeline.${name} is an instance`);
    expect(() => createRingback({ transports, pipeline })).toThrow(expect.objectContaining({ code: 'invalid-option', message }));
  });

  it('that all destinations share may hold the parent of their budgets, and specs of rules', () => {
    const pipeline = { budget: { parent: retryBudget() }, circuitBreaker: { rule: consecutiveFailures({ threshold: 2 }) } };
    expect(() => createRingback({ transports, pipeline })).not.toThrow();
  });

  it('by a function of the destination may hold instances', async () => {
    const ringback = createRingback({ transports, pipeline: () => ({ concurrency: bulkhead({ limit: 1 }) }) });
    await ringback.deliver({ to: TO });
    await ringback.close();
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no settings');
      },
      /threw for https:\/\/customer\.example/,
    ],
    ['answers with a promise', async () => ({}), /not a promise/],
    ['answers with nothing', () => undefined, /pipeline\(destination\) must be an object of options, got undefined/],
    ['answers with an unknown name', () => ({ retries: 1 }), /has no option "retries"/],
  ])('by a function that %s fail the call before anything is stored or sent', async (_, pipeline, message) => {
    const { ringback, transport } = ring([], { pipeline: pipeline as never });
    const expected = expect.objectContaining({ code: 'invalid-option', message: expect.stringMatching(message) });
    await expect(ringback.deliver({ to: TO })).rejects.toEqual(expected);
    await expect(ringback.enqueue({ to: TO })).rejects.toEqual(expected);
    expect(ringback.snapshot().outbox.depth).toBe(0);
    expect(transport.sentCount).toBe(0);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no key');
      },
    ],
    ['answers with no string', () => 5],
    ['answers with an empty string', () => ''],
  ])('with a destination function that %s fail the call', async (_, destination) => {
    const { ringback } = ring([], { destination: destination as never, random: seededRandom(2) });
    await expect(ringback.deliver({ to: TO })).rejects.toMatchObject({ code: 'invalid-option' });
    await expect(ringback.enqueue({ to: TO })).rejects.toMatchObject({ code: 'invalid-option' });
  });
});
