import { describe, expect, it, vi } from 'vitest';
import { consecutiveFailures, type Delivery, DeliveryError, type SignatureScheme } from '../../src/index.js';
import { standardWebhooks } from '../../src/signing/index.js';
import { fetchTransport } from '../../src/transports/fetch/index.js';
import { DESTINATION, ring, settled, TO } from './ring.js';

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

async function failure(promise: Promise<unknown>): Promise<DeliveryError> {
  const { error } = await settled(promise);
  expect(error).toBeInstanceOf(DeliveryError);
  return error as DeliveryError;
}

describe('the receipt', () => {
  it('tells every attempt, the delivering one last, and keeps the response', async () => {
    const { ringback, clock } = ring([{ status: 503, headers: { 'retry-after': '2' } }, { status: 204 }]);
    const delivery = ringback.deliver({ to: TO, type: 'invoice.paid', data: { id: 'in_42' }, id: 'msg_1' });
    await clock.advance(10_000);
    const receipt = await delivery;
    expect(receipt).toMatchObject({ id: 'msg_1', destination: DESTINATION, type: 'invoice.paid', deduplicated: false });
    expect(receipt.attempts).toMatchObject([
      { attempt: 1, outcome: 'overloaded', status: 503, why: 'Retry-After 2000 ms', durationMs: 0 },
      { attempt: 2, outcome: 'delivered', status: 204 },
    ]);
    expect(receipt.attempts[0]?.waitMs).toBeGreaterThanOrEqual(2_000);
    expect(receipt.attempts[0]?.budgetBalance).toBe(9);
    expect(receipt.response?.status).toBe(204);
    expect(receipt.deliveredAtMs - receipt.acceptedAtMs).toBeGreaterThanOrEqual(2_000);
    expect(clock.timers).toBe(0);
  });

  it('comes although a policy of the user’s throws when it is told, and nothing goes out again', async () => {
    const record = (): never => {
      throw new Error('own fault');
    };
    const own = { name: 'own', acquire: () => undefined, record, release: () => {}, snapshot: () => ({}), restore: () => {} };
    const { ringback, transport, clock } = ring([], { pipeline: () => ({ extra: [own] }) });
    expect((await ringback.deliver({ to: TO })).attempts).toMatchObject([{ outcome: 'delivered' }]);
    await ringback.enqueue({ to: TO });
    await clock.advance(100_000);
    expect(transport.sentCount).toBe(2);
    expect(ringback.snapshot().outbox).toMatchObject({ depth: 0, deadLetters: 0 });
  });

  it('is frozen, its attempts too, as callers and listeners share it', async () => {
    const { ringback } = ring();
    const receipt = await ringback.deliver({ to: TO, metadata: { tenant: { id: 't1' } } });
    expect(Object.isFrozen(receipt)).toBe(true);
    expect(Object.isFrozen(receipt.attempts)).toBe(true);
    expect(receipt.attempts.every((record) => Object.isFrozen(record))).toBe(true);
    expect(Object.isFrozen(receipt.metadata?.tenant)).toBe(true);
  });

  it('carries correlationId and metadata, and what is sent does not', async () => {
    const { ringback, heard, transport } = ring();
    const metadata = { tenant: 't1' };
    const receipt = await ringback.deliver({ to: TO, correlationId: 'c-1', metadata });
    metadata.tenant = 'changed';
    expect(receipt).toMatchObject({ correlationId: 'c-1', metadata: { tenant: 't1' } });
    for (const { payload } of heard) expect(payload).toMatchObject({ correlationId: 'c-1', metadata: { tenant: 't1' } });
    expect(JSON.stringify(transport.sent[0]?.message.headers)).not.toContain('c-1');
  });
});

describe('DeliveryError', () => {
  it('explains itself: every attempt, the wait that followed and why, the budget', async () => {
    const script = [{ status: 503 }, 'timed-out', { status: 500 }, { status: 502 }] as const;
    const { ringback, clock } = ring(script);
    const failing = failure(ringback.deliver({ to: TO, id: 'msg_1', correlationId: 'c-1', metadata: { a: 1 } }));
    await clock.advance(30_000);
    const error = await failing;
    expect(error).toMatchObject({ code: 'delivery-failed', id: 'msg_1', destination: DESTINATION, why: 'attempts-exhausted' });
    expect(error).toMatchObject({ correlationId: 'c-1', metadata: { a: 1 }, outcome: { kind: 'overloaded', status: 502 } });
    expect(error.attempts.map(({ outcome, status }) => [outcome, status])).toEqual([
      ['overloaded', 503],
      ['timed-out', undefined],
      ['failed', 500],
      ['overloaded', 502],
    ]);
    for (const record of error.attempts.slice(0, 3)) {
      expect(record.waitMs).toBeGreaterThan(0);
      expect(record).toMatchObject({ why: 'backoff', startedAtMs: expect.any(Number), budgetBalance: expect.any(Number) });
    }
    expect(error.attempts[3]).toMatchObject({ why: 'attempts-exhausted' });
    expect(error.message).toMatch(
      /^msg_1 was not delivered to https:\/\/customer\.example: no attempts are left \(answered 502\); attempt 1 overloaded 503 after 0 ms, then a wait of \d+ ms \(backoff, budget 9\); attempt 2 timed-out /,
    );
    expect(error.response?.status).toBe(502);
    expect(Object.keys(error)).not.toContain('response');
    expect(clock.timers).toBe(0);
  });

  it.each([
    ['gone', 'gone'],
    ['forbidden', 'forbidden'],
    ['rejected', 'rejected'],
  ] as const)('ends at once at %s', async (kind, why) => {
    const { ringback, transport } = ring([kind]);
    const error = await failure(ringback.deliver({ to: TO }));
    expect(error).toMatchObject({ why, outcome: { kind } });
    expect(transport.sentCount).toBe(1);
  });

  it('names the policy that refused, and keeps the real last outcome', async () => {
    const { ringback, clock, heard } = ring(() => 'failed', {
      pipeline: { circuitBreaker: { rule: consecutiveFailures({ threshold: 1 }) } },
    });
    const failing = failure(ringback.deliver({ to: TO }));
    await clock.advance(1_000);
    const error = await failing;
    expect(error.why).toBe('shed');
    expect(error.outcome.kind).toBe('failed');
    expect(error.attempts.at(-1)).toMatchObject({ attempt: 2, outcome: 'shed', refusedBy: 'circuit-breaker' });
    expect(error.message).toContain('attempt 2 refused by circuit-breaker');
    expect(heard.map(({ event }) => event)).toContain('shed');
    const refused = await failure(ringback.deliver({ to: TO }));
    expect(refused).toMatchObject({ why: 'shed', outcome: { kind: 'shed' } });
  });

  it('ends with the original outcome when the retry budget is empty', async () => {
    const { ringback, clock } = ring(() => 'failed', {
      budget: { maxTokens: 2, reservePerSecond: 0 },
      pipeline: { circuitBreaker: false },
    });
    const failing = failure(ringback.deliver({ to: TO }));
    await clock.advance(30_000);
    expect(await failing).toMatchObject({ why: 'budget-empty', outcome: { kind: 'failed' } });
  });
});

describe('a transport that errs', () => {
  const once = { pipeline: { retry: { maxAttempts: 1 } } };
  const answering = (outcome: unknown) => ({ name: 'own', accepts: () => true, send: async () => ({ outcome }) as never });

  it.each([
    ['nope', 'unknown outcome "nope" (string)'],
    ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'unknown outcome a string of 38 characters'],
  ])('by an outcome of no kind of ours, %s, has failed, and record and error say so', async (kind, reason) => {
    const { ringback } = ring([], { ...once, transports: [answering({ kind })] });
    const error = await failure(ringback.deliver({ to: TO }));
    expect(error).toMatchObject({ why: 'attempts-exhausted', outcome: { kind: 'failed', reason }, attempts: [{ reason }] });
    expect(error.message).toContain(`no attempts are left (${reason})`);
  });

  it('as another instance closed it: record and error say so', async () => {
    const transports = [fetchTransport()];
    await ring([], { transports }).ringback.close();
    const { ringback } = ring([], { ...once, transports });
    const error = await failure(ringback.deliver({ to: TO }));
    const reason = 'the fetch transport is closed';
    expect(error).toMatchObject({ outcome: { kind: 'failed', reason }, attempts: [{ reason }] });
    expect(error.message).toContain(`no attempts are left (${reason})`);
  });
});

describe('an abort', () => {
  it.each([
    ['before', 0],
    ['during the attempt', 1],
  ])("by the caller's signal, %s, ends it at once", async (_, sends) => {
    const { ringback, clock, transport } = ring(['hang']);
    const controller = new AbortController();
    if (sends === 0) controller.abort(new Error('enough'));
    const failing = failure(ringback.deliver({ to: TO }, { signal: controller.signal }));
    await clock.advance(10);
    controller.abort(new Error('enough'));
    expect(await failing).toMatchObject({ why: 'cancelled' });
    expect(transport.sentCount).toBe(sends);
    expect(clock.timers).toBe(0);
  });

  it('before the first attempt says once that none was made', async () => {
    const { ringback } = ring();
    const { message } = await failure(ringback.deliver({ to: TO, id: 'msg_1' }, { signal: AbortSignal.abort() }));
    expect(message).toBe(`msg_1 was not delivered to ${DESTINATION}: the caller cancelled it; no attempt was made`);
  });

  it('during the backoff ends it, and the call is not made again', async () => {
    const { ringback, clock, transport } = ring(['failed']);
    const controller = new AbortController();
    const failing = failure(ringback.deliver({ to: TO }, { signal: controller.signal }));
    await clock.advance(10);
    controller.abort();
    const error = await failing;
    expect(error).toMatchObject({ why: 'cancelled', outcome: { kind: 'failed' } });
    await clock.advance(60_000);
    expect(transport.sentCount).toBe(1);
    expect(clock.timers).toBe(0);
  });
});

it('deadlineMs bounds all attempts and waits', async () => {
  const { ringback, clock } = ring(['hang']);
  const failing = failure(ringback.deliver({ to: TO, deadlineMs: 2_000 }));
  await clock.advance(2_000);
  expect(await failing).toMatchObject({ why: 'deadline' });
  expect(clock.timers).toBe(0);
});

it('a higher priority goes first where deliveries wait', async () => {
  const order: string[] = [];
  const { ringback, clock } = ring(
    ({ id }) => {
      order.push(id);
      return { afterMs: 100, step: 'delivered' };
    },
    { pipeline: { concurrency: { limit: 1 } } },
  );
  const all = [
    ringback.deliver({ to: TO, id: 'first' }),
    ringback.deliver({ to: TO, id: 'low', priority: -5 }),
    ringback.deliver({ to: TO, id: 'high', priority: 5 }),
  ];
  await clock.advance(1_000);
  await Promise.all(all);
  expect(order).toEqual(['first', 'high', 'low']);
});

describe('the signature', () => {
  it('is fresh at each attempt, over the same id', async () => {
    const { ringback, clock, transport } = ring(['failed'], { signature: standardWebhooks({ secrets: [secret] }) });
    const delivery = ringback.deliver({ to: TO, data: {} });
    await clock.advance(30_000);
    await delivery;
    const [first, second] = transport.sent.map(({ message }) => message.headers);
    expect(first?.['webhook-id']).toBe(second?.['webhook-id']);
    expect(first?.['webhook-signature']).toMatch(/^v1,/);
  });

  it.each([
    ['a function', (scheme: SignatureScheme) => () => scheme],
    ['an async function', (scheme: SignatureScheme) => async () => scheme],
    [
      'a scheme that signs asynchronously',
      (scheme: SignatureScheme) => ({ ...scheme, sign: async (m: never) => scheme.sign(m) }),
    ],
  ])('may be given by %s', async (_, signature) => {
    const { ringback, transport } = ring([], { signature: signature(standardWebhooks({ secrets: [secret] })) as never });
    await ringback.deliver({ to: TO, data: {} });
    expect(transport.sent[0]?.message.headers['webhook-signature']).toMatch(/^v1,/);
  });

  it('is picked for each delivery', async () => {
    const asked: string[] = [];
    const signature = (delivery: Delivery): null => {
      asked.push(delivery.destination);
      return null;
    };
    const { ringback, transport } = ring([], { signature });
    await ringback.deliver({ to: TO });
    expect(asked).toEqual([DESTINATION, DESTINATION]);
    // Null, which no lookup gives by mistake, sends it unsigned.
    expect(transport.sent[0]?.message.headers).not.toHaveProperty('webhook-signature');
  });

  it.each([
    ['finds no scheme', () => new Map<string, SignatureScheme>().get('missing')],
    ['finds none later', async () => undefined],
  ])('is not left out where its function %s: nothing is sent or stored', async (_, signature) => {
    const { ringback, transport } = ring([], { signature: signature as never });
    const message = `signature() gave no scheme for ${DESTINATION}; null sends it unsigned`;
    await expect(ringback.deliver({ to: TO })).rejects.toMatchObject({ code: 'signing-failed', message });
    await expect(ringback.enqueue({ to: TO })).rejects.toMatchObject({ code: 'signing-failed', message });
    expect(transport.sentCount).toBe(0);
    expect(ringback.snapshot().outbox.depth).toBe(0);
  });

  it.each([
    ['undefined', undefined],
    ['null', null],
    ['undefined', { 'x-signature': undefined }],
    ['number', { 'x-signature': 5 }],
    ['undefined', Promise.resolve(undefined)],
  ])('is not left out where its scheme gives %s, %j: nothing is sent', async (gave, headers) => {
    const scheme = { name: 'own', sign: () => headers, verify: () => ({}) };
    const { ringback, transport } = ring([], { signature: scheme as never });
    const error = await failure(ringback.deliver({ to: TO }));
    expect(error.cause).toMatchObject({
      code: 'signing-failed',
      message: `the signature scheme gave ${gave} for headers, so nothing was sent`,
    });
    expect(transport.sentCount).toBe(0);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no key');
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('no key');
      },
    ],
  ])('whose sign %s sends nothing, and is no sample of the destination', async (_, sign) => {
    const scheme = { name: 'broken', sign, verify: () => ({}) } as SignatureScheme;
    const { ringback, transport } = ring([], { signature: scheme });
    for (let i = 0; i < 50; i++) {
      const error = await failure(ringback.deliver({ to: TO }));
      expect(error).toMatchObject({ why: 'shed', outcome: { kind: 'shed', reason: 'signing failed' } });
      expect(error.cause).toMatchObject({ code: 'signing-failed' });
    }
    expect(transport.sentCount).toBe(0);
    expect(ringback.snapshot().destinations[DESTINATION]?.circuitBreaker).toMatchObject({ state: 'closed' });
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no tenant');
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('no tenant');
      },
    ],
  ])('function that %s fails the call before anything is stored or sent', async (_, signature) => {
    const { ringback, transport } = ring([], { signature: signature as never });
    await expect(ringback.deliver({ to: TO })).rejects.toMatchObject({ code: 'signing-failed' });
    await expect(ringback.enqueue({ to: TO })).rejects.toMatchObject({ code: 'signing-failed' });
    expect(ringback.snapshot().outbox.depth).toBe(0);
    expect(transport.sentCount).toBe(0);
  });

  it('function that never answers is waited for no longer than the deadline', async () => {
    const { ringback, clock } = ring([], { signature: () => new Promise(() => {}) });
    const all = [settled(ringback.deliver({ to: TO, deadlineMs: 500 })), settled(ringback.enqueue({ to: TO }))];
    await clock.advance(30_000);
    for (const end of await Promise.all(all)) expect(end.error).toMatchObject({ code: 'signing-failed' });
    expect(clock.timers).toBe(0);
  });

  it('that comes after the attempt has timed out sends nothing', async () => {
    const scheme: SignatureScheme = {
      name: 'slow',
      sign: async () => {
        await clock.sleep(5_000);
        return {};
      },
      verify: () => ({}),
    };
    const { ringback, clock, transport } = ring([], {
      signature: scheme,
      pipeline: { attemptTimeoutMs: 1_000, retry: false },
    });
    const failing = failure(ringback.deliver({ to: TO }));
    await clock.advance(10_000);
    expect(await failing).toMatchObject({ outcome: { kind: 'timed-out' } });
    expect(transport.sentCount).toBe(0);
  });

  it('is checked before anything is stored or sent: an id that the scheme forbids', async () => {
    const { ringback, transport } = ring([], { signature: standardWebhooks({ secrets: [secret] }) });
    await expect(ringback.deliver({ to: TO, id: 'a.b' })).rejects.toMatchObject({ code: 'invalid-callback' });
    await expect(ringback.enqueue({ to: TO, id: 'a.b' })).rejects.toMatchObject({ code: 'invalid-callback' });
    expect(transport.sentCount).toBe(0);
  });
});

describe("a transport of the user's", () => {
  it.each([
    ['nothing', undefined],
    ['no outcome', {}],
    ['an unknown outcome', { outcome: { kind: 'deliverd' } }],
  ])('that answers with %s has not delivered', async (_, answer) => {
    const { ringback, clock } = ring([], {
      transports: [{ name: 'odd', accepts: () => true, send: async () => answer as never }],
      pipeline: { retry: false },
    });
    const error = await failure(ringback.deliver({ to: TO }));
    expect(error.outcome.kind).toBe('failed');
    await ringback.enqueue({ to: TO, deadlineMs: 1_000 });
    await clock.advance(1_000);
    expect((await ringback.deadLetters.list()).length).toBe(1);
  });

  it('whose accepts() throws fails the call with a typed error', async () => {
    const accepts = vi.fn(() => {
      throw new Error('broken');
    });
    const { ringback } = ring([], {
      transports: [{ name: 'odd', accepts, send: async () => ({ outcome: { kind: 'delivered' } }) }],
    });
    await expect(ringback.deliver({ to: TO })).rejects.toMatchObject({ code: 'unsupported-destination' });
  });
});
