/** What policies cost around a call that does nothing, one call after another. A section of the benchmark. */
import { strict as assert } from 'node:assert';
import { ConsecutiveBreaker, circuitBreaker as cockatielBreaker, handleAll } from 'cockatiel';
import CircuitBreaker from 'opossum';
import { consecutiveFailures, resiliencePipeline } from 'ringback';
import { BARE_AWAIT, COCKATIEL, COCKATIEL_BREAKER, RINGBACK, type Topic } from './figures.ts';
import { HandWrittenPolicies } from './hand-written.ts';
import { type Calls, microCandidate } from './micro.ts';
import { measureInRounds } from './rounds.ts';
import { type SectionRun, section } from './section.ts';
import { cockatielWrap, SEVEN_PARTS } from './settings.ts';

const HAND_WRITTEN = 'hand-written, seven parts in one frame';
const OPOSSUM = 'opossum';
const FRESH_CALLEE = 'ringback, another function each time';
/** Longer than any run. */
const OPEN_MS = 3_600_000;

const noop = async (): Promise<void> => {};
const onAbort = (): void => {};
const touch = async ({ signal }: { readonly signal: AbortSignal }): Promise<void> => {
  signal.addEventListener('abort', onAbort);
};
const fail = async (): Promise<never> => {
  throw new Error('down');
};

function aroundNoop(): Calls {
  const pipeline = resiliencePipeline(SEVEN_PARTS);
  const wrapped = cockatielWrap();
  const floor = new HandWrittenPolicies();
  const breaker = new CircuitBreaker(noop, { timeout: 10_000 });
  return {
    [BARE_AWAIT]: () => noop(),
    [HAND_WRITTEN]: () => floor.execute(noop),
    [RINGBACK]: () => pipeline.execute(noop),
    [FRESH_CALLEE]: () => pipeline.execute(async () => {}),
    [COCKATIEL]: () => wrapped.execute(noop),
    [OPOSSUM]: () => breaker.fire(),
  };
}

/** opossum hands its callee no signal of its own, so it has no place here. */
function aroundTouchedSignal(): Calls {
  const pipeline = resiliencePipeline(SEVEN_PARTS);
  const wrapped = cockatielWrap();
  const floor = new HandWrittenPolicies();
  return {
    [BARE_AWAIT]: () => noop(),
    [HAND_WRITTEN]: () => floor.execute(touch),
    [RINGBACK]: () => pipeline.execute(touch),
    [COCKATIEL]: () => wrapped.execute(touch),
  };
}

/** Circuits that stay open, each caught by the caller. cockatiel's stands alone: inside its wrap, retry would try again. */
async function openCircuits(): Promise<Calls> {
  const rule = consecutiveFailures({ threshold: 1 });
  const pipeline = resiliencePipeline({ ...SEVEN_PARTS, circuitBreaker: { rule, openMs: OPEN_MS, maxOpenMs: OPEN_MS } });
  const alone = cockatielBreaker(handleAll, { halfOpenAfter: OPEN_MS, breaker: new ConsecutiveBreaker(1) });
  const breaker = new CircuitBreaker(fail, { resetTimeout: OPEN_MS });
  const calls: Calls = {
    [RINGBACK]: () => pipeline.execute(noop),
    [COCKATIEL_BREAKER]: () => alone.execute(noop),
    [OPOSSUM]: () => breaker.fire(),
  };
  await Promise.allSettled([pipeline.execute(fail), alone.execute(fail), breaker.fire()]);
  for (const [name, call] of Object.entries(calls)) {
    const [first, second] = [await refusalOf(call), await refusalOf(call)];
    assert(first instanceof Error && second instanceof Error && first !== second, `${name} does not refuse with fresh errors`);
  }
  return Object.fromEntries(Object.entries(calls).map(([name, call]) => [name, () => refusalOf(call)]));
}

async function refusalOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
    return undefined;
  } catch (error) {
    return error;
  }
}

async function measureCalls({ topic, size, progress }: SectionRun) {
  const makers: Partial<Record<Topic, () => Calls | Promise<Calls>>> = {
    'no-op': aroundNoop,
    signal: aroundTouchedSignal,
    refusal: openCircuits,
  };
  const calls = await (makers[topic] ?? aroundNoop)();
  const candidates = Object.entries(calls).map(([name, call]) => microCandidate(name, call, size.sliceMs));
  return { [topic]: await measureInRounds('ns a call', candidates, size.rounds, progress) };
}

await section(measureCalls);
