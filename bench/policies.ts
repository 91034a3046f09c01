/** What policies cost around a call that does nothing, one call after another. A section of the benchmark. */
import { strict as assert } from 'node:assert';
import { ConsecutiveBreaker, circuitBreaker as cockatielBreaker, handleAll } from 'cockatiel';
import CircuitBreaker from 'opossum';
import { consecutiveFailures, resiliencePipeline } from 'ringback';
import { BARE_AWAIT, COCKATIEL, COCKATIEL_BREAKER, HAND_WRITTEN, RINGBACK } from './figures.ts';
import { HandWrittenPolicies } from './hand-written.ts';
import { type CallMaker, microPlan } from './micro.ts';
import { section } from './section.ts';
import { cockatielWrap, SEVEN_PARTS } from './settings.ts';

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

const AROUND_NOOP: Readonly<Record<string, CallMaker>> = {
  [BARE_AWAIT]: () => () => noop(),
  [HAND_WRITTEN]: () => {
    const floor = new HandWrittenPolicies();
    return () => floor.execute(noop);
  },
  [RINGBACK]: () => {
    const pipeline = resiliencePipeline(SEVEN_PARTS);
    return () => pipeline.execute(noop);
  },
  [FRESH_CALLEE]: () => {
    const pipeline = resiliencePipeline(SEVEN_PARTS);
    return () => pipeline.execute(async () => {});
  },
  [COCKATIEL]: () => {
    const wrapped = cockatielWrap();
    return () => wrapped.execute(noop);
  },
  [OPOSSUM]: () => {
    const breaker = new CircuitBreaker(noop, { timeout: 10_000 });
    return () => breaker.fire();
  },
};

/** opossum hands its callee no signal of its own, so it has no place here. */
const AROUND_TOUCHED_SIGNAL: Readonly<Record<string, CallMaker>> = {
  [BARE_AWAIT]: () => () => noop(),
  [HAND_WRITTEN]: () => {
    const floor = new HandWrittenPolicies();
    return () => floor.execute(touch);
  },
  [RINGBACK]: () => {
    const pipeline = resiliencePipeline(SEVEN_PARTS);
    return () => pipeline.execute(touch);
  },
  [COCKATIEL]: () => {
    const wrapped = cockatielWrap();
    return () => wrapped.execute(touch);
  },
};

/** Circuits that stay open, each caught by the caller. cockatiel's stands alone: inside its wrap, retry would try again. */
const REFUSED: Readonly<Record<string, CallMaker>> = {
  [RINGBACK]: () => {
    const rule = consecutiveFailures({ threshold: 1 });
    const pipeline = resiliencePipeline({ ...SEVEN_PARTS, circuitBreaker: { rule, openMs: OPEN_MS, maxOpenMs: OPEN_MS } });
    return refusedBy(
      () => pipeline.execute(noop),
      () => pipeline.execute(fail),
    );
  },
  [COCKATIEL_BREAKER]: () => {
    const alone = cockatielBreaker(handleAll, { halfOpenAfter: OPEN_MS, breaker: new ConsecutiveBreaker(1) });
    return refusedBy(
      () => alone.execute(noop),
      () => alone.execute(fail),
    );
  },
  [OPOSSUM]: () => {
    const breaker = new CircuitBreaker(fail, { resetTimeout: OPEN_MS });
    return refusedBy(
      () => breaker.fire(),
      () => breaker.fire(),
    );
  },
};

/** Opens the circuit by one failure; gives what calls, and is refused with an error of its own each time. */
async function refusedBy(call: () => unknown, open: () => Promise<unknown>): Promise<() => unknown> {
  await refusalOf(open);
  const [first, second] = [await refusalOf(call), await refusalOf(call)];
  assert(first instanceof Error && second instanceof Error && first !== second, 'does not refuse with fresh errors');
  return () => refusalOf(call);
}

async function refusalOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
    return undefined;
  } catch (error) {
    return error;
  }
}

await section({
  'no-op': microPlan(AROUND_NOOP),
  signal: microPlan(AROUND_TOUCHED_SIGNAL),
  refusal: microPlan(REFUSED),
});
