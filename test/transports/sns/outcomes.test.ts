import type { SNSClient } from '@aws-sdk/client-sns';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Answer } from '../../../src/callback.js';
import type { OutcomeKind } from '../../../src/outcome.js';
import { constant } from '../../../src/policies/backoff.js';
import { createRingback } from '../../../src/ringback.js';
import { sns } from '../../../src/transports/sns/index.js';
import type { Transport } from '../../../src/transports/transport.js';
import { AnsweringFront, batchAnswer, failure } from './answering-front.js';
import { Emulator, snsClient } from './emulator.js';
import { attemptOf, messageOf, TOPIC } from './messages.js';

let front: AnsweringFront;
let client: SNSClient;
let transport: Transport;
beforeEach(async () => {
  front = await AnsweringFront.start();
  client = snsClient(front.url);
  transport = sns({ client });
});
afterEach(async () => {
  await transport.close?.();
  client.destroy();
  await front.close();
});

const send = (id = 'msg_1'): Promise<Answer> => transport.send(messageOf({ id }), attemptOf());
const sendMany = (count: number): Promise<Answer[]> => Promise.all(Array.from({ length: count }, (_, n) => send(`msg_${n}`)));
const wordsOf = ({ response }: Answer): unknown => JSON.parse(new TextDecoder().decode(response?.body));

describe('what an error of SNS means', () => {
  it.each<[number, string, OutcomeKind]>([
    [400, 'Throttled', 'overloaded'],
    [429, 'Throttled', 'overloaded'],
    [400, 'Throttling', 'overloaded'],
    [400, 'ThrottlingException', 'overloaded'],
    [400, 'KMSThrottling', 'overloaded'],
    [400, 'RequestThrottled', 'overloaded'],
    [429, 'TooManyRequests', 'overloaded'],
    [503, 'ServiceUnavailable', 'overloaded'],
    [403, 'AuthorizationError', 'rejected'],
    [403, 'AccessDenied', 'rejected'],
    [403, 'InvalidClientTokenId', 'rejected'],
    [403, 'SignatureDoesNotMatch', 'rejected'],
    [403, 'InvalidSecurity', 'rejected'],
    [404, 'NotFound', 'rejected'],
    [400, 'InvalidParameter', 'rejected'],
    [400, 'ParameterValueInvalid', 'rejected'],
    [400, 'ValidationError', 'rejected'],
    [400, 'EndpointDisabled', 'rejected'],
    [400, 'PlatformApplicationDisabled', 'rejected'],
    [400, 'KMSAccessDenied', 'rejected'],
    [400, 'KMSDisabled', 'rejected'],
    [400, 'KMSInvalidState', 'rejected'],
    [403, 'ExpiredToken', 'failed'],
    [400, 'RequestExpired', 'failed'],
    [403, 'RequestTimeTooSkewed', 'failed'],
    [500, 'InternalError', 'failed'],
    [500, 'InternalFailure', 'failed'],
    [400, 'RequestTimeout', 'timed-out'],
  ])('%i %s', async (status, code, kind) => {
    front.answerNext(...Array.from({ length: 4 }, () => failure(status, code))); // a batch may go again, one by one
    const alone = await send();
    expect(front.requests.length).toBe(1);
    expect(alone.outcome).toMatchObject({ kind, status });
    expect(alone.outcome.reason).toContain(`(${code}`);
    expect(wordsOf(alone)).toEqual({ Code: code, Message: 'said by SNS' });
    for (const { outcome } of await sendMany(2)) expect(outcome).toEqual(alone.outcome);
  });

  it('hands on the wait that throttling asks for', async () => {
    front.answerNext(failure(400, 'Throttled', { 'retry-after': '3' }));
    expect((await send()).outcome).toMatchObject({ kind: 'overloaded', retryAfterMs: 3_000 });
  });

  it('has failed where a success brings no message id', async () => {
    front.answerNext({ status: 200, body: '<PublishResponse></PublishResponse>' }, { status: 200, body: '<html></html>' });
    for (let n = 0; n < 2; n++) expect((await send()).outcome).toMatchObject({ kind: 'failed' });
  });

  it('has failed where what answers is no SNS', async () => {
    front.answerNext({ status: 200, body: 'not XML' });
    const end = await send().then(
      ({ outcome }) => outcome.kind,
      () => 'threw',
    );
    expect(end).toBe('failed');
  });
});

describe('what the end of an entry means', () => {
  it.each<[string, boolean, OutcomeKind]>([
    ['Throttled', true, 'overloaded'],
    ['Throttled', false, 'overloaded'],
    ['KMSThrottling', true, 'overloaded'],
    ['InvalidParameter', true, 'rejected'],
    ['AuthorizationError', true, 'rejected'],
    ['InternalError', false, 'failed'],
    ['InternalFailure', false, 'failed'],
  ])('%s, of the sender: %s', async (code, senderFault, kind) => {
    front.answerNext(batchAnswer(['ok', senderFault ? code : { code, senderFault }, 'ok']));
    const [first, second, third] = await sendMany(3);
    expect([first?.outcome.kind, third?.outcome.kind]).toEqual(['delivered', 'delivered']);
    expect(second?.outcome).toMatchObject({
      kind,
      status: senderFault ? 400 : 500,
      reason: expect.stringContaining(`(${code})`),
    });
    expect(wordsOf(second as Answer)).toEqual({ Code: code, Message: 'said by SNS' });
    expect(wordsOf(third as Answer)).toEqual({ MessageId: 'm-2' });
  });

  it('has failed where the answer has no word on it', async () => {
    front.answerNext(batchAnswer(['ok', undefined]));
    const [first, second] = await sendMany(2);
    expect(first?.outcome.kind).toBe('delivered');
    expect(second?.outcome).toEqual({ kind: 'failed', reason: 'answered without a word on this message' });
  });
});

describe('a call that SNS never answers', () => {
  it('throws what the client threw, to each of a batch', async () => {
    await front.close();
    const ends = await Promise.allSettled([send('msg_1'), send('msg_2')]);
    for (const end of ends) expect(end).toMatchObject({ status: 'rejected', reason: { code: 'ECONNREFUSED' } });
    front = await AnsweringFront.start();
  });
});

describe('throttling in between', () => {
  let aws: Emulator;
  beforeEach(async () => {
    aws = await Emulator.start();
  });
  afterEach(() => aws.stop());

  it('of a whole batch is waited out, and each message comes once', async () => {
    const { topicArn, queueUrl } = await aws.subscribe();
    const between = await AnsweringFront.start(aws.url);
    const throttled = snsClient(between.url);
    between.answerNext(failure(400, 'Throttled'));
    const ringback = createRingback({
      transports: [sns({ client: throttled })],
      pipeline: { retry: { backoff: constant({ delayMs: 1 }) } },
    });
    const receipts = await Promise.all(['a', 'b'].map((body) => ringback.deliver({ to: topicArn, body })));
    await ringback.close();
    for (const { attempts } of receipts) expect(attempts.map(({ outcome }) => outcome)).toEqual(['overloaded', 'delivered']);
    expect((await aws.receiveAll(queueUrl)).map(({ Body }) => Body).sort()).toEqual(['a', 'b']);
    throttled.destroy();
    await between.close();
  });

  it('of one entry repeats this one only', async () => {
    const { topicArn, queueUrl } = await aws.subscribe();
    const between = await AnsweringFront.start(aws.url);
    const throttled = snsClient(between.url);
    between.answerNext(batchAnswer(['ok', 'Throttled', 'ok']));
    const ringback = createRingback({
      transports: [sns({ client: throttled })],
      pipeline: { retry: { backoff: constant({ delayMs: 1 }) } },
    });
    const receipts = await Promise.all(['a', 'b', 'c'].map((body) => ringback.deliver({ to: topicArn, body })));
    await ringback.close();
    expect(receipts.map(({ attempts }) => attempts.length)).toEqual([1, 2, 1]);
    expect(between.requests.map((parameters) => parameters.get('Action'))).toEqual(['PublishBatch', 'Publish']);
    expect((await aws.receiveAll(queueUrl)).map(({ Body }) => Body)).toEqual(['b']);
    throttled.destroy();
    await between.close();
  });
});

it('publishes to the topic that the destination names, all attributes by their names', async () => {
  front.answerNext(batchAnswer(['ok', 'ok']));
  await sendMany(2);
  expect(front.requests[0]?.get('TopicArn')).toBe(TOPIC);
  const headers = JSON.parse('{"__proto__":"v"}') as Record<string, string>;
  await transport.send(messageOf({ headers }), attemptOf());
  expect(front.requests[1]?.get('MessageAttributes.entry.2.Name')).toBe('__proto__');
});
