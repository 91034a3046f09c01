/** Tries a configuration against an outage before it ships, in virtual time: `node examples/simulation.ts`. */
import type { PipelineSettings } from 'ringback';
import { consecutiveFailures } from 'ringback';
import { type MakeClient, type SimulationOptions, simulate } from 'ringback/simulation';

// Your traffic, what the partner can bear, and the outage you fear. The partner answers 10 · 1,000 / 70 = 143 a second at best.
const outage: SimulationOptions = {
  seed: 42,
  durationMs: 180_000,
  clients: 10,
  arrivals: { kind: 'poisson', perSecond: 100 },
  receiver: { workers: 10, service: { kind: 'lognormal', meanMs: 70 }, maxQueue: 5_000 },
  faults: [{ kind: 'outage', fromMs: 30_000, untilMs: 90_000, answers: 'silent' }],
};

// What you have now: three more tries at once, each given up after a second.
const naive: MakeClient = ({ clock }) => ({
  async execute(send) {
    for (let attempt = 1; ; attempt++) {
      const controller = new AbortController();
      const timer = clock.setTimer(() => controller.abort(new Error('no answer in a second')), 1_000);
      try {
        return await send({ signal: controller.signal });
      } catch (error) {
        if (attempt === 4) throw error;
      } finally {
        clock.clearTimer(timer);
      }
    }
  },
});

// What you are about to ship: the same settings as go into resiliencePipeline.
const yours: PipelineSettings = {
  attemptTimeoutMs: 1_000,
  deadlineMs: 10_000,
  circuitBreaker: { rule: consecutiveFailures({ threshold: 10 }), openMs: 2_000, maxOpenMs: 8_000 },
};

for (const [name, pipeline] of Object.entries({ naive, yours })) {
  const { summary } = await simulate({ ...outage, pipeline });
  const { during, after, timeToRecoverMs, wastedWorkShare } = summary;
  console.log(`${name}:`);
  console.log(`  requests for each callback in the outage: ${during?.loadAmplification.toFixed(2)}`);
  console.log(`  delivered a second after it: ${after?.goodputPerSecond.toFixed(0)} of 100`);
  console.log(`  back at 95 % of the load after: ${timeToRecoverMs === null ? 'never' : `${timeToRecoverMs / 1_000} s`}`);
  console.log(`  the partner's work that was for nobody: ${(100 * wastedWorkShare).toFixed(0)} %`);
}
