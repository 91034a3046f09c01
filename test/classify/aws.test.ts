import { PublishCommand, SNSClient, type SNSClientConfig } from '@aws-sdk/client-sns';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { awsOutcome } from '../../src/classify/aws.js';
import { AnsweringServer } from './answering-server.js';
import { describeClassifier, endOf } from './client-suite.js';

const command = new PublishCommand({ TopicArn: 'arn:aws:sns:eu-west-1:000000000000:topic', Message: 'hello' });

const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };

function sns(endpoint: string, settings: SNSClientConfig = {}): SNSClient {
  return new SNSClient({ region: 'eu-west-1', endpoint, credentials, maxAttempts: 1, ...settings });
}

describeClassifier('awsOutcome', awsOutcome, {
  call: (url, { signal, timeoutMs }) => {
    const requestHandler = { requestTimeout: timeoutMs ?? 10_000, throwOnRequestTimeout: true };
    return sns(url, { requestHandler }).send(command, { ...(signal && { abortSignal: signal }) });
  },
});

describe('awsOutcome', () => {
  let server: AnsweringServer;
  beforeAll(async () => {
    server = await AnsweringServer.start();
  });
  afterAll(() => server.close());

  it('calls throttling overloaded, though its status is 400', async () => {
    const end = await endOf(() => sns(`${server.url}/400/code/Throttling`).send(command));
    expect(awsOutcome(end)).toEqual({ kind: 'overloaded', status: 400, reason: 'throttled (Throttling)' });
  });

  it("calls SQS's throttling by KMS overloaded, which has names of its own", async () => {
    const endpoint = `${server.url}/400/kms`;
    const sqs = new SQSClient({ region: 'eu-west-1', endpoint, credentials, maxAttempts: 1 });
    const end = await endOf(() => sqs.send(new SendMessageCommand({ QueueUrl: endpoint, MessageBody: 'hello' })));
    expect('error' in end && end.error).toMatchObject({ Code: 'KMS.ThrottlingException' });
    expect(awsOutcome(end)).toEqual({ kind: 'overloaded', status: 400, reason: 'throttled (KmsThrottled)' });
  });

  it("calls an error overloaded that the service's model calls throttling, whatever its name", () => {
    const error = { name: 'MineException', $metadata: { httpStatusCode: 400 } };
    const modelled = (throttling: boolean) => ({ error: { ...error, $retryable: { throttling } } as unknown as Error });
    expect(awsOutcome(modelled(true))).toEqual({ kind: 'overloaded', status: 400, reason: 'throttled' });
    expect(awsOutcome(modelled(false))).toMatchObject({ kind: 'rejected' });
  });

  it('calls any other 400 rejected', async () => {
    const end = await endOf(() => sns(`${server.url}/400/code/InvalidParameter`).send(command));
    expect(awsOutcome(end)).toEqual({ kind: 'rejected', status: 400, reason: 'answered 400' });
  });

  it("calls the service's own timeout timed-out", async () => {
    const end = await endOf(() => sns(`${server.url}/400/code/RequestTimeout`).send(command));
    expect(awsOutcome(end)).toEqual({ kind: 'timed-out', status: 400, reason: 'timed out (RequestTimeout)' });
  });

  it.each(['Throttled', 'KMSThrottling', 'KMS.ThrottlingException', 'ThrottlingException'])(
    'calls %s overloaded, and reads its Retry-After',
    (code) => {
      const error = {
        name: code,
        $metadata: { httpStatusCode: 400 },
        $response: { headers: { 'retry-after': '2' } },
      } as unknown as Error;
      const reason = `throttled (${code})`;
      expect(awsOutcome({ error })).toEqual({ kind: 'overloaded', status: 400, retryAfterMs: 2_000, reason });
    },
  );

  it.each(['ExpiredToken', 'RequestTimeTooSkewed'])(
    'calls %s failed, as the SDK takes new credentials or sets its clock',
    async (code) => {
      const end = await endOf(() => sns(`${server.url}/403/code/${code}`).send(command));
      expect(awsOutcome(end)).toEqual({ kind: 'failed', status: 403, reason: `credentials or clock out of date (${code})` });
    },
  );

  it('calls an error failed, by which the SDK has set its clock', () => {
    const $metadata = { httpStatusCode: 403, clockSkewCorrected: true };
    const error = { name: 'SignatureDoesNotMatch', $metadata } as unknown as Error;
    expect(awsOutcome({ error })).toMatchObject({ kind: 'failed', status: 403 });
    expect(awsOutcome({ error: { ...error, $metadata: { httpStatusCode: 403 } } as unknown as Error })).toMatchObject({
      kind: 'rejected',
    });
  });
});
