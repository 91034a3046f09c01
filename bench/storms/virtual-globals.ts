import { type Clock, seededRandom } from 'ringback';
import type { MakeClient } from 'ringback/simulation';

/**
 * Runs `run` with the virtual clock and seeded randomness in place of the globals that cockatiel reads: `setTimeout`,
 * `clearTimeout`, `Date.now`, `Math.random`. The simulation itself holds on to the platform's own. The clock becomes known when
 * the first client is made, and no client runs before that.
 */
export async function onVirtualGlobals<T>(
  seed: number,
  makeClient: MakeClient,
  run: (makeClient: MakeClient) => Promise<T>,
): Promise<T> {
  const { setTimeout, clearTimeout } = globalThis;
  const { now } = Date;
  const { random } = Math;
  const install = (clock: Clock): void => {
    globalThis.setTimeout = ((callback: () => void, delayMs = 0) => clock.setTimer(callback, delayMs)) as typeof setTimeout;
    globalThis.clearTimeout = ((timer: object) => clock.clearTimer(timer)) as typeof clearTimeout;
    Date.now = () => clock.now();
    Math.random = seededRandom(`${seed} globals`);
  };
  let isInstalled = false;
  try {
    return await run((environment) => {
      if (!isInstalled) install(environment.clock);
      isInstalled = true;
      return makeClient(environment);
    });
  } finally {
    globalThis.setTimeout = setTimeout;
    globalThis.clearTimeout = clearTimeout;
    Date.now = now;
    Math.random = random;
  }
}
