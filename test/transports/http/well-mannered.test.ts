import { describe, expect, it, onTestFinished } from 'vitest';
import { createRingback, type DisableEvent, type Ringback, type RingbackOptions } from '../../../src/index.js';
import { type FakeClock, fakeClock } from '../../../src/testing/index.js';
import { answering, loopback, receiver } from './receiver.js';

/** An instance over real sockets, on a clock that a test drives. */
function instance(options: Partial<RingbackOptions> = {}): { ringback: Ringback; clock: FakeClock } {
  const clock = fakeClock();
  const ringback = createRingback({ transports: [loopback()], clock, ...options });
  onTestFinished(() => void ringback.close());
  return { ringback, clock };
}

const whyOf = (delivery: Promise<unknown>): Promise<string> =>
  delivery.then(
    () => 'delivered',
    (error) => error.why,
  );

describe('429, 502, 503 and 504 feed the destination’s limiter and rate limiter', () => {
  it.each([429, 502, 503, 504])(
    '%i with a Retry-After pauses the rate limiter and lowers the concurrency limit',
    async (status) => {
      let requests = 0;
      const { url } = await receiver((request, response) => {
        requests++;
        answering(requests === 1 ? status : 204, requests === 1 ? { 'retry-after': '30' } : {})(request, response);
      });
      const { ringback, clock } = instance({ pipeline: { retry: false, rateLimiter: { limit: 10 } } });
      expect(await whyOf(ringback.deliver({ to: url }))).toBe('attempts-exhausted');
      expect(ringback.snapshot().destinations[url]?.concurrency).toMatchObject({ limit: 18 });

      await clock.advance(29_000 - 1);
      expect([await whyOf(ringback.deliver({ to: url })), requests]).toEqual(['shed', 1]);
      await clock.advance(1_001);
      expect([await whyOf(ringback.deliver({ to: url })), requests]).toEqual(['delivered', 2]);
    },
  );

  it('by a Retry-After that is a date as well', async () => {
    const headers = { date: 'Wed, 21 Oct 2015 07:28:00 GMT', 'retry-after': 'Wed, 21 Oct 2015 07:28:30 GMT' };
    const { url } = await receiver(answering(503, headers));
    const { ringback, clock } = instance({ pipeline: { retry: false, rateLimiter: { limit: 10, maxWaitMs: 0 } } });
    await whyOf(ringback.deliver({ to: url }));
    await clock.advance(29_999);
    expect(await whyOf(ringback.deliver({ to: url }))).toBe('shed');
    await clock.advance(1);
    expect(await whyOf(ringback.deliver({ to: url }))).toBe('attempts-exhausted');
  });

  it('and other failures feed neither: a 500 says nothing of load', async () => {
    const { url } = await receiver(answering(500));
    const { ringback } = instance({ pipeline: { retry: false, rateLimiter: { limit: 10 } } });
    await whyOf(ringback.deliver({ to: url }));
    expect(ringback.snapshot().destinations[url]?.concurrency).toMatchObject({ limit: 20 });
    expect(await whyOf(ringback.deliver({ to: url }))).toBe('attempts-exhausted');
  });
});

it('410 marks the destination gone: the event and the hook say so', async () => {
  const { url } = await receiver(answering(410));
  const hooked: DisableEvent[] = [];
  const { ringback } = instance({ onDisable: (event) => void hooked.push(event) });
  const heard: DisableEvent[] = [];
  ringback.on('disable', (event) => heard.push(event));
  expect(await whyOf(ringback.deliver({ to: `${url}/hooks?token=t`, metadata: { endpoint: 'ep_1' } }))).toBe('gone');
  expect(heard).toEqual([
    expect.objectContaining({
      destination: url,
      metadata: { endpoint: 'ep_1' },
      why: 'gone',
      record: expect.objectContaining({ status: 410 }),
    }),
  ]);
  expect(hooked).toEqual(heard);
});

it('a redirect is not followed, also where it leads to the same origin', async () => {
  const paths: (string | undefined)[] = [];
  const { url } = await receiver((request, response) => {
    paths.push(request.url);
    answering(308, { location: '/moved' })(request, response);
  });
  const { ringback } = instance({ pipeline: { retry: false } });
  expect(await whyOf(ringback.deliver({ to: `${url}/hooks` }))).toBe('attempts-exhausted');
  expect(paths).toEqual(['/hooks']);
});

it('the headers of a callback go out as given: in their order, in their spelling, each once', async () => {
  let raw: string[] = [];
  const { url } = await receiver((request, response) => {
    raw = request.rawHeaders;
    answering(204)(request, response);
  });
  const headers = {
    Traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    tracestate: 'congo=t61rcWkgMzE',
    'X-Zed': '1',
    'Idempotency-Key': '"in_42"',
    'x-alpha': '2',
  };
  const { ringback } = instance();
  await ringback.deliver({ to: url, headers, idempotencyKey: 'internal-in_42' });
  const from = raw.indexOf('Traceparent');
  expect(raw.slice(from, from + 10)).toEqual(Object.entries(headers).flat());
  expect(raw.join()).not.toContain('internal');
  expect(raw.map((part) => part.toLowerCase()).filter((part) => part === 'user-agent')).toHaveLength(1);
});
