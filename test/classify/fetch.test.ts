import { describe, expect, it } from 'vitest';
import { fetchOutcome } from '../../src/classify/fetch.js';
import { describeClassifier, endOf } from './client-suite.js';

describeClassifier('fetchOutcome', fetchOutcome, {
  call: (url, { signal, timeoutMs }) => {
    const ended = timeoutMs === undefined ? signal : AbortSignal.timeout(timeoutMs);
    return fetch(url, { redirect: 'manual', ...(ended && { signal: ended }) });
  },
});

describe('fetchOutcome', () => {
  it('leaves a malformed URL to the default, as no network was asked', async () => {
    const end = await endOf(() => fetch('no url'));
    expect('error' in end && end.error).toBeInstanceOf(TypeError);
    expect(fetchOutcome(end)).toBeUndefined();
  });
});
