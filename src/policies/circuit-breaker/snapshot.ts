import { isCount } from '../breaker-rules/count.js';
import type { PolicySnapshot } from '../policy.js';
import type { CircuitState } from './contract.js';

/** What a breaker remembers over a restart. Its times are durations from now, so that no clock can tear them. */
export interface CircuitMemory {
  readonly state: CircuitState;
  readonly reason: string;
  /** Times it opened in a row. */
  readonly opens: number;
  /** How long it stays open from now; 0 when it does not. */
  readonly openForMs: number;
  /** How long ago it closed, or its ramp started. */
  readonly sinceMs: number;
  readonly rule: { readonly name: string; readonly snapshot: PolicySnapshot };
}

/** As plain JSON, in wall-clock times. */
export function writeCircuit(memory: CircuitMemory, wallMs: number): PolicySnapshot {
  const { state, reason, opens, openForMs, sinceMs, rule } = memory;
  return {
    state,
    reason,
    opens,
    openUntilMs: state === 'open' ? wallMs + openForMs : null,
    sinceMs: state === 'closed' || state === 'ramping' ? wallMs - sinceMs : null,
    rule: { name: rule.name, ...rule.snapshot },
  };
}

const STATES: readonly unknown[] = ['closed', 'open', 'half-open', 'ramping', 'isolated'] satisfies CircuitState[];
const MAX_REASON_LENGTH = 200;

/** Reads what {@link writeCircuit} wrote; undefined when it is anything else. A time that makes no sense becomes now. */
export function readCircuit(snapshot: unknown, wallMs: number): CircuitMemory | undefined {
  if (!isRecord(snapshot)) return undefined;
  const { state, reason, opens, openUntilMs, sinceMs, rule } = snapshot;
  if (!STATES.includes(state) || typeof reason !== 'string' || !isCount(opens)) return undefined;
  const { name, ...ruleSnapshot } = isRecord(rule) ? rule : {};
  return {
    state: state as CircuitState,
    reason: reason.slice(0, MAX_REASON_LENGTH),
    opens,
    openForMs: Number.isFinite(openUntilMs) ? Math.max(0, (openUntilMs as number) - wallMs) : 0,
    sinceMs: Number.isFinite(sinceMs) ? Math.max(0, wallMs - (sinceMs as number)) : 0,
    rule: { name: typeof name === 'string' ? name : '', snapshot: ruleSnapshot as PolicySnapshot },
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
