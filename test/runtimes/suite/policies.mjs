import { isRingbackError, resiliencePipeline, seededRandom, systemClock } from 'ringback';
import { fakeClock } from 'ringback/testing';

/** Policies on a clock that is moved by hand, and on the runtime's own. */
export function policies({ test, assert }) {
  test('a circuit opens, refuses with the time to come back, and closes again', async () => {
    const clock = fakeClock();
    const partner = resiliencePipeline({ clock, random: seededRandom(7), retry: false, budget: false });
    const broken = () => partner.execute(() => Promise.reject(new Error('down'))).catch((thrown) => thrown);
    for (let call = 0; call < 20; call++) await broken();
    const refused = await broken();
    assert.ok(isRingbackError(refused, 'circuit-open'), String(refused));
    assert.ok(refused.retryAfterMs > 0);
    await clock.advance(60_000);
    assert.equal(await partner.execute(() => Promise.resolve('up')), 'up');
  });

  test('a limiter runs as many as it may, and lets the rest wait in line', async () => {
    const clock = fakeClock();
    const partner = resiliencePipeline({ clock, retry: false, concurrency: { limit: 2 } });
    let running = 0;
    let most = 0;
    const call = () =>
      partner.execute(async () => {
        most = Math.max(most, ++running);
        await clock.sleep(10);
        running--;
      });
    const calls = Promise.all([call(), call(), call(), call(), call()]);
    await clock.advance(1_000);
    await calls;
    assert.equal(most, 2);
  });

  test('a seed repeats a run', async () => {
    const draws = () => {
      const random = seededRandom(42);
      return [random(), random(), random()];
    };
    assert.deepEqual(draws(), draws());
  });

  test("the runtime's own clock times an attempt out, and aborts it", async () => {
    const partner = resiliencePipeline({ attemptTimeoutMs: 20, retry: false });
    let aborted = false;
    const error = await partner
      .execute(({ signal }) => {
        signal.addEventListener('abort', () => {
          aborted = true;
        });
        return new Promise(() => {});
      })
      .catch((thrown) => thrown);
    assert.ok(isRingbackError(error, 'attempt-timeout'), String(error));
    assert.deepEqual([error.name, aborted], ['TimeoutError', true]);
  });

  test("the runtime's own clock sleeps, and wakes at an abort", async () => {
    await systemClock.sleep(5);
    const controller = new AbortController();
    const sleeping = systemClock.sleep(60_000, controller.signal).catch((thrown) => thrown);
    controller.abort(new Error('enough'));
    assert.equal((await sleeping).message, 'enough');
  });
}
