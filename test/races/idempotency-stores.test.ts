import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { Claim } from '../../src/idempotency/store.js';
import { serviceUrl } from '../services.js';
import { type Racer, type SharedStore, startRacer } from './racer.js';

const PROCESSES = 8;
const KEYS = 500;
/** Ends by itself in no race, and soon enough after it. */
const LONG_MS = 60_000;
/** A lease that is waited out. */
const SHORT_MS = 1_000;
const RACE_TIMEOUT_MS = 120_000;

const name = `ringback_races_${randomBytes(6).toString('hex')}`;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function tokenOf(claimed: Claim): string {
  if (claimed.state !== 'claimed') throw new Error(`expected a claim, got ${claimed.state}`);
  return claimed.token;
}

const folder = mkdtempSync(join(tmpdir(), 'ringback-races-'));
const postgresUrl = await serviceUrl('postgres');

/** The real stores. Where none answers there is no location, and its races are skipped. */
const STORES = [
  ['redis', await serviceUrl('redis')],
  ['postgres', postgresUrl],
  ['sqlite', join(folder, 'races.db')],
] as const;

for (const [kind, location] of STORES) {
  describe.skipIf(location === undefined)(`processes that share ${kind}`, { timeout: RACE_TIMEOUT_MS }, () =>
    raceOn(kind, location),
  );
}

/** Redis forgets by itself. */
afterAll(async () => {
  rmSync(folder, { recursive: true });
  if (postgresUrl === undefined) return;
  const client = new pg.Client({ connectionString: postgresUrl });
  await client.connect();
  await client.query(`DROP TABLE IF EXISTS ${name}`);
  await client.end();
});

function raceOn(kind: SharedStore['kind'], location = ''): void {
  let racers: Racer[] = [];
  /** All wait at the start line before any is asked for something. */
  const start = async (count: number): Promise<readonly Racer[]> => {
    racers = Array.from({ length: count }, (_, index) => startRacer({ kind, location, name }, index));
    await Promise.all(racers.map(({ ready }) => ready));
    return racers;
  };
  afterEach(() => Promise.all(racers.map((racer) => racer.kill())));

  it(`${PROCESSES} processes claim ${KEYS} keys at once: each key is won exactly once`, async () => {
    await start(PROCESSES);
    const keys = Array.from({ length: KEYS }, (_, index) => `race ${index}`);
    const states = await Promise.all(racers.map(({ calls }) => calls.claimAll(keys, { fingerprint: 'f', leaseMs: LONG_MS })));
    const winners = keys.map((_, key) => states.filter((ofRacer) => ofRacer[key] === 'claimed').length);
    expect(winners).toEqual(keys.map(() => 1));
    expect(new Set(states.flat())).toEqual(new Set(['claimed', 'in-flight']));
  });

  it('one is killed between its effect and `complete`: exactly one other takes over, and what the dead one held writes nothing', async () => {
    const [dying, ...others] = (await start(5)) as [Racer, ...Racer[]];
    const late = tokenOf(await dying.calls.claim('killed', { fingerprint: 'f', leaseMs: SHORT_MS }));
    await dying.kill();
    const claims = await Promise.all(
      others.map(async ({ calls }, index) => {
        const claim = await calls.claimWhenFree('killed', { fingerprint: 'f', leaseMs: LONG_MS });
        if (claim.state !== 'claimed') return claim;
        expect(await calls.renew('killed', late, LONG_MS)).toBe(false);
        expect(await calls.complete('killed', late, bytes('late'), LONG_MS)).toBe(false);
        expect(await calls.release('killed', late)).toBe(false);
        expect(await calls.complete('killed', claim.token, bytes(`racer ${index}`), LONG_MS)).toBe(true);
        return claim;
      }),
    );
    const winner = claims.findIndex(({ state }) => state === 'claimed');
    const completed = { state: 'completed', fingerprint: 'f', result: bytes(`racer ${winner}`) };
    expect(claims.filter((_, index) => index !== winner)).toEqual([completed, completed, completed]);
  });

  it('one is stopped past its lease and goes on: it is refused, and its successor’s record is untouched', async () => {
    const [stopped, successor, reader] = (await start(3)) as [Racer, Racer, Racer];
    const late = tokenOf(await stopped.calls.claim('stopped', { fingerprint: 'f', leaseMs: SHORT_MS }));
    stopped.signal('SIGSTOP');
    const token = tokenOf(await successor.calls.claimWhenFree('stopped', { fingerprint: 'f', leaseMs: LONG_MS }));
    const lateWrites = [
      stopped.calls.complete('stopped', late, bytes('late'), LONG_MS),
      stopped.calls.renew('stopped', late, LONG_MS),
      stopped.calls.release('stopped', late),
    ];
    stopped.signal('SIGCONT');
    expect(await Promise.all(lateWrites)).toEqual([false, false, false]);
    const request = { fingerprint: 'other', leaseMs: LONG_MS };
    expect(await reader.calls.claim('stopped', request)).toMatchObject({ state: 'in-flight', fingerprint: 'f' });
    expect(await successor.calls.complete('stopped', token, bytes('successor'), LONG_MS)).toBe(true);
    expect(await stopped.calls.complete('stopped', late, bytes('late'), LONG_MS)).toBe(false);
    expect(await stopped.calls.release('stopped', late)).toBe(false);
    const completed = { state: 'completed', fingerprint: 'f', result: bytes('successor') };
    expect(await reader.calls.claim('stopped', request)).toEqual(completed);
  });
}
