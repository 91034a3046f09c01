// Draws the picture of docs/simulation.md: `npm run build && node docs/pictures/simulation.mjs`.
import { writeFile } from 'node:fs/promises';
import { simulate, toSvg } from '../../dist/simulation/index.js';

const outage = {
  seed: 42,
  durationMs: 180_000,
  clients: 10,
  arrivals: { kind: 'poisson', perSecond: 100 },
  receiver: { workers: 10, service: { kind: 'lognormal', meanMs: 70 }, maxQueue: 5_000 },
  faults: [{ kind: 'outage', fromMs: 30_000, untilMs: 90_000, answers: 'silent' }],
};

/** Up to four tries, at once or after a wait that is always the same; each is given up after a second. */
const stubborn =
  (waitMs) =>
  ({ clock }) => ({
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
        await clock.sleep(waitMs);
      }
    },
  });

const runs = [];
for (const [name, pipeline] of [
  ['three more tries at once', stubborn(0)],
  ['three more, 2 s apart', stubborn(2_000)],
  ["ringback's defaults, 1 s for an attempt", { attemptTimeoutMs: 1_000 }],
]) {
  runs.push({ name, result: await simulate({ ...outage, bucketMs: 2_000, pipeline }) });
}
await writeFile(new URL('simulation.svg', import.meta.url), toSvg(runs));
