import { describe, expect, it } from 'vitest';
import { statusKind, statusOutcome, thrownStatusOutcome } from '../../src/classify/status.js';
import type { OutcomeKind } from '../../src/outcome.js';

describe('statusKind', () => {
  const named: Record<number, OutcomeKind> = {
    304: 'rejected',
    408: 'failed',
    410: 'gone',
    425: 'failed',
    429: 'overloaded',
    502: 'overloaded',
    503: 'overloaded',
    504: 'overloaded',
  };
  const byClass: OutcomeKind[] = ['failed', 'failed', 'delivered', 'failed', 'rejected', 'failed', 'failed'];

  it('knows every status: 2xx delivered, 3xx and 5xx failed, 4xx rejected, and those with a meaning of their own', () => {
    for (let status = 0; status < 700; status++) {
      expect([status, statusKind(status)]).toEqual([status, named[status] ?? byClass[Math.floor(status / 100)]]);
    }
  });
});

describe('statusOutcome', () => {
  it('says that a redirect is one', () => {
    expect(statusOutcome(301, {}).reason).toBe('answered 301, a redirect that was not followed');
    expect(statusOutcome(304, {}).reason).toBe('answered 304');
    expect(statusOutcome(408, {}).reason).toBe('answered 408');
  });

  it('carries the wait that was asked for, whatever the failure', () => {
    for (const status of [301, 404, 429, 500, 503]) {
      expect(statusOutcome(status, { 'retry-after': '2' }).retryAfterMs).toBe(2_000);
    }
  });

  it('takes a 409 with a Retry-After for a receiver that is at work on it: it is asked again', () => {
    expect(statusOutcome(409, { 'retry-after': '5' })).toMatchObject({ kind: 'overloaded', retryAfterMs: 5_000 });
    expect(statusOutcome(409, {})).toMatchObject({ kind: 'rejected', retryAfterMs: undefined });
  });

  it('has no wait on a success', () => {
    expect(statusOutcome(204, { 'retry-after': '2' })).toEqual({ kind: 'delivered', status: 204 });
  });
});

describe('thrownStatusOutcome', () => {
  it('never calls what was thrown delivered', () => {
    expect(thrownStatusOutcome(200, {})).toEqual({
      kind: 'failed',
      status: 200,
      reason: 'answered 200, but not to be understood',
    });
    expect(thrownStatusOutcome(404, {})).toEqual({ kind: 'rejected', status: 404, reason: 'answered 404' });
  });
});
