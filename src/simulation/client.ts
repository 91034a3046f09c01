import type { Clock } from '../clock.js';
import { RingbackError } from '../errors.js';
import { invalidOption } from '../options.js';
import { Pipeline } from '../policies/pipeline/pipeline.js';
import { planPipeline } from '../policies/pipeline/plan.js';
import type { PipelineSettings } from '../policies/pipeline/settings.js';
import { TimeoutLine } from '../policies/pipeline/timeout-line.js';
import type { Random } from '../random.js';
import { type SimulatedAnswer, simulatedOutcome } from './failure.js';

/** Sends one attempt. It ends early when the signal is aborted; the receiver does not hear of that, and works on. */
export type Send = (context?: { readonly signal?: AbortSignal | undefined }) => Promise<SimulatedAnswer>;

/** Sees one callback delivered: what a `resiliencePipeline`, a cockatiel policy, or three lines of your own can be. */
export interface SimulatedClient {
  /** Calls `send` as often as it likes; resolves when the callback is delivered, rejects when it gives up. */
  execute(send: Send): PromiseLike<unknown>;
}

/** What a client of your own is made from. All time and chance must come from here, or no run is like the one before. */
export interface ClientEnvironment {
  /** The virtual clock. */
  readonly clock: Clock;
  readonly random: Random;
  /** The number of the client, from 0. */
  readonly client: number;
  /** The number of the destination that it sends to, from 0. */
  readonly destination: number;
}

/** Makes the client of one number for one destination, when it first sends there. */
export type MakeClient = (environment: ClientEnvironment) => SimulatedClient;

/** Settings for the pipelines of all clients. Parts are plain options; the clock and randomness are the simulation's. */
export type SimulatedPipeline = Omit<PipelineSettings, 'clock' | 'random'>;

/** What can be seen of a client's policies. */
export interface Gauges {
  readonly limit: number | undefined;
  readonly budget: number | undefined;
  readonly circuit: 'closed' | 'open' | 'recovering' | undefined;
}

/** A client as the simulation keeps it. */
export interface ObservedClient extends SimulatedClient {
  gauges?(nowMs: number): Gauges;
}

/** Makes clients on a run's clock. */
export type ClientFactory = (clock: Clock, random: Random) => (environment: ClientEnvironment) => ObservedClient;

/** Checks `pipeline`: settings, or a function. */
export function clientFactory(pipeline: SimulatedPipeline | MakeClient): ClientFactory {
  if (typeof pipeline === 'function') return () => (environment) => checkClient(pipeline(environment));
  checkPlain(pipeline);
  // Checked now, so that what is wrong shows before time begins.
  planPipeline(pipeline);
  return (clock, random) => {
    const plan = planPipeline({ classify: simulatedOutcome, ...pipeline, clock, random });
    const timeouts = plan.timeoutMs === undefined ? undefined : new TimeoutLine(clock, plan.timeoutMs);
    return () => new PipelineClient(new Pipeline(plan, undefined, timeouts));
  };
}

function checkClient(client: SimulatedClient): SimulatedClient {
  if (typeof (client as SimulatedClient | null | undefined)?.execute !== 'function') {
    throw invalidOption('pipeline(environment)', 'an object with execute()', client);
  }
  return client;
}

/** An instance carries its state from one run into the next, which then is another although the seed is the same. */
function checkPlain(settings: SimulatedPipeline): void {
  const given = { ...settings } as Record<string, unknown>;
  for (const name of ['clock', 'random']) {
    if (name in given) throw new RingbackError('invalid-option', `pipeline.${name} can't be set: the simulation has its own`);
  }
  for (const name of ['circuitBreaker', 'concurrency', 'rateLimiter', 'budget']) {
    const part = given[name];
    if (typeof part !== 'object' || part === null) continue;
    if ('acquire' in part || 'withdraw' in part || 'parent' in part) throw notPlain(`pipeline.${name}`, part);
  }
  if (Array.isArray(settings.extra) && settings.extra.length > 0) throw notPlain('pipeline.extra', settings.extra);
}

function notPlain(name: string, value: unknown): RingbackError {
  return invalidOption(
    name,
    'plain options (an instance keeps its state: make one in a function, (environment) => client)',
    value,
  );
}

class PipelineClient implements ObservedClient {
  readonly #pipeline: Pipeline;

  constructor(pipeline: Pipeline) {
    this.#pipeline = pipeline;
  }

  execute(send: Send): Promise<unknown> {
    return this.#pipeline.call(send, undefined, undefined);
  }

  gauges(nowMs: number): Gauges {
    const { budget, admission } = this.#pipeline;
    const state = admission.breaker?.state;
    const isOpen = state === 'open' || state === 'isolated';
    return {
      limit: admission.limiter?.limit,
      budget: budget?.balance(nowMs),
      circuit: state === undefined || state === 'closed' ? state : isOpen ? 'open' : 'recovering',
    };
  }
}
