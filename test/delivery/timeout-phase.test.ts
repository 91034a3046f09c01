import { describe, expect, it } from 'vitest';
import {
  type Answer,
  createRingback,
  type DeliveryError,
  type RingbackOptions,
  type SendAttempt,
  type SignatureScheme,
} from '../../src/index.js';
import { fakeClock } from '../../src/testing/index.js';
import { settled } from './ring.js';

/** Delivers by a transport whose answer never comes, until the attempt's timeout; the error. */
async function timesOut(begin: (attempt: SendAttempt) => void, options: Partial<RingbackOptions> = {}): Promise<DeliveryError> {
  const clock = fakeClock();
  const transport = {
    name: 'scripted',
    accepts: () => true,
    send: (_message: unknown, attempt: SendAttempt): Promise<Answer> => {
      begin(attempt);
      return new Promise(() => {});
    },
  };
  const pipeline = { retry: { maxAttempts: 2 } };
  const ringback = createRingback({ transports: [transport], pipeline, clock, ...options });
  const delivery = settled(ringback.deliver({ to: 'https://customer.example/hooks' }));
  await clock.advance(60_000);
  const { error } = await delivery;
  return error as DeliveryError;
}

const reasons = ({ attempts }: DeliveryError): unknown[] => attempts.map(({ reason }) => reason);

describe('attempt timeout with the phase named in the error', () => {
  it('stands in the record of the attempt, in the outcome and in the message', async () => {
    const phases = ['connecting', 'reading the response body'];
    const error = await timesOut((attempt) => {
      attempt.progress = { phase: phases[attempt.number - 1] as string };
    });
    expect(reasons(error)).toEqual(['no answer in time: connecting', 'no answer in time: reading the response body']);
    expect(error.outcome).toEqual({ kind: 'timed-out', reason: 'no answer in time: reading the response body' });
    expect(error.message).toContain('(no answer in time: reading the response body)');
  });

  it('is the one that the attempt stands in when its time is over', async () => {
    const progress = { phase: 'connecting' };
    const error = await timesOut((attempt) => {
      attempt.progress = progress;
      queueMicrotask(() => {
        progress.phase = 'waiting for the response';
      });
    });
    expect(reasons(error)).toEqual(Array(2).fill('no answer in time: waiting for the response'));
  });

  it('is told where the deadline ends the attempt too', async () => {
    const error = await timesOut(
      (attempt) => {
        attempt.progress = { phase: 'connecting' };
      },
      { pipeline: { deadlineMs: 1_000 } },
    );
    expect(error).toMatchObject({ why: 'deadline', outcome: { reason: 'no answer in time: connecting' } });
  });

  it('is that of the attempt itself: what the one before it did counts for nothing', async () => {
    const error = await timesOut((attempt) => {
      if (attempt.number === 1) attempt.progress = { phase: 'connecting' };
    });
    expect(reasons(error)).toEqual(['no answer in time: connecting', 'no answer in time']);
  });

  it("may be anything, as the transport is the user's: what is no text is not told, and a long one is cut", async () => {
    const told: unknown[] = [{ phase: 7 }, { phase: 'x'.repeat(1_000) }];
    const error = await timesOut((attempt) => {
      attempt.progress = told[attempt.number - 1] as never;
    });
    expect(reasons(error)).toEqual(['no answer in time', `no answer in time: ${'x'.repeat(200)}`]);
  });

  it('harms nothing where it throws', async () => {
    const progress = Object.defineProperty({}, 'phase', {
      get: () => {
        throw new Error('a bug');
      },
    });
    const error = await timesOut((attempt) => {
      attempt.progress = progress as never;
    });
    expect(reasons(error)).toEqual(['no answer in time', 'no answer in time']);
  });

  it('is the signature where the scheme is what takes so long', async () => {
    const signature: SignatureScheme = {
      name: 'slow',
      sign: () => new Promise(() => {}),
      verify: () => Promise.reject(new Error('unused')),
    };
    const error = await timesOut(() => {}, { signature });
    expect(reasons(error)).toEqual(Array(2).fill('no answer in time: waiting for the signature'));
  });

  it("is not added to a timeout of the transport's own, which says by itself what was late", async () => {
    const clock = fakeClock();
    const transport = {
      name: 'scripted',
      accepts: () => true,
      send: async (_message: unknown, attempt: SendAttempt): Promise<Answer> => {
        attempt.progress = { phase: 'connecting' };
        return { outcome: { kind: 'timed-out', reason: 'timed out while connecting' } };
      },
    };
    const ringback = createRingback({ transports: [transport], pipeline: { retry: false }, clock });
    const { error } = await settled(ringback.deliver({ to: 'https://customer.example/hooks' }));
    expect((error as DeliveryError).outcome.reason).toBe('timed out while connecting');
  });

  it('stands in a dead letter too', async () => {
    const clock = fakeClock();
    const transport = {
      name: 'scripted',
      accepts: () => true,
      send: (_message: unknown, attempt: SendAttempt): Promise<Answer> => {
        attempt.progress = { phase: 'connecting' };
        return new Promise(() => {});
      },
    };
    const ringback = createRingback({ transports: [transport], clock });
    const letters: unknown[] = [];
    ringback.on('dead-letter', ({ letter }) => letters.push(letter.reason));
    await ringback.enqueue({ to: 'https://customer.example/hooks', deadlineMs: 20_000 });
    await clock.advance(60_000);
    expect(letters).toEqual([expect.stringContaining('no answer in time: connecting')]);
    await ringback.close({ timeoutMs: 0 }).catch(() => {});
  });
});

describe('what a transport is handed', () => {
  it('tells of a timeout by the light signal and by the signal, with the same reason', async () => {
    const seen: unknown[] = [];
    const begin = (attempt: SendAttempt): void => {
      const { signal, lightSignal } = attempt;
      lightSignal?.addEventListener('abort', () => seen.push(lightSignal.aborted, lightSignal.reason));
      signal.addEventListener('abort', () => seen.push(signal.aborted, signal.reason));
      seen.push(signal.aborted, lightSignal?.aborted);
    };
    await timesOut(begin, { pipeline: { retry: false } });
    const timeout = expect.objectContaining({ code: 'attempt-timeout' });
    expect(seen).toEqual([false, false, true, timeout, true, timeout]);
  });

  it('does not tell a light listener that was taken off', async () => {
    const listener = { handleEvent: () => expect.unreachable() };
    const error = await timesOut(({ lightSignal }) => {
      lightSignal?.addEventListener('abort', listener);
      lightSignal?.removeEventListener('abort', listener);
    });
    expect(error.outcome.kind).toBe('timed-out');
  });

  it('is a signal that is aborted already where it is asked for after the timeout', async () => {
    const attempts: SendAttempt[] = [];
    await timesOut((attempt) => attempts.push(attempt));
    expect(attempts[0]?.signal.aborted).toBe(true);
    expect(attempts[0]?.signal.reason).toMatchObject({ code: 'attempt-timeout' });
  });
});
