import { describe, expect, it, vi } from 'vitest';
import type { Delivery, Message } from '../../src/callback.js';
import { isRingbackError } from '../../src/errors.js';
import { fakeClock } from '../../src/testing/fake-clock.js';
import { scriptedTransport } from '../../src/testing/scripted-transport.js';
import type { ScriptedStep } from '../../src/testing/transport-script.js';
import type { SendAttempt } from '../../src/transports/transport.js';

const messageTo = (to: string): Message => ({
  id: 'msg_1',
  to,
  headers: {},
  body: new Uint8Array(0),
  delivery: {} as Delivery,
});
const message = messageTo('https://customer.example/hooks');

const attempt = (number = 1, signal = new AbortController().signal): SendAttempt => ({ number, signal });

const isPending = async (promise: Promise<unknown>): Promise<boolean> => {
  const pending = Symbol('pending');
  const first = await Promise.race([promise, new Promise((resolve) => setImmediate(resolve, pending))]);
  return first === pending;
};

describe('scriptedTransport', () => {
  it('delivers everything without a script', async () => {
    const transport = scriptedTransport();
    await expect(transport.send(message, attempt())).resolves.toEqual({ outcome: { kind: 'delivered' } });
  });

  it('goes through an array in the order of the sends, and delivers once it has run out', async () => {
    const transport = scriptedTransport(['overloaded', { kind: 'failed', reason: 'reset' }, 'gone']);
    const outcomes = [];
    for (let i = 1; i <= 5; i++) outcomes.push((await transport.send(message, attempt(i))).outcome);
    expect(outcomes).toEqual([
      { kind: 'overloaded' },
      { kind: 'failed', reason: 'reset' },
      { kind: 'gone' },
      { kind: 'delivered' },
      { kind: 'delivered' },
    ]);
  });

  it('asks a function at each send, with the message and the attempt', async () => {
    const script = vi.fn((to: Message, { number }: SendAttempt): ScriptedStep => {
      if (to.to.startsWith('mailto:')) return 'rejected';
      return number < 3 ? { status: 503 } : 'delivered';
    });
    const transport = scriptedTransport(script);
    const kinds = [];
    for (let i = 1; i <= 3; i++) kinds.push((await transport.send(message, attempt(i))).outcome.kind);
    kinds.push((await transport.send(messageTo('mailto:ops@customer.example'), attempt(4))).outcome.kind);
    expect(kinds).toEqual(['overloaded', 'overloaded', 'delivered', 'rejected']);
    expect(script.mock.calls[2]).toEqual([message, expect.objectContaining({ number: 3 })]);
  });

  it.each([
    [204, {}, { kind: 'delivered', status: 204 }],
    [404, {}, { kind: 'rejected', status: 404, reason: 'answered 404' }],
    [410, {}, { kind: 'gone', status: 410, reason: 'answered 410' }],
    [500, {}, { kind: 'failed', status: 500, reason: 'answered 500' }],
    [429, { 'retry-after': '2' }, { kind: 'overloaded', status: 429, reason: 'answered 429', retryAfterMs: 2_000 }],
  ])('reads the status %d as HTTP does, and answers with it', async (status, headers, outcome) => {
    const answer = await scriptedTransport([{ status, headers }]).send(message, attempt());
    expect(answer.outcome).toEqual(outcome);
    expect(answer.response).toEqual({ status, headers, body: new Uint8Array(0), truncated: false });
  });

  it('answers after a delay, on the given clock', async () => {
    const clock = fakeClock();
    const slow = { afterMs: 400, step: { afterMs: 100, step: 'failed' } } as const;
    const answer = scriptedTransport([slow], { clock }).send(message, attempt());
    await clock.advance(499);
    expect(await isPending(answer)).toBe(true);
    await clock.advance(1);
    expect((await answer).outcome.kind).toBe('failed');
  });

  it('ends a delay with the reason of an abort, and leaves no timer', async () => {
    const clock = fakeClock();
    const controller = new AbortController();
    const answer = scriptedTransport([{ afterMs: 400, step: 'delivered' }], { clock }).send(
      message,
      attempt(1, controller.signal),
    );
    controller.abort('too slow');
    await expect(answer).rejects.toBe('too slow');
    expect(clock.timers).toBe(0);
  });

  it('hangs without a look at its signal', async () => {
    const controller = new AbortController();
    const answer = scriptedTransport(['hang']).send(message, attempt(1, controller.signal));
    controller.abort();
    expect(await isPending(answer)).toBe(true);
  });

  it('hangs until aborted, and ends at once when it was aborted before', async () => {
    const transport = scriptedTransport(() => ({ hang: 'until-aborted' }));
    const controller = new AbortController();
    const answer = transport.send(message, attempt(1, controller.signal));
    expect(await isPending(answer)).toBe(true);
    controller.abort('too slow');
    await expect(answer).rejects.toBe('too slow');
    await expect(transport.send(message, attempt(2, controller.signal))).rejects.toBe('too slow');
  });

  it('throws what it is told to, and rejects with what the script throws', async () => {
    const fault = new TypeError('a fault of the program');
    await expect(scriptedTransport([{ throws: fault }]).send(message, attempt())).rejects.toBe(fault);
    const throwing = scriptedTransport(() => {
      throw fault;
    });
    await expect(throwing.send(message, attempt())).rejects.toBe(fault);
  });

  it('records what was sent, and when', async () => {
    const clock = fakeClock();
    const transport = scriptedTransport(['failed'], { clock });
    await transport.send(message, attempt(1));
    await clock.advance(250);
    await transport.send(message, attempt(2));
    expect(transport.sent).toEqual([
      { message, attempt: 1, atMs: 0 },
      { message, attempt: 2, atMs: 250 },
    ]);
    expect(transport.sentCount).toBe(2);
  });

  it('keeps the first sends up to its bound, and counts the rest', async () => {
    const transport = scriptedTransport([], { maxRecorded: 2 });
    for (let i = 1; i <= 5; i++) await transport.send(message, attempt(i));
    expect(transport.sent.map((send) => send.attempt)).toEqual([1, 2]);
    expect(transport.sentCount).toBe(5);
  });

  it('keeps 10,000 unless told otherwise, and none when recording is off', async () => {
    const [all, none] = [scriptedTransport(), scriptedTransport([], { record: false })];
    for (let i = 1; i <= 10_001; i++) {
      await all.send(message, attempt(i));
      await none.send(message, attempt(i));
    }
    expect([all.sent.length, all.sentCount]).toEqual([10_000, 10_001]);
    expect([none.sent.length, none.sentCount]).toEqual([0, 10_001]);
  });

  it('makes no promise of its own for what is plainly delivered', () => {
    const transport = scriptedTransport([], { record: false });
    expect(transport.send(message, attempt())).toBe(transport.send(message, attempt()));
  });

  it('accepts every scheme, or those it is told', () => {
    expect(scriptedTransport().accepts(new URL('anything:at-all'))).toBe(true);
    const web = scriptedTransport([], { schemes: ['https', 'http'] });
    expect(web.accepts(new URL('https://customer.example/'))).toBe(true);
    expect(web.accepts(new URL('mailto:ops@customer.example'))).toBe(false);
  });
});

describe('scriptedTransport, given what it can’t use', () => {
  it.each([
    ['a script of no steps', () => scriptedTransport('delivered' as never), 'script must be an array of steps or a function'],
    ['an unknown outcome', () => scriptedTransport(['ok' as never]), 'script[0] must be an outcome'],
    ['nothing', () => scriptedTransport([undefined as never]), 'script[0] must be an outcome'],
    ['an unknown kind', () => scriptedTransport(['gone', { kind: 'ok' } as never]), 'script[1] must be an outcome'],
    ['a status in words', () => scriptedTransport([{ status: '503' } as never]), 'script[0] must be an outcome'],
    ['a delay below 0', () => scriptedTransport([{ afterMs: -1, step: 'gone' }]), 'script[0].afterMs must be a finite number'],
    ['no delay', () => scriptedTransport([{ afterMs: undefined, step: 'gone' } as never]), 'of at least 0, got undefined'],
    ['a delay for nothing', () => scriptedTransport([{ afterMs: 1 } as never]), 'script[0].step must be an outcome'],
    ['an unknown option', () => scriptedTransport([], { maxRecord: 1 } as never), 'has no option "maxRecord"'],
    ['a bound of 0', () => scriptedTransport([], { maxRecorded: 0 }), 'maxRecorded must be an integer of at least 1'],
    ['a clock that does not sleep', () => scriptedTransport([], { clock: {} as never }), 'clock must be an object with'],
    ['a scheme alone', () => scriptedTransport([], { schemes: 'https' as never }), 'schemes must be an array of schemes'],
    ['a record in words', () => scriptedTransport([], { record: 'no' as never }), 'record must be true or false'],
  ])('refuses %s', (_, make, rule) => {
    let thrown: unknown;
    try {
      make();
    } catch (error) {
      thrown = error;
    }
    expect(isRingbackError(thrown, 'invalid-option')).toBe(true);
    expect(String(thrown)).toContain(rule);
  });

  it('rejects the send for whose step a function gave nothing usable', async () => {
    const error = await scriptedTransport(() => 'ok' as never)
      .send(message, attempt())
      .catch((thrown: unknown) => thrown);
    expect(isRingbackError(error, 'invalid-option')).toBe(true);
    expect(String(error)).toContain('the step that the script returned must be an outcome');
  });
});
