/** Callbacks to a FIFO topic of SNS, and the queue that subscribes to it: `node examples/sns.ts`. */
import { randomBytes } from 'node:crypto';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, DeleteMessageCommand, type Message, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { buildApp } from 'fauxqs';
import { createRingback } from 'ringback';
import { standardWebhooks } from 'ringback/signing';
import { sns } from 'ringback/sns';

// An emulator in this process. With AWS, leave `endpoint` and `credentials` out.
const aws = buildApp({ logger: false });
const endpoint = await aws.listen({ port: 0, host: '127.0.0.1' });
const settings = { region: 'us-east-1', endpoint, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
const client = new SNSClient({ ...settings, maxAttempts: 1 }); // ringback retries
const queue = new SQSClient({ ...settings, useQueueUrlAsEndpoint: false });

const ordered = { FifoTopic: 'true' };
const { TopicArn = '' } = await client.send(new CreateTopicCommand({ Name: 'invoices.fifo', Attributes: ordered }));
const { QueueUrl } = await queue.send(new CreateQueueCommand({ QueueName: 'billing.fifo', Attributes: { FifoQueue: 'true' } }));
const Endpoint = TopicArn.replace('sns', 'sqs').replace('invoices', 'billing');
const Attributes = { RawMessageDelivery: 'true' };
await client.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint, Attributes }));

const scheme = standardWebhooks({ secrets: [`whsec_${randomBytes(32).toString('base64')}`] });
const ringback = createRingback({ transports: [sns({ client })], signature: scheme });

// Of each invoice, in this order; of different ones, in any.
for (const type of ['invoice.sent', 'invoice.paid']) {
  for (const id of ['in_1', 'in_2']) await ringback.enqueue({ to: TopicArn, type, data: { id }, orderingKey: id });
}
await ringback.drain();
await ringback.close();
client.destroy();

/** With raw delivery, attributes are the headers. A message may wait in the queue for long, so it is judged by when it came there. */
async function handle({ Body, MessageAttributes = {}, Attributes }: Message): Promise<void> {
  const headers = Object.fromEntries(Object.entries(MessageAttributes).map(([name, { StringValue }]) => [name, StringValue]));
  const body = new TextEncoder().encode(Body);
  await scheme.verify({ headers, body, nowMs: Number(Attributes?.SentTimestamp) });
  console.log(`${Attributes?.MessageGroupId}: ${headers.type}, verified`);
}

for (;;) {
  const asked = { MaxNumberOfMessages: 10, MessageAttributeNames: ['All'], MessageSystemAttributeNames: ['All' as const] };
  const { Messages = [] } = await queue.send(new ReceiveMessageCommand({ QueueUrl, ...asked }));
  if (Messages.length === 0) break;
  for (const message of Messages) {
    await handle(message);
    await queue.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));
  }
}

queue.destroy();
await aws.close();
