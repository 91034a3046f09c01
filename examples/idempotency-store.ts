/** A store of your own for idempotency keys, held to the contract: `node --test examples/idempotency-store.ts` */
import { describe, it } from 'node:test';
import { type Clock, type IdempotencyStore, systemClock } from 'ringback';
import { fakeClock, idempotencyStoreConformance } from 'ringback/testing';

type Row = { fingerprint: string; token: string; endsAtMs: number; result?: Uint8Array };

function mapStore(clock: Pick<Clock, 'now'> = systemClock, rows = new Map<string, Row>()): IdempotencyStore {
  const endOf = (durationMs: number): number => {
    if (durationMs > 0 && durationMs < Infinity) return clock.now() + durationMs;
    throw new RangeError(`no duration: ${durationMs} ms`);
  };
  /** The record that counts: its time is not over. */
  const live = (key: string): Row | undefined => {
    const row = rows.get(key);
    return row !== undefined && row.endsAtMs > clock.now() ? row : undefined;
  };
  /** Every write is fenced: it changes nothing, and says false, unless its token holds the key. */
  const write = (key: string, token: string, change: Partial<Row>): boolean => {
    const row = live(key);
    if (row?.token !== token || row.result !== undefined) return false;
    rows.set(key, { ...row, ...change });
    return true;
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
    renew: (key, token, leaseMs) => write(key, token, { endsAtMs: endOf(leaseMs) }),
    // It may be repeated, as its first answer was lost: then it finds its own token, and says true again.
    complete: (key, token, result, ttlMs) =>
      write(key, token, { endsAtMs: endOf(ttlMs), result: new Uint8Array(result) }) || live(key)?.token === token,
    release: (key, token) => write(key, token, {}) && rows.delete(key),
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
