import type { IBreaker } from 'cockatiel';
import { checkNames, durationOption, invalidOption, numberOption } from '../../options.js';
import { cockatielRule } from '../breaker-rules/cockatiel-breaker.js';
import { failureRate } from '../breaker-rules/failure-rate.js';
import type { BreakerRuleSpec } from '../breaker-rules.js';
import type { CircuitBreakerOptions } from './contract.js';

/** The options of a circuit breaker, checked. One object serves any number of breakers, a given `IBreaker` excepted. */
export interface CircuitBreakerSettings {
  readonly rule: BreakerRuleSpec;
  readonly openMs: number;
  readonly maxOpenMs: number;
  readonly probes: number;
  readonly probesToClose: number;
  readonly probeTimeoutMs: number;
  readonly ramp: readonly RampStep[];
  readonly rampStepMs: number;
}

/** One step of the ramp. */
export interface RampStep {
  /** The share of calls let in, between 0 and 1. */
  readonly share: number;
  /** What a refused call is told: built here once, not per refusal. */
  readonly refusal: string;
}

const NAMES = [
  'rule',
  'openMs',
  'maxOpenMs',
  'probes',
  'probesToClose',
  'probeTimeoutMs',
  'rampUp',
  'rampStepMs',
] as const satisfies readonly (keyof CircuitBreakerOptions)[];

/** Longer spares the other end nothing, as an open circuit sends it three probes; it only finds out later that all is well (docs/storms.md). */
const DEFAULT_MAX_OPEN_MS = 15_000;
const DEFAULT_PROBES_TO_CLOSE = 2;
const MAX_PROBES = 100;
const MAX_RAMP_STEPS = 20;

/** Made once: many breakers are built with defaults alone, and share them. */
const DEFAULT_RULE = failureRate();
const DEFAULT_RAMP = rampSteps([0.1, 0.25, 0.5]);

/** Checks the options of a circuit breaker; throws `invalid-option`. */
export function circuitBreakerSettings(options: CircuitBreakerOptions): CircuitBreakerSettings {
  checkNames('circuitBreaker', options, NAMES);
  const openMs = numberOption('circuitBreaker.openMs', options.openMs, 5_000, { above: 0 });
  const longest = Math.max(openMs, DEFAULT_MAX_OPEN_MS);
  const maxOpenMs = durationOption('circuitBreaker.maxOpenMs', options.maxOpenMs, longest);
  if (maxOpenMs < openMs) throw invalidOption('circuitBreaker.maxOpenMs', `at least openMs (${openMs})`, maxOpenMs);
  const probes = numberOption('circuitBreaker.probes', options.probes, 3, { from: 1, to: MAX_PROBES, integer: true });
  const toClose = Math.min(probes, DEFAULT_PROBES_TO_CLOSE);
  const probesToClose = numberOption('circuitBreaker.probesToClose', options.probesToClose, toClose, { from: 1, integer: true });
  if (probesToClose > probes) {
    throw invalidOption('circuitBreaker.probesToClose', `at most probes (${probes}), or it never closes`, probesToClose);
  }
  return {
    rule: ruleOption(options.rule),
    openMs,
    maxOpenMs,
    probes,
    probesToClose,
    probeTimeoutMs: numberOption('circuitBreaker.probeTimeoutMs', options.probeTimeoutMs, 30_000, { above: 0 }),
    ramp: options.rampUp === undefined ? DEFAULT_RAMP : rampSteps(options.rampUp),
    rampStepMs: numberOption('circuitBreaker.rampStepMs', options.rampStepMs, 1_000, { above: 0 }),
  };
}

function ruleOption(rule: CircuitBreakerOptions['rule']): BreakerRuleSpec {
  if (rule === undefined) return DEFAULT_RULE;
  const given = rule as Partial<BreakerRuleSpec & IBreaker> | null;
  if (typeof given?.create === 'function' && typeof given.name === 'string') return rule as BreakerRuleSpec;
  if (typeof given?.success === 'function' && typeof given.failure === 'function') return cockatielRule(rule as IBreaker);
  throw invalidOption('circuitBreaker.rule', 'a rule such as failureRate({...}), or a cockatiel IBreaker', rule);
}

function rampSteps(shares: readonly number[]): readonly RampStep[] {
  if (!Array.isArray(shares) || shares.length > MAX_RAMP_STEPS) {
    throw invalidOption('circuitBreaker.rampUp', `an array of at most ${MAX_RAMP_STEPS} shares`, shares);
  }
  return shares.map((share: unknown, step) => {
    const name = `circuitBreaker.rampUp[${step}]`;
    const before = step === 0 ? 0 : (shares[step - 1] as number);
    if (typeof share !== 'number' || !(share > before && share < 1)) {
      throw invalidOption(
        name,
        step === 0 ? 'a share above 0, below 1' : `a share above the one before (${before}), below 1`,
        share,
      );
    }
    return { share, refusal: `ramping up, ${Math.round(share * 1000) / 10} % of calls are let in` };
  });
}
