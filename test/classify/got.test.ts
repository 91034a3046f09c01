import got from 'got';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { classifyByDefault } from '../../src/classify/default.js';
import { gotOutcome } from '../../src/classify/got.js';
import { AnsweringServer } from './answering-server.js';
import { describeClassifier, endOf } from './client-suite.js';

const once = got.extend({ retry: { limit: 0 }, followRedirect: false });

describeClassifier('gotOutcome', gotOutcome, {
  call: (url, { signal, timeoutMs }) =>
    Promise.resolve(once(url, { ...(signal && { signal }), ...(timeoutMs && { timeout: { request: timeoutMs } }) })),
});

describe('gotOutcome', () => {
  let server: AnsweringServer;
  beforeAll(async () => {
    server = await AnsweringServer.start();
  });
  afterAll(() => server.close());

  it('reads a response that throwHttpErrors: false let through', async () => {
    const end = await endOf(() => Promise.resolve(once(`${server.url}/503`, { throwHttpErrors: false })));
    expect(gotOutcome(end)).toMatchObject({ kind: 'overloaded', status: 503 });
  });

  it('calls a 200 whose body is not the JSON it should be failed', async () => {
    const end = await endOf(() => once(`${server.url}/200`).json());
    expect(gotOutcome(end)).toEqual({ kind: 'failed', status: 200, reason: 'answered 200, but not to be understood' });
  });

  it('leaves a malformed URL to the default, which rejects it', async () => {
    const end = await endOf(() => Promise.resolve(once('no url')));
    expect(gotOutcome(end)).toBeUndefined();
    expect(classifyByDefault(end)).toEqual({ kind: 'rejected', reason: 'invalid URL' });
  });
});
