import { once } from 'node:events';
import { CreateTopicCommand, SNSClient, type SNSClientConfig, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { buildApp } from 'fauxqs';

const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
const region = 'us-east-1';

/** A client without retries, by default; to a server on the loopback. */
export const snsClient = (endpoint: string, settings: SNSClientConfig = {}): SNSClient =>
  new SNSClient({ region, endpoint, credentials, maxAttempts: 1, ...settings });

/** A topic, and a queue that subscribes to it. */
export interface Subscribed {
  readonly topicArn: string;
  readonly queueUrl: string;
}

/** SNS and SQS by fauxqs, on the loopback alone, with clients of the real SDKs. */
export class Emulator {
  readonly url: string;
  readonly client: SNSClient;
  readonly #app: ReturnType<typeof buildApp>;
  readonly #sqs: SQSClient;
  #topics = 0;

  private constructor(app: ReturnType<typeof buildApp>, url: string) {
    this.#app = app;
    this.url = url;
    this.client = snsClient(url);
    this.#sqs = new SQSClient({ region, endpoint: url, credentials, useQueueUrlAsEndpoint: false });
  }

  static async start(): Promise<Emulator> {
    const app = buildApp({ logger: false });
    return new Emulator(app, await app.listen({ port: 0, host: '127.0.0.1' }));
  }

  /** A new topic with a new queue: by raw delivery the attributes come as the queue's own, else all comes in an envelope. */
  async subscribe({ isFifo = false, isRaw = true } = {}): Promise<Subscribed> {
    const name = `t${++this.#topics}${isFifo ? '.fifo' : ''}`;
    const { TopicArn: topicArn = '' } = await this.client.send(
      new CreateTopicCommand({ Name: name, ...(isFifo && { Attributes: { FifoTopic: 'true' } }) }),
    );
    const { QueueUrl: queueUrl = '' } = await this.#sqs.send(
      new CreateQueueCommand({ QueueName: name, ...(isFifo && { Attributes: { FifoQueue: 'true' } }) }),
    );
    const { Attributes } = await this.#sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['QueueArn'] }),
    );
    await this.client.send(
      new SubscribeCommand({
        TopicArn: topicArn,
        Protocol: 'sqs',
        Endpoint: Attributes?.QueueArn,
        Attributes: { RawMessageDelivery: String(isRaw) },
      }),
    );
    return { topicArn, queueUrl };
  }

  /** All that the queue has, in the order in which it gives it. */
  async receiveAll(queueUrl: string): Promise<Message[]> {
    const all: Message[] = [];
    for (;;) {
      const { Messages = [] } = await this.#sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: queueUrl,
          MaxNumberOfMessages: 10,
          MessageAttributeNames: ['All'],
          MessageSystemAttributeNames: ['All'],
        }),
      );
      if (Messages.length === 0) return all;
      all.push(...Messages);
      const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
      await this.#sqs.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
    }
  }

  async stop(): Promise<void> {
    this.client.destroy();
    this.#sqs.destroy();
    this.#app.server.closeAllConnections();
    const closed = once(this.#app.server, 'close');
    await this.#app.close();
    await closed.catch(() => {});
  }
}
