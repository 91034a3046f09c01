import { RingbackError } from '../../errors.js';

/** A topic to publish to. */
export interface Topic {
  readonly arn: string;
  /** Keeps the order of a group, and drops what it has had already. Its name tells. */
  readonly isFifo: boolean;
}

/**
 * Every partition (`aws`, `aws-cn`, `aws-us-gov`, the isolated ones), a region, an account, a name. What more parts has is a
 * subscription or an endpoint of a phone, and no topic.
 */
const TOPIC_ARN = /^arn:aws(?:-[a-z]+)*:sns:[a-z]{2,}(?:-[a-z]+)+-\d{1,2}:\d{12}:[\w-]{1,256}(?<fifo>\.fifo)?$/;

/** A name has 256 characters at most, `.fifo` among them. */
const MAX_NAME_LENGTH = 256;

/** The topic that a URI names; undefined when it names none. */
function topicAt(uri: string): Topic | undefined {
  const match = TOPIC_ARN.exec(uri);
  if (match === null || uri.length - uri.lastIndexOf(':') - 1 > MAX_NAME_LENGTH) return undefined;
  return { arn: uri, isFifo: match.groups?.fifo !== undefined };
}

/** @throws RingbackError `unsupported-destination`. */
export function topicOf(uri: string): Topic {
  const topic = topicAt(uri);
  if (topic === undefined) throw new RingbackError('unsupported-destination', notATopic(uri));
  return topic;
}

/**
 * Whether it is an ARN of SNS's.
 *
 * @throws RingbackError `invalid-callback` where it is one, but no topic's: nobody else could publish to it.
 */
export function isTopic({ protocol, pathname, href }: URL): boolean {
  if (protocol !== 'arn:' || !/^aws[^:]*:sns:/.test(pathname)) return false;
  if (topicAt(href) === undefined) throw new RingbackError('invalid-callback', notATopic(href));
  return true;
}

const notATopic = (uri: string): string =>
  `to must be the ARN of a topic, such as arn:aws:sns:eu-central-1:123456789012:orders, got ${uri.length} characters that are none`;
