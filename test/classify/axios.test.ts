import axios from 'axios';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axiosOutcome } from '../../src/classify/axios.js';
import { AnsweringServer } from './answering-server.js';
import { describeClassifier, endOf } from './client-suite.js';

describeClassifier('axiosOutcome', axiosOutcome, {
  call: (url, { signal, timeoutMs }) =>
    axios.get(url, { maxRedirects: 0, ...(signal && { signal }), ...(timeoutMs && { timeout: timeoutMs }) }),
});

describe('axiosOutcome', () => {
  let server: AnsweringServer;
  beforeAll(async () => {
    server = await AnsweringServer.start();
  });
  afterAll(() => server.close());

  it('reads a response that a lax validateStatus let through', async () => {
    const end = await endOf(() => axios.get(`${server.url}/503`, { validateStatus: () => true }));
    expect(axiosOutcome(end)).toMatchObject({ kind: 'overloaded', status: 503 });
  });

  it('tells a signal that timed out, which axios calls cancelled', async () => {
    const end = await endOf(() => axios.get(`${server.url}/hang`, { signal: AbortSignal.timeout(30) }));
    expect(axiosOutcome(end)).toEqual({ kind: 'timed-out', reason: 'timed out' });
  });

  it('tells a timeout by either of its codes', async () => {
    const transitional = { clarifyTimeoutError: true };
    const end = await endOf(() => axios.get(`${server.url}/hang`, { timeout: 30, transitional }));
    expect(axiosOutcome(end)).toEqual({ kind: 'timed-out', reason: 'timed out' });
  });

  it('calls a 200 whose body is not the JSON it should be failed', async () => {
    const options = { responseType: 'json', transitional: { silentJSONParsing: false } } as const;
    const end = await endOf(() => axios.get(`${server.url}/200`, options));
    expect(axiosOutcome(end)).toEqual({ kind: 'failed', status: 200, reason: 'answered 200, but not to be understood' });
  });
});
