import { Buffer } from 'node:buffer';
import type { Message } from '../../callback.js';
import { RingbackError } from '../../errors.js';
import type { Attribute } from './commands.js';

/** A queue with raw delivery drops a message that has more: it would be lost where nobody looks. */
const MAX_ATTRIBUTES = 10;

/** SNS's own rule. Names of HTTP headers may have more characters. */
const NAME = /^(?!aws\.|amazon\.)[\w-]+(?:\.[\w-]+)*$/;

const TYPE_BYTES = 'String'.length;

/** Attributes by their names, and what they count to SNS. */
export interface Attributes {
  readonly attributes: Record<string, Attribute>;
  readonly bytes: number;
}

/**
 * What a message's attributes are: `id`, `type`, and every header under its name in lower case, as filter policies tell cases apart. A
 * header that SNS could not deliver refuses the message: a signature may cover it.
 *
 * @throws RingbackError `invalid-callback`, with names in it and never a value.
 */
export function attributesOf({ id, headers, delivery: { type } }: Message): Attributes {
  // A map, as a header may be called __proto__.
  const texts = new Map([['id', id]]);
  if (type !== undefined) texts.set('type', type);
  for (const [header, value] of Object.entries(headers)) {
    const name = header.toLowerCase();
    if (!NAME.test(name)) throw unfit(header, 'is no name of an SNS attribute: letters, digits, _ - and single periods are');
    if (texts.has(name)) throw unfit(header, 'is an SNS attribute already');
    if (value === '') throw unfit(header, 'is empty, which an SNS attribute can not be');
    texts.set(name, value);
  }
  if (texts.size > MAX_ATTRIBUTES) {
    throw new RingbackError(
      'invalid-callback',
      `id, type and headers must be at most ${MAX_ATTRIBUTES} SNS attributes, as raw delivery drops a message with more, got ${texts.size}`,
    );
  }
  let bytes = 0;
  for (const [name, value] of texts) bytes += name.length + TYPE_BYTES + Buffer.byteLength(value);
  return { attributes: Object.fromEntries([...texts].map(([name, value]) => [name, text(value)])), bytes };
}

const text = (value: string): Attribute => ({ DataType: 'String', StringValue: value });

const unfit = (header: string, why: string): RingbackError =>
  new RingbackError('invalid-callback', `header ${JSON.stringify(header)} ${why}`);
