import { createHash } from 'node:crypto';
import type { Delivery, Message } from '../../callback.js';
import { RingbackError } from '../../errors.js';
import { type Attributes, attributesOf } from './attributes.js';
import type { PublishFields } from './commands.js';
import { isSubject, type SnsSettings } from './options.js';
import { type Topic, topicOf } from './topic.js';

/** A message as it is published. */
export interface Publication {
  readonly topic: Topic;
  readonly fields: PublishFields;
  /** Body and attributes, as SNS counts them. */
  readonly bytes: number;
}

/** What SNS takes as a group or a deduplication id: every visible character of ASCII, 128 of them. */
const FIFO_TOKEN = /^[\x21-\x7e]{1,128}$/;

const invalid = (message: string): RingbackError => new RingbackError('invalid-callback', message);

/**
 * What a message is published as; all that SNS would refuse for its size or form is refused here, before it is sent.
 *
 * @throws RingbackError `invalid-callback`, `unsupported-destination`; `transport-failed` where the user's function threw.
 */
export function publicationOf(message: Message, settings: SnsSettings): Publication {
  const { delivery } = message;
  const topic = topicOf(message.to);
  const { text, attributes, bytes } = contentOf(message, settings);
  const fields: PublishFields = {
    Message: text,
    MessageAttributes: attributes,
    ...subjectOf(delivery, settings),
    ...structureOf(delivery, settings),
    ...(topic.isFifo && orderOf(delivery)),
  };
  return { topic, fields, bytes };
}

/**
 * Refuses what no attempt could publish, before there is one. A signature's attributes are still to come.
 *
 * @throws RingbackError `invalid-callback`.
 */
export function checkDelivery(delivery: Delivery, settings: SnsSettings): void {
  const { id, to, headers, body } = delivery;
  contentOf({ id, to, headers, body, delivery }, settings);
}

/** Text and attributes, and how many bytes both have. */
interface Content extends Attributes {
  readonly text: string;
}

function contentOf(message: Message, { maxBytes }: SnsSettings): Content {
  const { attributes, bytes } = attributesOf(message);
  const total = message.body.length + bytes;
  if (total > maxBytes) throw invalid(`body and SNS attributes must be at most ${maxBytes} bytes, got ${total}`);
  return { text: textOf(message.body), attributes, bytes: total };
}

/** The bytes that were signed, as text. What is no text is not turned into some: the receiver would get what nobody signed. */
function textOf(body: Uint8Array): string {
  if (body.length === 0) throw invalid('body must not be empty, as SNS takes no empty message');
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw invalid('body must be UTF-8, as SNS carries text: encode other bytes yourself, as base64');
  }
}

/**
 * The order of a FIFO topic. Callbacks of one `orderingKey` are one group. One without asks for no order and is a group of its own: one
 * that its consumer can not handle holds up none but itself.
 */
function orderOf({ id, orderingKey }: Delivery): Pick<PublishFields, 'MessageGroupId' | 'MessageDeduplicationId'> {
  return { MessageGroupId: fifoToken(orderingKey ?? id), MessageDeduplicationId: fifoToken(id) };
}

/** Equal for equal texts, and for no others: what doesn't fit is hashed. */
function fifoToken(text: string): string {
  return FIFO_TOKEN.test(text) ? text : createHash('sha256').update(text).digest('hex');
}

function subjectOf(delivery: Delivery, settings: SnsSettings): Pick<PublishFields, 'Subject'> {
  const subject = asked('subject', settings.subjectOf, delivery);
  if (subject === undefined) return {};
  if (!isSubject(subject))
    throw invalid('subject(delivery) must give 1 to 100 characters without control characters, or undefined');
  return { Subject: subject };
}

function structureOf(delivery: Delivery, settings: SnsSettings): Pick<PublishFields, 'MessageStructure'> {
  const structure = asked('structure', settings.structureOf, delivery);
  if (structure === undefined) return {};
  if (structure !== 'json') throw invalid('structure(delivery) must give json or undefined');
  return { MessageStructure: structure };
}

function asked(option: string, ask: (delivery: Delivery) => unknown, delivery: Delivery): unknown {
  try {
    return ask(delivery);
  } catch (cause) {
    throw new RingbackError('transport-failed', `${option} of sns threw`, { cause });
  }
}
