import type { Message } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DeliveryError } from '../../../src/delivery/delivery-error.js';
import { createRingback } from '../../../src/ringback.js';
import { standardWebhooks } from '../../../src/signing/index.js';
import { type SnsOptions, sns } from '../../../src/transports/sns/index.js';
import { Emulator, snsClient } from './emulator.js';

let aws: Emulator;
beforeAll(async () => {
  aws = await Emulator.start();
});
afterAll(() => aws.stop());

const scheme = standardWebhooks({ secrets: [`whsec_${Buffer.alloc(32, 7).toString('base64')}`] });
const ringbackOn = (options: Partial<SnsOptions> = {}, settings = {}): ReturnType<typeof createRingback> =>
  createRingback({ transports: [sns({ client: aws.client, ...options })], ...settings });

const bodies = (messages: readonly Message[]): (string | undefined)[] => messages.map(({ Body }) => Body);
const attributes = ({ MessageAttributes = {} }: Message): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(MessageAttributes).map(([name, { StringValue }]) => [name, StringValue]));

async function failureOf(delivering: Promise<unknown>): Promise<DeliveryError> {
  const error = await delivering.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(DeliveryError);
  return error as DeliveryError;
}

describe('a callback to a topic', () => {
  it('comes to the queue that subscribes, with id, type, content type, signature headers and trace context as attributes', async () => {
    const { topicArn, queueUrl } = await aws.subscribe();
    const ringback = ringbackOn({}, { signature: scheme });
    const receipt = await ringback.deliver({
      to: topicArn,
      id: 'msg_1',
      type: 'invoice.paid',
      data: { note: 'Grüße ✓' },
      headers: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'a=b', 'X-Tenant': 'ü' },
    });
    await ringback.close();
    const [message, ...others] = await aws.receiveAll(queueUrl);
    expect(others).toEqual([]);
    expect(message?.Body).toBe('{"note":"Grüße ✓"}');
    expect(attributes(message as Message)).toEqual({
      id: 'msg_1',
      type: 'invoice.paid',
      'content-type': 'application/json',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      tracestate: 'a=b',
      'x-tenant': 'ü',
      'webhook-id': 'msg_1',
      'webhook-timestamp': expect.any(String),
      'webhook-signature': expect.stringMatching(/^v1,/),
    });
    const answer: unknown = JSON.parse(new TextDecoder().decode(receipt.response?.body));
    expect(answer).toEqual({ MessageId: expect.any(String) });
    expect(receipt.response?.status).toBe(200);
  });

  it('can be verified from the attributes of raw delivery, and of the envelope', async () => {
    for (const isRaw of [true, false]) {
      const { topicArn, queueUrl } = await aws.subscribe({ isRaw });
      const ringback = ringbackOn({}, { signature: scheme });
      await ringback.deliver({ to: topicArn, id: 'msg_1', data: { id: 'in_42' } });
      await ringback.close();
      const [message] = await aws.receiveAll(queueUrl);
      const received = isRaw ? rawMessage(message as Message) : envelope(message as Message);
      const nowMs = Number(message?.Attributes?.SentTimestamp);
      expect(await scheme.verify({ ...received, nowMs })).toMatchObject({ id: 'msg_1' });
      const body = new TextEncoder().encode('{"id":"in_43"}');
      expect(() => scheme.verify({ ...received, body, nowMs })).toThrow(expect.objectContaining({ code: 'invalid-signature' }));
    }
  });

  it('has its subject and its structure where they are asked for', async () => {
    const { topicArn, queueUrl } = await aws.subscribe({ isRaw: false });
    const ringback = ringbackOn({ subject: ({ type }) => type && `News: ${type}`, gatherMs: 0 });
    await ringback.deliver({ to: topicArn, type: 'invoice.paid', body: 'paid' });
    await ringback.deliver({ to: topicArn, body: 'no type, no subject' });
    await ringback.close();
    const envelopes = (await aws.receiveAll(queueUrl)).map(({ Body = '' }) => JSON.parse(Body));
    expect(envelopes[0]).toMatchObject({ Subject: 'News: invoice.paid', Message: 'paid' });
    expect(envelopes[1]).not.toHaveProperty('Subject');
  });

  it('is refused at the door where its ARN is no topic', async () => {
    const ringback = ringbackOn();
    await expect(ringback.enqueue({ to: 'arn:aws:sns:us-east-1:12:orders', data: 1 })).rejects.toMatchObject({
      code: 'invalid-callback',
      message: expect.stringContaining('the ARN of a topic'),
    });
    await expect(ringback.deliver({ to: 'arn:aws:sqs:us-east-1:123456789012:orders', data: 1 })).rejects.toMatchObject({
      code: 'unsupported-destination',
    });
    await ringback.close();
  });

  it('is rejected where the topic is not there', async () => {
    const ringback = ringbackOn();
    const error = await failureOf(ringback.deliver({ to: 'arn:aws:sns:us-east-1:000000000000:nowhere', data: 1 }));
    await ringback.close();
    expect(error.outcome).toEqual({ kind: 'rejected', status: 404, reason: 'answered 404 (NotFound)' });
    expect(JSON.parse(new TextDecoder().decode(error.response?.body))).toEqual({
      Code: 'NotFound',
      Message: 'Topic does not exist',
    });
    expect(error.attempts.length).toBe(1);
  });

  it('tells by whom it was refused when the client retries by itself', async () => {
    const client = snsClient(aws.url, { maxAttempts: 3 });
    const { topicArn, queueUrl } = await aws.subscribe();
    const ringback = ringbackOn({ client });
    const error = await failureOf(ringback.deliver({ to: topicArn, data: 1 }));
    await ringback.close();
    client.destroy();
    expect(error.cause).toMatchObject({ code: 'invalid-option', message: expect.stringContaining('maxAttempts: 1') });
    expect(error.attempts.length).toBe(1);
    expect(await aws.receiveAll(queueUrl)).toEqual([]);
  });
});

it.each([
  ['too large', 'x'.repeat(262_144), /^body and SNS attributes must be at most 262144 bytes/],
  ['no text', Uint8Array.of(0xff), /^body must be UTF-8/],
])('a callback that is %s is refused at the door, and not tried again for days', async (_why, body, message) => {
  const { topicArn } = await aws.subscribe();
  const ringback = ringbackOn({}, { signature: scheme });
  const error = await ringback.enqueue({ to: topicArn, body }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'invalid-callback', message: expect.stringMatching(message) });
  expect(ringback.snapshot().outbox.depth).toBe(0);
  await ringback.close();
});

describe('a batch', () => {
  it('has what was sent within gatherMs, and each its own receipt', async () => {
    const { topicArn, queueUrl } = await aws.subscribe();
    const counting = countingClient();
    const ringback = ringbackOn({ client: counting.client, gatherMs: 20 });
    const receipts = await Promise.all(
      Array.from({ length: 12 }, (_, n) => ringback.deliver({ to: topicArn, id: `msg_${n}`, data: n })),
    );
    await ringback.close();
    expect(counting.commands).toEqual(['PublishBatchCommand', 'PublishBatchCommand']);
    const ids = receipts.map(({ response }) => JSON.parse(new TextDecoder().decode(response?.body)).MessageId);
    expect(new Set(ids).size).toBe(12);
    expect(bodies(await aws.receiveAll(queueUrl)).sort()).toEqual(Array.from({ length: 12 }, (_, n) => String(n)).sort());
    counting.client.destroy();
  });

  it('with one failing entry delivers the others, and retries none of them', async () => {
    const { topicArn, queueUrl } = await aws.subscribe();
    // Ours lets it through, fauxqs keeps the default bound.
    const ringback = ringbackOn({ maxBytes: 2 ** 20, gatherMs: 20 });
    const [small, large, other] = await Promise.allSettled([
      ringback.deliver({ to: topicArn, body: 'small' }),
      ringback.deliver({ to: topicArn, body: 'x'.repeat(262_145) }),
      ringback.deliver({ to: topicArn, body: 'other' }),
    ]);
    await ringback.close();
    expect([small.status, large.status, other.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((large as PromiseRejectedResult).reason.outcome).toEqual({
      kind: 'rejected',
      status: 400,
      reason: 'answered 400 (InvalidParameter)',
    });
    expect(bodies(await aws.receiveAll(queueUrl))).toEqual(['small', 'other']);
  });

  it('is sent by close when it is still gathered', async () => {
    const { topicArn, queueUrl } = await aws.subscribe();
    const transport = sns({ client: aws.client, gatherMs: 1_000 });
    const ringback = createRingback({ transports: [transport] });
    const delivering = ['a', 'b'].map((body) => ringback.deliver({ to: topicArn, body }));
    await transport.close?.();
    expect((await Promise.all(delivering)).length).toBe(2);
    expect(bodies(await aws.receiveAll(queueUrl))).toEqual(['a', 'b']);
    await ringback.close();
  });
});

describe('a FIFO topic', () => {
  it('keeps the order of an ordering key, over batches', async () => {
    const { topicArn, queueUrl } = await aws.subscribe({ isFifo: true });
    const ringback = ringbackOn();
    const numbers = Array.from({ length: 25 }, (_, n) => n);
    for (const n of numbers) {
      for (const orderingKey of ['in_1', 'a customer with spaces'])
        await ringback.enqueue({ to: topicArn, orderingKey, data: n });
    }
    await ringback.drain();
    await ringback.close();
    const messages = await aws.receiveAll(queueUrl);
    const groups = Map.groupBy(messages, ({ Attributes }) => Attributes?.MessageGroupId);
    expect(groups.size).toBe(2);
    for (const group of groups.values()) expect(group.map(({ Body }) => Number(Body))).toEqual(numbers);
    expect(groups.has('in_1')).toBe(true);
  });

  it('keeps the order in which sends of a group were begun, though all are begun at once', async () => {
    const { topicArn, queueUrl } = await aws.subscribe({ isFifo: true });
    const ringback = ringbackOn({}, { pipeline: { concurrency: false } });
    const numbers = Array.from({ length: 40 }, (_, n) => n);
    await Promise.all(numbers.map((n) => ringback.deliver({ to: topicArn, orderingKey: 'one', data: n })));
    await ringback.close();
    expect((await aws.receiveAll(queueUrl)).map(({ Body }) => Number(Body))).toEqual(numbers);
  });

  it('takes a delivery once, by its id, and gives one without an ordering key a group of its own', async () => {
    const { topicArn, queueUrl } = await aws.subscribe({ isFifo: true });
    const ringback = ringbackOn();
    const long = `msg_${'x'.repeat(200)}`;
    for (const id of ['msg_1', 'msg_1', long, long]) await ringback.deliver({ to: topicArn, id, data: 1 });
    await ringback.close();
    const system = (await aws.receiveAll(queueUrl)).map(({ Attributes }) => Attributes);
    expect(system.map((each) => each?.MessageDeduplicationId)).toEqual(['msg_1', expect.stringMatching(/^[0-9a-f]{64}$/)]);
    expect(system.map((each) => each?.MessageGroupId)).toEqual(system.map((each) => each?.MessageDeduplicationId));
  });
});

/** A client that notes which commands it is given. */
function countingClient(): { readonly client: Emulator['client']; readonly commands: string[] } {
  const client = snsClient(aws.url);
  const commands: string[] = [];
  client.middlewareStack.add(
    (next, { commandName }) =>
      (args) => {
        commands.push(String(commandName));
        return next(args);
      },
    { step: 'initialize' },
  );
  return { client, commands };
}

interface Received {
  readonly headers: Record<string, string | undefined>;
  readonly body: Uint8Array;
}

const rawMessage = (message: Message): Received => ({
  headers: attributes(message),
  body: new TextEncoder().encode(message.Body),
});

function envelope({ Body = '' }: Message): Received {
  const { Message: text, MessageAttributes } = JSON.parse(Body) as {
    readonly Message: string;
    readonly MessageAttributes: Record<string, { readonly Value: string }>;
  };
  const headers = Object.fromEntries(Object.entries(MessageAttributes).map(([name, { Value }]) => [name, Value]));
  return { headers, body: new TextEncoder().encode(text) };
}
