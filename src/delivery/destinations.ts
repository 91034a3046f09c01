import { classifyByDefault } from '../classify/default.js';
import type { Clock } from '../clock.js';
import { RingbackError } from '../errors.js';
import { checkNames, invalidOption } from '../options.js';
import type { Classify, Outcome } from '../outcome.js';
import { DestinationMap } from '../policies/destination-map.js';
import type { PipelineHooks } from '../policies/pipeline/call.js';
import { Pipeline } from '../policies/pipeline/pipeline.js';
import { OWN_SETTINGS, type PipelinePlan, planPipeline } from '../policies/pipeline/plan.js';
import { type PipelineSnapshot, snapshotPipeline } from '../policies/pipeline/snapshot.js';
import { TimeoutLine } from '../policies/pipeline/timeout-line.js';
import { type RetryBudget, type RetryBudgetOptions, retryBudget } from '../policies/retry-budget.js';
import type { Random } from '../random.js';
import type { Address } from './addresses.js';
import type { DestinationSettings } from './options.js';
import type { SendEnd } from './sender.js';

const DEFAULT_ATTEMPT_TIMEOUT_MS = 15_000;
/** Destinations with one timeout share one line of timeouts; beyond this many different timeouts each has its own. */
const MAX_SHARED_LINES = 64;

/** What the destinations of one instance have in common. */
export interface DestinationsSettings {
  readonly pipeline: DestinationSettings | ((destination: string) => DestinationSettings);
  readonly budget: RetryBudgetOptions | false | undefined;
  readonly maxDestinations: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly hooks: PipelineHooks;
}

const NO_OUTCOME: Outcome = Object.freeze({ kind: 'failed', reason: 'the transport answered with no outcome' });

/** A transport says what its answer means; a throw is classified as anywhere. What says nothing is not delivered. */
const answered: Classify = (end) => {
  if (!('value' in end)) return classifyByDefault(end);
  const outcome = (end.value as Partial<SendEnd> | undefined)?.outcome;
  if (typeof outcome?.kind !== 'string') return NO_OUTCOME;
  return outcome.retryAfterMs === undefined || outcome.retryAfterMs >= 0 ? outcome : { ...outcome, retryAfterMs: undefined };
};

/** One pipeline per destination, bounded; and the client's retry budget above them all. */
export class Destinations {
  private readonly settings: DestinationsSettings;
  private readonly clientBudget: RetryBudget | undefined;
  private readonly sharedPlan: PipelinePlan | undefined;
  private readonly pipelines: DestinationMap<Pipeline>;
  private readonly timeoutLines = new Map<number, TimeoutLine>();

  constructor(settings: DestinationsSettings) {
    const { budget, pipeline, maxDestinations } = settings;
    this.settings = settings;
    this.clientBudget = clientBudget(budget);
    if (typeof pipeline !== 'function') {
      checkNames('pipeline', pipeline, OWN_SETTINGS);
      refuseInstances(pipeline);
      this.sharedPlan = this.plan(pipeline);
    }
    this.pipelines = new DestinationMap({
      maxDestinations,
      create: (destination) => this.create(destination),
      mayEvict: (idle) => idle.isIdle(),
    });
  }

  pipeline(destination: string): Pipeline {
    return this.pipelines.get(destination);
  }

  /** The same for an address, which keeps the way to it. */
  pipelineAt(address: Address): Pipeline {
    return this.pipelines.getAt(address);
  }

  /** Only where there is one: looking on makes none. */
  find(destination: string): Pipeline | undefined {
    return this.pipelines.find(destination);
  }

  snapshot(): Record<string, PipelineSnapshot> {
    const all: [string, PipelineSnapshot][] = [];
    for (const [destination, pipeline] of this.pipelines) all.push([destination, snapshotPipeline(pipeline)]);
    return Object.fromEntries(all);
  }

  get clientBudgetBalance(): number | undefined {
    return this.clientBudget?.balance(this.settings.clock.monotonic());
  }

  private create(destination: string): Pipeline {
    const { hooks } = this.settings;
    const plan = this.sharedPlan ?? this.plan(this.ask(destination));
    return new Pipeline(plan, destination, this.timeoutLine(plan), hooks);
  }

  /** @throws RingbackError `invalid-option` when the user's function throws, or does not answer with settings at once. */
  private ask(destination: string): DestinationSettings {
    const { pipeline } = this.settings;
    let settings: unknown;
    try {
      settings = typeof pipeline === 'function' ? pipeline(destination) : pipeline;
    } catch (cause) {
      throw new RingbackError('invalid-option', `the function given as pipeline threw for ${destination}`, { cause });
    }
    // A promise has no names of its own, and would pass for settings that leave all at its default.
    if (settings instanceof Promise) throw invalidOption('pipeline(destination)', 'settings, not a promise of them', settings);
    checkNames('pipeline(destination)', settings, OWN_SETTINGS);
    return settings;
  }

  private plan(settings: DestinationSettings): PipelinePlan {
    const { clock, random } = this.settings;
    const deadlineMs = settings.deadlineMs ?? undefined;
    const attemptTimeoutMs =
      settings.attemptTimeoutMs ??
      (typeof deadlineMs === 'number' ? Math.min(DEFAULT_ATTEMPT_TIMEOUT_MS, deadlineMs) : DEFAULT_ATTEMPT_TIMEOUT_MS);
    const budget = this.nest(settings.budget);
    return planPipeline({ ...settings, attemptTimeoutMs, budget, classify: answered, clock, random });
  }

  /** Every destination's budget stands in the client's, unless it brings a parent of its own. */
  private nest(budget: DestinationSettings['budget']): RetryBudgetOptions | RetryBudget | false {
    if (budget === undefined) return this.clientBudget === undefined ? {} : { parent: this.clientBudget };
    // What is no object is refused by the plan.
    if (typeof budget !== 'object' || budget === null || this.clientBudget === undefined) return budget;
    if ('withdraw' in budget || budget.parent !== undefined) return budget;
    return { ...budget, parent: this.clientBudget };
  }

  private timeoutLine({ timeoutMs }: PipelinePlan): TimeoutLine | undefined {
    if (timeoutMs === undefined) return undefined;
    const shared = this.timeoutLines.get(timeoutMs);
    if (shared !== undefined) return shared;
    const line = new TimeoutLine(this.settings.clock, timeoutMs);
    if (this.timeoutLines.size < MAX_SHARED_LINES) this.timeoutLines.set(timeoutMs, line);
    return line;
  }
}

function clientBudget(budget: RetryBudgetOptions | false | undefined): RetryBudget | undefined {
  if (budget === false) return undefined;
  if (budget !== undefined && (typeof budget !== 'object' || budget === null)) {
    throw invalidOption('budget', 'options or false', budget);
  }
  return retryBudget({ maxTokens: 100, reservePerSecond: 10, ...budget });
}

const has = (part: unknown, method: string): boolean => typeof part === 'object' && part !== null && method in part;

/** In settings that all destinations share, an instance would make one breaker of all of them. */
function refuseInstances({ circuitBreaker, concurrency, rateLimiter, budget, extra }: DestinationSettings): void {
  for (const [name, part] of Object.entries({ circuitBreaker, concurrency, rateLimiter })) {
    if (has(part, 'acquire')) throw shared(`pipeline.${name}`);
  }
  if (has(budget, 'withdraw')) throw shared('pipeline.budget');
  const rule = circuitBreaker && 'rule' in Object(circuitBreaker) ? (circuitBreaker as { rule?: unknown }).rule : undefined;
  if (has(rule, 'failure')) throw shared('pipeline.circuitBreaker.rule');
  if (Array.isArray(extra) && extra.length > 0) throw shared('pipeline.extra');
}

function shared(name: string): RingbackError {
  return new RingbackError(
    'invalid-option',
    `${name} is an instance, and these settings are shared by all destinations, which would then share its state; ` +
      'give plain options, or a function: pipeline: (destination) => settings',
  );
}

/** The key that a destination has if the user names none: safe to print, so it holds no query. */
export function destinationKey(to: URL): string {
  if (to.origin !== 'null') return to.origin;
  // Without `//` the platform finds no credentials in a URI: `smtp:user:password@host`. A mail's name is nobody's business either.
  const path = to.pathname.slice(to.pathname.lastIndexOf('@') + 1);
  if (to.protocol === 'mailto:') return `mailto:${path.toLowerCase()}`;
  return to.host === '' ? `${to.protocol}${path}` : `${to.protocol}//${to.host}${to.pathname}`;
}
