import { describe, expect, it } from 'vitest';
import { bulkhead, circuitBreaker, resiliencePipeline, retryBudget } from '../../src/index.js';
import { type SimulationOptions, simulate } from '../../src/simulation/index.js';

const GOOD = {
  durationMs: 1_000,
  arrivals: { kind: 'constant', perSecond: 10 },
  receiver: { workers: 1, service: { kind: 'constant', meanMs: 1 } },
};

const refusal = async (options: object): Promise<string> => {
  const error = await simulate({ ...GOOD, ...options } as SimulationOptions).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'invalid-option' });
  return (error as Error).message;
};

describe('the options of simulate', () => {
  it.each<[object, string]>([
    [{ duration: 5 }, 'simulate has no option "duration"'],
    [{ durationMs: undefined }, 'durationMs must be a finite number above 0, at most 31622400000, got undefined (undefined)'],
    [{ durationMs: 0 }, 'durationMs must be'],
    [{ durationMs: 4e10 }, 'durationMs must be'],
    [{ seed: Number.NaN }, 'seed must be a finite number or a string'],
    [{ clients: 0 }, 'clients must be an integer from 1 to 100000'],
    [{ bucketMs: 0.001 }, 'bucketMs must be'],
    [{ arrivals: undefined }, 'arrivals.kind must be one of constant, poisson, burst, recorded'],
    [{ arrivals: { kind: 'uniform' } }, 'arrivals.kind must be one of constant, poisson, burst, recorded'],
    [{ arrivals: { kind: 'poisson' } }, 'arrivals.perSecond must be a finite number above 0, at most 10000000, got undefined'],
    [{ arrivals: { kind: 'poisson', perSecond: 1, size: 2 } }, 'arrivals has no option "size"'],
    [{ arrivals: { kind: 'constant', perSecond: 1, fromMs: 5, untilMs: 5 } }, 'arrivals.untilMs must be'],
    [{ arrivals: { kind: 'burst', size: 1.5, everyMs: 1 } }, 'arrivals.size must be'],
    [{ arrivals: { kind: 'burst', size: 1, everyMs: 0 } }, 'arrivals.everyMs must be'],
    [{ durationMs: 1e9, arrivals: { kind: 'constant', perSecond: 1e6 } }, 'arrivals must be at most 100000000 callbacks'],
    [{ arrivals: { kind: 'recorded', atMs: [2, 1] } }, 'arrivals.atMs must be an array of ms, from 0, ascending'],
    [{ arrivals: { kind: 'recorded', atMs: [-1] } }, 'arrivals.atMs must be'],
    [{ receiver: undefined }, 'receiver must be an object'],
    [{ receiver: { ...GOOD.receiver, workers: 0 } }, 'receiver.workers must be'],
    [{ receiver: { ...GOOD.receiver, queue: 5 } }, 'receiver has no option "queue"'],
    [{ receiver: { workers: 1 } }, 'receiver.service.kind must be one of constant, exponential, lognormal'],
    [{ receiver: { workers: 1, service: { kind: 'constant', meanMs: 0 } } }, 'receiver.service.meanMs must be'],
    [{ receiver: { workers: 1, service: { kind: 'constant', meanMs: 1, sigma: 1 } } }, 'receiver.service has no option "sigma"'],
    [{ receiver: { ...GOOD.receiver, errorRate: 1.1 } }, 'receiver.errorRate must be'],
    [{ receiver: { ...GOOD.receiver, rateLimit: { perSecond: 0 } } }, 'receiver.rateLimit.perSecond must be'],
    [{ receiver: { ...GOOD.receiver, destinations: 1_001 } }, 'receiver.destinations must be'],
    [{ faults: {} }, 'faults must be an array'],
    [{ faults: [null] }, 'faults[0].kind must be one of'],
    [{ faults: [{ kind: 'constructor' }] }, 'faults[0].kind must be one of'],
    [{ faults: [{ kind: 'outage', fromMs: 5, untilMs: 5 }] }, 'faults[0].untilMs must be'],
    [{ faults: [{ kind: 'outage', fromMs: 0, untilMs: 5, answers: 'never' }] }, 'faults[0].answers must be refused or silent'],
    [{ faults: [{ kind: 'outage', fromMs: 0, untilMs: 5, rate: 1 }] }, 'faults[0] has no option "rate"'],
    [{ faults: [{ kind: 'brown-out', fromMs: 0, untilMs: 5, capacity: 0 }] }, 'faults[0].capacity must be'],
    [{ faults: [{ kind: 'errors', fromMs: 0, untilMs: 5, rate: 2 }] }, 'faults[0].rate must be'],
    [
      { faults: [{ kind: 'latency', fromMs: 0, untilMs: 5 }] },
      'faults[0].addMs must be a finite number from 0 to 1000000000, got undefined',
    ],
    [{ faults: [{ kind: 'herd', atMs: 5_000, callbacks: 1 }] }, 'faults[0].atMs must be'],
    [{ faults: [{ kind: 'outage', fromMs: 0, untilMs: 5, destination: 1 }] }, 'faults[0].destination must be'],
    [{ pipeline: { retry: { maxAttempts: 0 } } }, 'retry.maxAttempts must be'],
    [{ pipeline: { random: () => 0 } }, "pipeline.random can't be set"],
    [{ pipeline: { clock: undefined } }, "pipeline.clock can't be set"],
    [{ pipeline: { circuitBreaker: circuitBreaker() } }, 'pipeline.circuitBreaker must be plain options'],
    [{ pipeline: { concurrency: bulkhead({ limit: 1 }) } }, 'pipeline.concurrency must be plain options'],
    [{ pipeline: { budget: retryBudget() } }, 'pipeline.budget must be plain options'],
    [{ pipeline: { budget: { parent: retryBudget() } } }, 'pipeline.budget must be plain options'],
    [{ pipeline: { extra: [circuitBreaker()] } }, 'pipeline.extra must be plain options'],
  ])('refuses %o', async (options, message) => expect(await refusal(options)).toContain(message));

  it('refuses a client that is none, or can not be made, when a callback first needs it', async () => {
    expect(await refusal({ pipeline: () => ({}) })).toContain('pipeline(environment) must be an object with execute()');
    expect(await refusal({ pipeline: () => resiliencePipeline({ attemptTimeoutMs: -1 }) })).toContain('attemptTimeoutMs');
  });
});
