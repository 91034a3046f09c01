import { describe, expect, it } from 'vitest';
import { networkOutcome } from '../../src/classify/network-error.js';

const coded = (code: string, cause?: unknown): Error => Object.assign(new Error('it broke', { cause }), { code });

describe('networkOutcome', () => {
  it.each([
    ['ECONNREFUSED', 'failed', 'connection refused'],
    ['ECONNRESET', 'failed', 'connection reset'],
    ['ENOTFOUND', 'failed', 'host not found'],
    ['EAI_AGAIN', 'failed', 'name resolution failed for now'],
    ['UND_ERR_SOCKET', 'failed', 'connection closed'],
    ['HPE_INVALID_CONSTANT', 'failed', 'malformed HTTP answer'],
    ['Z_DATA_ERROR', 'failed', 'corrupt compressed answer'],
    ['ERR__ERROR_FORMAT_PADDING_2', 'failed', 'corrupt compressed answer'],
    ['ERR_BROTLI_DECODER_ERROR_FORMAT_PADDING_2', 'failed', 'corrupt compressed answer'],
    ['ZSTD_error_prefix_unknown', 'failed', 'corrupt compressed answer'],
    ['ERR_ZSTD_DATA', 'failed', 'corrupt compressed answer'],
    ['CERT_HAS_EXPIRED', 'failed', 'certificate expired'],
    ['ETIMEDOUT', 'timed-out', 'timed out'],
    ['UND_ERR_CONNECT_TIMEOUT', 'timed-out', 'timed out while connecting'],
    ['UND_ERR_HEADERS_TIMEOUT', 'timed-out', 'timed out waiting for an answer'],
    ['UND_ERR_BODY_TIMEOUT', 'timed-out', 'timed out reading the answer'],
    ['UND_ERR_ABORTED', 'cancelled', 'aborted'],
  ])('%s is %s', (code, kind, reason) => {
    expect(networkOutcome(coded(code))).toEqual({ kind, reason });
    expect(networkOutcome(new TypeError('fetch failed', { cause: coded(code) }))).toEqual({ kind, reason });
  });

  it('knows the names of the platform', () => {
    expect(networkOutcome(new DOMException('late', 'TimeoutError'))?.kind).toBe('timed-out');
    expect(networkOutcome(new DOMException('enough', 'AbortError'))?.kind).toBe('cancelled');
  });

  it("knows fetch's TypeError without a cause, by the words of each runtime", () => {
    const words = [
      'fetch failed',
      'terminated',
      'Failed to fetch',
      'Load failed',
      'NetworkError when attempting to fetch resource.',
    ];
    const deno = ['error sending request for url (http://x/)', 'error reading a body from connection'];
    for (const message of [...words, ...deno, 'Network request failed']) {
      expect(networkOutcome(new TypeError(message))).toEqual({ kind: 'failed', reason: 'network error' });
    }
    expect(networkOutcome(new Error('Network connection lost.'))).toEqual({ kind: 'failed', reason: 'network error' });
    expect(networkOutcome(new TypeError('x is not a function'))).toBeUndefined();
    expect(networkOutcome(new TypeError('terminated is not a function'))).toBeUndefined();
    expect(networkOutcome(new Error('fetch failed'))).toBeUndefined();
  });

  it('looks at most eight causes deep, and ends in a circle of causes', () => {
    const nested = (depth: number): unknown =>
      depth === 0 ? coded('ECONNRESET') : new Error('outer', { cause: nested(depth - 1) });
    expect(networkOutcome(nested(7))).toEqual({ kind: 'failed', reason: 'connection reset' });
    expect(networkOutcome(nested(8))).toBeUndefined();
    const circle = new Error('a');
    circle.cause = circle;
    expect(networkOutcome(circle)).toBeUndefined();
  });

  it('has no opinion of anything else', () => {
    for (const error of [
      undefined,
      null,
      'ECONNRESET',
      5,
      {},
      new Error('mine'),
      coded('EMYCODE'),
      coded('ERR_BROTLI_INVALID_PARAM'),
      { code: 20 },
    ]) {
      expect(networkOutcome(error)).toBeUndefined();
    }
  });
});
