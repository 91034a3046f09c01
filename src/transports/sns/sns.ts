import type { Answer, Message } from '../../callback.js';
import { isRingbackError, RingbackError } from '../../errors.js';
import type { SendAttempt, Transport } from '../transport.js';
import type { Caller } from './call.js';
import { refuseRetries } from './client.js';
import { loadCommands, type SnsCommands } from './commands.js';
import { type SnsOptions, snsSettings } from './options.js';
import { checkDelivery, type Publication, publicationOf } from './publication.js';
import { isTopic } from './topic.js';
import { TopicLines } from './topic-lines.js';

/**
 * Publishes callbacks to topics of Amazon SNS, through your client of `@aws-sdk/client-sns`. Use it where receivers subscribe to a
 * topic: queues, functions, web hooks. Destinations are ARNs of topics, FIFO ones too, in the client's region.
 *
 * The body is the message; id, type and all headers, the signature's among them, are its attributes, 10 at most. Messages of one topic
 * are gathered over `gatherMs` into batches, and each has its own outcome. Throttling is `overloaded`; a refusal, for missing
 * rights or topics too, `rejected`; an error of SNS's own `failed`. What SNS would refuse for its size or form is refused at the door with `invalid-callback`;
 * `rejected`, and not sent, where it is the signature's headers that are too many.
 *
 * @throws RingbackError `invalid-option`. Its `send` rejects with the signal's reason when aborted; with `closed` after `close`; with
 * `missing-dependency` without the SDK; with `invalid-option` where the client retries by itself; with what the client throws
 * where no answer came.
 * @example
 * ```ts
 * import { CreateTopicCommand, SNSClient } from '@aws-sdk/client-sns';
 * import { buildApp } from 'fauxqs';
 * import { createRingback } from 'ringback';
 * import { sns } from 'ringback/sns';
 *
 * // An emulator in this process. With AWS, leave `endpoint` and `credentials` out.
 * const aws = buildApp({ logger: false });
 * const endpoint = await aws.listen({ port: 0, host: '127.0.0.1' });
 * const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
 * const client = new SNSClient({ region: 'us-east-1', endpoint, credentials, maxAttempts: 1 }); // ringback retries
 * const { TopicArn: to = '' } = await client.send(new CreateTopicCommand({ Name: 'invoices' }));
 *
 * const ringback = createRingback({ transports: [sns({ client })] });
 * const receipt = await ringback.deliver({ to, type: 'invoice.paid', data: { id: 'in_42' } });
 * console.log(receipt.response?.status); // 200
 * await ringback.close();
 * client.destroy();
 * await aws.close();
 * ```
 */
export function sns(options: SnsOptions): Transport {
  const settings = snsSettings(options);
  const lines = new TopicLines(settings, callerOf(settings.client));
  let closed = false;
  return {
    name: 'sns',
    accepts: isTopic,
    check: (delivery) => checkDelivery(delivery, settings),
    send: async (message: Message, attempt: SendAttempt): Promise<Answer> => {
      if (closed) throw new RingbackError('closed', 'the sns transport is closed');
      attempt.signal.throwIfAborted();
      let publication: Publication;
      try {
        publication = publicationOf(message, settings);
      } catch (error) {
        if (!isRingbackError(error, 'invalid-callback')) throw error;
        return { outcome: { kind: 'rejected', reason: error.message } };
      }
      return lines.send(publication, attempt);
    },
    close: () => {
      closed = true;
      return lines.end();
    },
  };
}

/** What calls are made with: the client is checked and the SDK loaded at the first one, and once it went well never again. */
function callerOf(client: SnsOptions['client']): Caller {
  let commands: SnsCommands | undefined;
  return {
    client,
    ready: async () => {
      if (commands !== undefined) return commands;
      await refuseRetries(client);
      commands = await loadCommands();
      return commands;
    },
  };
}
