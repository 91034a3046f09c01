import { BrokenCircuitError, BulkheadRejectedError, TaskCancelledError } from 'cockatiel';
import { describe, expect, it } from 'vitest';
import { classifyByDefault } from '../../src/classify/default.js';
import { RingbackError, type RingbackErrorCode } from '../../src/errors.js';
import type { OutcomeKind } from '../../src/outcome.js';
import { deadUrl } from './answering-server.js';
import { endOf } from './client-suite.js';

const kindOf = (error: unknown): OutcomeKind => classifyByDefault({ error: error as Error }).kind;

describe('classifyByDefault', () => {
  it('any value is delivered', () => {
    for (const value of [undefined, null, 0, 'text', { status: 503 }])
      expect(classifyByDefault({ value }).kind).toBe('delivered');
  });

  it('any throw is failed', () => {
    for (const error of [new Error('mine'), new AggregateError([]), 'text', 42, null, undefined, {}, { name: 7 }]) {
      expect(kindOf(error)).toBe('failed');
    }
  });

  it("the program's own errors are rejected: trying again changes nothing", async () => {
    for (const error of [
      new TypeError('x is not a function'),
      new RangeError('too long'),
      new ReferenceError('x'),
      new URIError('%'),
    ]) {
      expect(classifyByDefault({ error })).toEqual({ kind: 'rejected', reason: `threw ${error.name}` });
    }
    expect(classifyByDefault(await endOf(() => fetch('no url')))).toEqual({ kind: 'rejected', reason: 'threw TypeError' });
  });

  it("the program's own errors with a network cause are failed: fetch failed has one", async () => {
    const url = await deadUrl();
    const end = await endOf(() => fetch(url));
    expect('error' in end && end.error).toBeInstanceOf(TypeError);
    expect(classifyByDefault(end)).toEqual({ kind: 'failed', reason: 'connection refused' });
  });

  it('JSON that can not be parsed came from the other end', async () => {
    expect(classifyByDefault(await endOf(async () => JSON.parse('<html>'))).kind).toBe('failed');
  });

  it('an AbortError is cancelled, a TimeoutError timed out', () => {
    expect(kindOf(new DOMException('enough', 'AbortError'))).toBe('cancelled');
    expect(kindOf(new DOMException('late', 'TimeoutError'))).toBe('timed-out');
  });

  it.each<[RingbackErrorCode, OutcomeKind]>([
    ['circuit-open', 'shed'],
    ['concurrency-full', 'shed'],
    ['rate-limited', 'shed'],
    ['attempt-timeout', 'timed-out'],
    ['deadline-exceeded', 'timed-out'],
    ['cancelled', 'cancelled'],
    ['forbidden-destination', 'forbidden'],
    ['invalid-callback', 'rejected'],
    ['invalid-secret', 'rejected'],
    ['unsupported-destination', 'rejected'],
    ['missing-dependency', 'rejected'],
    ['transport-failed', 'failed'],
    ['delivery-failed', 'failed'],
    ['closed', 'failed'],
  ])('a ringback error inside the call: %s is %s', (code, kind) => {
    expect(kindOf(new RingbackError(code, 'inner'))).toBe(kind);
  });

  it('says what was closed', () => {
    const error = new RingbackError('closed', 'the http transport is closed');
    expect(classifyByDefault({ error })).toEqual({ kind: 'failed', reason: 'the http transport is closed' });
  });

  it("reads the cause of ringback's own errors", () => {
    const cause = Object.assign(new Error('late'), { code: 'ETIMEDOUT' });
    expect(kindOf(new RingbackError('transport-failed', 'inner', { cause }))).toBe('timed-out');
  });

  it("cockatiel's refusals inside the call are shed, its timeout is timed out", () => {
    expect(kindOf(new BrokenCircuitError())).toBe('shed');
    expect(kindOf(new BulkheadRejectedError(1, 1))).toBe('shed');
    expect(kindOf(new TaskCancelledError())).toBe('timed-out');
  });

  it('keeps out of the reason what is no name', () => {
    for (const name of ['N'.repeat(1_000), 'two\nlines', '']) {
      const error = Object.assign(new Error('x'), { name });
      expect(classifyByDefault({ error })).toEqual({ kind: 'failed', reason: 'threw an object' });
    }
    class PaymentError extends Error {
      override name = 'PaymentError';
    }
    expect(classifyByDefault({ error: new PaymentError('card 4242') })).toEqual({ kind: 'failed', reason: 'threw PaymentError' });
  });
});
