import { Buffer } from 'node:buffer';
import type { Claim } from '../../idempotency/store.js';

/** A row of the claim's statement. All of it is text, whatever the driver makes of other types. */
interface ClaimRow {
  readonly state: unknown;
  readonly fingerprint: unknown;
  readonly remaining: unknown;
  readonly result: unknown;
}

/**
 * What a claim that brought this token came to. Undefined when the rows show no state that still holds: the key changed hands
 * while the statement ran, or the time of its record ran out.
 *
 * @throws TypeError when the row is not one that the statement gives.
 */
export function claimIn(rows: readonly unknown[], token: string): Claim | undefined {
  if (rows.length === 0) return undefined;
  const { state, fingerprint, remaining, result } = Object(rows[0]) as ClaimRow;
  if (state === 'claimed') return { state, token };
  const retryAfterMs = typeof remaining === 'string' ? Number(remaining) : Number.NaN;
  if (typeof fingerprint !== 'string' || Number.isNaN(retryAfterMs)) throw strangeRow();
  if (retryAfterMs <= 0) return undefined;
  if (state === 'in-flight') return { state, fingerprint, retryAfterMs };
  if (state !== 'completed' || typeof result !== 'string') throw strangeRow();
  return { state, fingerprint, result: new Uint8Array(Buffer.from(result, 'base64')) };
}

const strangeRow = (): TypeError => new TypeError('client.query gave a row that the statement does not select');
