import { RingbackError } from '../../errors.js';

/** A message attribute. All of ours are text. */
export interface Attribute {
  readonly DataType: 'String';
  readonly StringValue: string;
}

/** What one message is published as, alone or in a batch. */
export interface PublishFields {
  readonly Message: string;
  readonly MessageAttributes: Record<string, Attribute>;
  readonly Subject?: string;
  readonly MessageStructure?: 'json';
  readonly MessageGroupId?: string;
  readonly MessageDeduplicationId?: string;
}

/** What is used of `@aws-sdk/client-sns`, in types of our own: those of the SDK would be asked of everyone who has ringback. */
export interface SnsCommands {
  readonly PublishCommand: new (input: PublishFields & { readonly TopicArn: string }) => object;
  readonly PublishBatchCommand: new (input: {
    readonly TopicArn: string;
    readonly PublishBatchRequestEntries: (PublishFields & { readonly Id: string })[];
  }) => object;
}

/**
 * The SDK's commands, loaded when the first message is sent. Who made the client has the package: handing in its commands too would
 * be asking for what can be found.
 *
 * @throws RingbackError `missing-dependency`.
 */
export async function loadCommands(): Promise<SnsCommands> {
  try {
    return await import('@aws-sdk/client-sns');
  } catch (cause) {
    const message =
      'sns publishes by the commands of @aws-sdk/client-sns, which could not be loaded: npm install @aws-sdk/client-sns';
    throw new RingbackError('missing-dependency', message, { cause });
  }
}
