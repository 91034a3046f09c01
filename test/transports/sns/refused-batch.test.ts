import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Answer } from '../../../src/callback.js';
import { type SnsOptions, sns } from '../../../src/transports/sns/index.js';
import { AnsweringFront, failure } from './answering-front.js';
import { Emulator, snsClient } from './emulator.js';
import { attemptOf, messageOf } from './messages.js';
import { ScriptedClient } from './scripted-client.js';

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
const kindOf = ({ outcome }: Answer): string => outcome.kind;
const actions = (front: AnsweringFront): (string | null)[] => front.requests.map((parameters) => parameters.get('Action'));

/** An error as the SDK makes one of SNS's answer. */
const refusal = (httpStatusCode: number, name: string): Error =>
  Object.assign(new Error('said by SNS'), { name, $metadata: { httpStatusCode } });

describe('a batch that SNS refuses as a whole for one of its messages', () => {
  let aws: Emulator;
  let front: AnsweringFront;
  beforeEach(async () => {
    aws = await Emulator.start();
    front = await AnsweringFront.start(aws.url);
  });
  afterEach(async () => {
    await front.close();
    await aws.stop();
  });

  it('goes message by message, in order, so that only this one is rejected', async () => {
    const { topicArn, queueUrl } = await aws.subscribe({ isFifo: true });
    const client = snsClient(front.url);
    const transport = sns({ client });
    front.answerNext(failure(400, 'InvalidParameter'), failure(400, 'InvalidParameter'));
    const parts = { to: topicArn, orderingKey: 'a' };
    const ends = ['bad', 'b', 'c'].map((body) => transport.send(messageOf({ ...parts, id: body, body }), attemptOf()));
    expect((await Promise.all(ends)).map(kindOf)).toEqual(['rejected', 'delivered', 'delivered']);
    expect(actions(front)).toEqual(['PublishBatch', 'Publish', 'Publish', 'Publish']);
    expect((await aws.receiveAll(queueUrl)).map(({ Body }) => Body)).toEqual(['b', 'c']);
    client.destroy();
  });

  it.each([
    ['its rights', 403, 'AuthorizationError', 'rejected'],
    ['its topic', 404, 'NotFound', 'rejected'],
    ['throttling', 400, 'Throttled', 'overloaded'],
    ['credentials that expired', 400, 'ExpiredToken', 'failed'],
  ])('and not for one that it refuses for %s, which are the same for all', async (_, status, code, kind) => {
    const { topicArn } = await aws.subscribe();
    const client = snsClient(front.url);
    const transport = sns({ client });
    front.answerNext(failure(status, code));
    const ends = ['a', 'b'].map((body) => transport.send(messageOf({ to: topicArn, body }), attemptOf()));
    expect((await Promise.all(ends)).map(kindOf)).toEqual([kind, kind]);
    expect(actions(front)).toEqual(['PublishBatch']);
    client.destroy();
  });
});

describe('a message of a refused batch', () => {
  const options: Partial<SnsOptions> = { gatherMs: 1_000 };

  it('that was aborted meanwhile is not sent', async () => {
    const client = new ScriptedClient();
    const transport = sns({ client, ...options });
    const controllers = ['a', 'b', 'c'].map(() => new AbortController());
    const ends = controllers.map(({ signal }, index) =>
      transport.send(messageOf({ body: 'abc'[index] ?? '' }), attemptOf(signal)).then(kindOf, (error: unknown) => error),
    );
    const closing = transport.close?.();
    await settled();
    controllers[0]?.abort('left the batch');
    client.calls[0]?.fail(refusal(400, 'InvalidParameter'));
    await settled();
    controllers[2]?.abort('left the line');
    client.calls[1]?.take();
    await closing;
    expect(client.sent).toEqual([['a', 'b', 'c'], ['b']]);
    expect(await Promise.all(ends)).toEqual(['left the batch', 'delivered', 'left the line']);
  });

  it('that is aborted while it is sent alone gives its call up, and the next one goes', async () => {
    const client = new ScriptedClient();
    const transport = sns({ client, ...options });
    const controllers = ['a', 'b'].map(() => new AbortController());
    const ends = controllers.map(({ signal }, index) =>
      transport.send(messageOf({ body: 'ab'[index] ?? '' }), attemptOf(signal)).then(kindOf, (error: unknown) => error),
    );
    const closing = transport.close?.();
    await settled();
    client.calls[0]?.fail(refusal(400, 'BatchRequestTooLong'));
    await settled();
    controllers[0]?.abort('gave up');
    await settled();
    expect(client.calls[1]?.signal.aborted).toBe(true);
    client.calls[2]?.take();
    await closing;
    expect(client.sent).toEqual([['a', 'b'], ['a'], ['b']]);
    expect(await Promise.all(ends)).toEqual(['gave up', 'delivered']);
  });
});
