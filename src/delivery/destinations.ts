import { classifyByDefault } from '../classify/default.js';
import type { Clock } from '../clock.js';
import { RingbackError } from '../errors.js';
import { invalidOption } from '../options.js';
import type { Classify } from '../outcome.js';
import { DestinationMap } from '../policies/destination-map.js';
import { Pipeline } from '../policies/pipeline.js';
import type { PipelineHooks } from '../policies/pipeline-call.js';
import { type PipelinePlan, planPipeline } from '../policies/pipeline-plan.js';
import { type PipelineSnapshot, snapshotPipeline } from '../policies/pipeline-snapshot.js';
import { type RetryBudget, type RetryBudgetOptions, retryBudget } from '../policies/retry-budget.js';
import { TimeoutLine } from '../policies/timeout-line.js';
import type { Random } from '../random.js';
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

/** A transport says what its answer means; a throw is classified as anywhere. */
const answered: Classify = (end) => ('value' in end ? (end.value as SendEnd).outcome : classifyByDefault(end));

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
    this.clientBudget = budget === false ? undefined : retryBudget({ maxTokens: 100, reservePerSecond: 10, ...budget });
    if (typeof pipeline !== 'function') {
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
    const { pipeline, hooks } = this.settings;
    const plan = this.sharedPlan ?? this.plan((pipeline as (destination: string) => DestinationSettings)(destination));
    return new Pipeline(plan, destination, this.timeoutLine(plan), hooks);
  }

  private plan(settings: DestinationSettings): PipelinePlan {
    if (typeof settings !== 'object' || settings === null)
      throw invalidOption('pipeline', 'settings or a function of the destination', settings);
    const { clock, random } = this.settings;
    const deadlineMs = settings.deadlineMs ?? undefined;
    const attemptTimeoutMs =
      settings.attemptTimeoutMs ??
      (typeof deadlineMs === 'number' ? Math.min(DEFAULT_ATTEMPT_TIMEOUT_MS, deadlineMs) : DEFAULT_ATTEMPT_TIMEOUT_MS);
    const budget = this.nest(settings.budget);
    const concurrency = settings.concurrency ?? {};
    return planPipeline({ ...settings, attemptTimeoutMs, budget, concurrency, classify: answered, clock, random });
  }

  /** Every destination's budget stands in the client's, unless it brings a parent of its own. */
  private nest(budget: DestinationSettings['budget']): RetryBudgetOptions | RetryBudget | false {
    if (budget === false || this.clientBudget === undefined) return budget ?? {};
    if (budget !== undefined && ('withdraw' in budget || budget.parent !== undefined)) return budget;
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

/** In settings that all destinations share, an instance would make one breaker of all of them. */
function refuseInstances(settings: DestinationSettings): void {
  const { circuitBreaker, concurrency, rateLimiter, budget, extra } = settings;
  const parts = { circuitBreaker, concurrency, rateLimiter };
  for (const [name, part] of Object.entries(parts)) {
    if (part && 'acquire' in part) throw shared(`pipeline.${name}`);
  }
  if (budget && 'withdraw' in budget) throw shared('pipeline.budget');
  if (circuitBreaker && 'rule' in circuitBreaker && circuitBreaker.rule !== undefined && 'failure' in circuitBreaker.rule) {
    throw shared('pipeline.circuitBreaker.rule');
  }
  if (extra !== undefined && extra.length > 0) throw shared('pipeline.extra');
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
  if (to.protocol === 'mailto:') return `mailto:${to.pathname.slice(to.pathname.lastIndexOf('@') + 1).toLowerCase()}`;
  return `${to.protocol}${to.host === '' ? '' : `//${to.host}`}${to.pathname}`;
}
