/** A store of your own for idempotency keys, held to the contract: `node --test examples/idempotency-store.ts` */
import { describe, it } from 'node:test';
import { type Clock, type IdempotencyStore, systemClock } from 'ringback';
import { fakeClock, idempotencyStoreConformance } from 'ringback/testing';

type Row = { fingerprint: string; token: string; endsAtMs: number; result?: Uint8Array };

function mapStore(clock: Pick<Clock, 'now'> = systemClock, rows = new Map<string, Row>()): IdempotencyStore {
  /** The record that counts. Every write is fenced: by the token that holds the key, and only while its time lasts. */
  const live = (key: string, token?: string): Row | undefined => {
    const row = rows.get(key);
    return row !== undefined && row.endsAtMs > clock.now() && row.token === (token ?? row.token) ? row : undefined;
  };
  const endOf = (durationMs: number): number => {
    if (!(durationMs > 0 && durationMs < Infinity)) throw new RangeError(`no duration: ${durationMs} ms`);
    return clock.now() + durationMs;
  };
  return {
    claim(key, { fingerprint, leaseMs }) {
      const row = live(key);
      if (row?.result !== undefined) return { state: 'completed', fingerprint: row.fingerprint, result: row.result.slice() };
      if (row !== undefined)
        return { state: 'in-flight', fingerprint: row.fingerprint, retryAfterMs: row.endsAtMs - clock.now() };
      const token = crypto.randomUUID();
      rows.set(key, { fingerprint, token, endsAtMs: endOf(leaseMs) });
      return { state: 'claimed', token };
    },
    renew(key, token, leaseMs) {
      const endsAtMs = endOf(leaseMs);
      const row = live(key, token);
      if (row === undefined || row.result !== undefined) return false;
      rows.set(key, { ...row, endsAtMs });
      return true;
    },
    complete(key, token, result, ttlMs) {
      const endsAtMs = endOf(ttlMs);
      const row = live(key, token);
      if (row === undefined) return false;
      if (row.result === undefined) rows.set(key, { ...row, endsAtMs, result: new Uint8Array(result) });
      return true; // also when it is repeated, as its first answer was lost
    },
    release(key, token) {
      const row = live(key, token);
      return row !== undefined && row.result === undefined && rows.delete(key);
    },
  };
}

// The two instances that a case opens share their rows, as two processes share a database.
const clock = fakeClock();
const rows = new Map<string, Row>();

idempotencyStoreConformance({
  describe,
  it,
  createStore: () => ({ store: mapStore(clock, rows) }),
  advance: (durationMs) => clock.advance(durationMs),
});
