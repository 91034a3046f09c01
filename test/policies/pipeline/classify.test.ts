import { handleType } from 'cockatiel';
import { describe, expect, it } from 'vitest';
import type { OutcomeKind } from '../../../src/outcome.js';
import { consecutiveFailures } from '../../../src/policies/breaker-rules/consecutive-failures.js';
import { circuitBreaker } from '../../../src/policies/circuit-breaker.js';
import { bulkhead } from '../../../src/policies/concurrency-limiter.js';
import { planPipeline } from '../../../src/policies/pipeline/plan.js';
import { countedSignal, lab, retryEvery, watch } from './lab.js';

class NetworkError extends Error {}

describe('classify', () => {
  it('one that throws leaks nothing: the caller gets the throw, once, and nobody retries', async () => {
    const limiter = bulkhead({ limit: 1 });
    const breaker = circuitBreaker({ rule: consecutiveFailures({ threshold: 1 }) });
    const { clock, pipeline } = lab({
      concurrency: limiter,
      circuitBreaker: breaker,
      retry: retryEvery(10),
      attemptTimeoutMs: 100,
      classify: () => {
        throw new Error('classify broke');
      },
    });
    const { signal, listening } = countedSignal();
    let calls = 0;
    for (const end of [async () => ++calls, () => ++calls, () => Promise.reject(new Error(`down ${++calls}`))]) {
      await expect(pipeline.execute(end, signal)).rejects.toThrow('classify broke');
    }
    await clock.advance(1_000);
    expect([calls, limiter.inFlight, clock.timers, listening(), breaker.state]).toEqual([3, 0, 0, 0, 'closed']);
  });

  it('one that throws is no sample: it does not count as a success either', async () => {
    const breaker = circuitBreaker({ rule: consecutiveFailures({ threshold: 2 }) });
    const classify = ({ value }: { value?: unknown }): 'failed' => {
      if (value === 'odd') throw new Error('classify broke');
      return 'failed';
    };
    const { pipeline } = lab({ circuitBreaker: breaker, classify: classify as never });
    await pipeline.execute(async () => 'bad');
    await pipeline.execute(async () => 'odd').catch(() => {});
    await pipeline.execute(async () => 'bad');
    expect(breaker.state).toBe('open');
  });

  it('no opinion leaves it to the default', async () => {
    const { pipeline } = lab({ classify: () => undefined });
    expect(await pipeline.execute(async () => 'fine')).toBe('fine');
    await expect(pipeline.execute(() => Promise.reject(new Error('down')))).rejects.toThrow('down');
  });

  it.each(['constructor', 'toString', 42, true, {}, { kind: 'hasOwnProperty' }, Promise.resolve('delivered')])(
    'an answer that is none of ours (%s) counts as failed: nothing passes for delivered',
    async (answer) => {
      const breaker = circuitBreaker({ rule: consecutiveFailures({ threshold: 1 }) });
      const { pipeline } = lab({ circuitBreaker: breaker, classify: () => answer as OutcomeKind });
      expect(await pipeline.execute(async () => 'a value is returned all the same')).toContain('value');
      expect(breaker.state).toBe('open');
    },
  );

  it.each([
    ['nope', '"nope" (string)'],
    [{ kind: 'nope' }, '"nope" (string)'],
    [42, '42 (number)'],
    [Promise.resolve('delivered'), '[object Promise] (object)'],
  ])('an answer that is none of ours (%s) is named in the reason', (answer, shown) => {
    const plan = planPipeline({ classify: () => answer as OutcomeKind });
    expect(plan.outcomeOf({ value: 1 })).toEqual({ kind: 'failed', reason: `unknown outcome ${shown}` });
  });

  it('a cockatiel filter: what it handles is failed, other values delivered, other errors rejected', async () => {
    const filter = handleType(NetworkError).orWhenResult((value) => value === 503);
    const { clock, pipeline } = lab({ classify: filter, retry: retryEvery(10, 3) });
    const counted = async (end: () => unknown): Promise<number> => {
      let calls = 0;
      watch(
        pipeline.execute(async () => {
          calls++;
          return end();
        }),
      );
      await clock.advance(100);
      return calls;
    };
    const throws = (error: Error) => (): never => {
      throw error;
    };
    expect(await counted(throws(new NetworkError()))).toBe(3);
    expect(await counted(throws(new Error('other')))).toBe(1);
    expect(await counted(() => 503)).toBe(3);
    expect(await counted(() => 200)).toBe(1);
  });

  it('is not asked about a timeout or an abort: the pipeline knows', async () => {
    const ends: unknown[] = [];
    const { clock, pipeline } = lab({
      attemptTimeoutMs: 10,
      classify: (end) => {
        ends.push(end);
        return undefined;
      },
    });
    watch(pipeline.execute(() => new Promise(() => {})));
    await clock.advance(10);
    expect(ends).toEqual([]);
  });
});
