import { describe, expect, it } from 'vitest';
import { type SnsOptions, snsSettings } from '../../../src/transports/sns/options.js';
import { type Publication, publicationOf } from '../../../src/transports/sns/publication.js';
import { sns } from '../../../src/transports/sns/sns.js';
import { attemptOf, FIFO_TOPIC, type MessageParts, messageOf, TOPIC } from './messages.js';
import { ScriptedClient } from './scripted-client.js';

const client = new ScriptedClient();
const published = (parts: MessageParts, options: Partial<SnsOptions> = {}): Publication =>
  publicationOf(messageOf(parts), snsSettings({ client, ...options }));
const refusal = (parts: MessageParts, options: Partial<SnsOptions> = {}): unknown => {
  try {
    return published(parts, options);
  } catch (error) {
    return error;
  }
};
const invalid = (message: string): unknown =>
  expect.objectContaining({ code: 'invalid-callback', message: expect.stringContaining(message) });

const headersOf = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`x-${n}`, 'v']));

describe('message attributes', () => {
  it('carry id, type and all headers, by names in lower case', () => {
    const { fields } = published({ id: 'msg_1', type: 'a.b', headers: { 'Content-Type': 'text/plain', 'X-Y_z.1': 'v' } });
    expect(fields.MessageAttributes).toEqual({
      id: { DataType: 'String', StringValue: 'msg_1' },
      type: { DataType: 'String', StringValue: 'a.b' },
      'content-type': { DataType: 'String', StringValue: 'text/plain' },
      'x-y_z.1': { DataType: 'String', StringValue: 'v' },
    });
  });

  it('are ten at most, as raw delivery drops a message with more', () => {
    expect(Object.keys(published({ type: 't', headers: headersOf(8) }).fields.MessageAttributes).length).toBe(10);
    expect(refusal({ type: 't', headers: headersOf(9) })).toEqual(invalid('at most 10 SNS attributes'));
    expect(Object.keys(published({ headers: headersOf(9) }).fields.MessageAttributes).length).toBe(10);
  });

  it.each(['aws.x', 'AWS.x', 'Amazon.x', '.x', 'x.', 'x..y', 'x!', '$x', "x'", 'x*y'])(
    'refuse a header by the name %s',
    (name) => {
      expect(refusal({ headers: { [name]: 'secret' } })).toEqual(invalid(JSON.stringify(name)));
      expect(String(refusal({ headers: { [name]: 'secret' } }))).not.toContain('secret');
    },
  );

  it.each(['awsx', 'x.aws.y', 'amazonx', 'x-y', '_', '0'])('take a header by the name %s', (name) => {
    expect(published({ headers: { [name]: 'v' } }).fields.MessageAttributes).toHaveProperty([name]);
  });

  it('refuse a header that is empty, that has the name of one of theirs, or comes twice', () => {
    expect(refusal({ headers: { 'x-a': '' } })).toEqual(invalid('is empty'));
    expect(refusal({ headers: { ID: '1' } })).toEqual(invalid('is an SNS attribute already'));
    expect(refusal({ type: 't', headers: { Type: '1' } })).toEqual(invalid('is an SNS attribute already'));
    expect(refusal({ headers: { 'X-A': '1', 'x-a': '2' } })).toEqual(invalid('is an SNS attribute already'));
    const headers = JSON.parse('{"__proto__":"v","constructor":"v"}') as Record<string, string>;
    expect(Object.keys(published({ headers }).fields.MessageAttributes)).toEqual(['id', '__proto__', 'constructor']);
  });
});

describe('the size', () => {
  // id: 2 + 6 + 5; x: 1 + 6 + 4 (two characters of two bytes each)
  const parts = { id: 'msg_1', headers: { x: 'üü' } };

  it('is body and attributes, with their names and types, in bytes of UTF-8', () => {
    expect(published({ ...parts, body: 'ü' }).bytes).toBe(2 + 13 + 11);
  });

  it('may be 262,144 bytes, and by maxBytes up to 1,048,576', () => {
    for (const maxBytes of [262_144, 1_048_576]) {
      const options = maxBytes === 262_144 ? {} : { maxBytes };
      expect(published({ ...parts, body: 'x'.repeat(maxBytes - 24) }, options).bytes).toBe(maxBytes);
      expect(refusal({ ...parts, body: 'x'.repeat(maxBytes - 23) }, options)).toEqual(
        invalid(`at most ${maxBytes} bytes, got ${maxBytes + 1}`),
      );
    }
  });

  it('is checked before anything is sent, and says so in the outcome', async () => {
    const transport = sns({ client });
    const { outcome } = await transport.send(messageOf({ body: 'x'.repeat(262_144) }), attemptOf());
    expect(outcome).toEqual({
      kind: 'rejected',
      reason: expect.stringMatching(/^body and SNS attributes must be at most 262144 bytes/),
    });
    expect(client.calls).toEqual([]);
  });
});

describe('the body', () => {
  it('is the message, with a byte order mark where it has one', () => {
    expect(published({ body: '\ufeffGrüße ✓ 🎉' }).fields.Message).toBe('\ufeffGrüße ✓ 🎉');
  });

  it('is refused when it is empty, or no UTF-8', () => {
    expect(refusal({ body: '' })).toEqual(invalid('must not be empty'));
    expect(refusal({ body: Uint8Array.of(0x66, 0xff) })).toEqual(invalid('must be UTF-8'));
    expect(refusal({ body: Uint8Array.of(0xed, 0xa0, 0x80) })).toEqual(invalid('must be UTF-8'));
  });
});

describe('subject and structure', () => {
  it('are left out where nobody asks for them', () => {
    expect(Object.keys(published({}).fields)).toEqual(['Message', 'MessageAttributes']);
  });

  it('are the option, or what its function gives for the delivery', () => {
    expect(published({}, { subject: 'News', structure: 'json' }).fields).toMatchObject({
      Subject: 'News',
      MessageStructure: 'json',
    });
    const structure = ({ type }: { readonly type?: string | undefined }): 'json' | undefined =>
      type === 'json' ? 'json' : undefined;
    expect(published({ type: 'json' }, { structure }).fields.MessageStructure).toBe('json');
    expect(published({ type: 'text' }, { structure }).fields).not.toHaveProperty('MessageStructure');
    expect(published({ type: 'a' }, { subject: ({ type }) => `of ${type}` }).fields.Subject).toBe('of a');
  });

  it.each(['', 'x'.repeat(101), 'two\nlines', 42, null])('refuses the subject %j of a function', (subject) => {
    expect(refusal({}, { subject: () => subject as string })).toEqual(invalid('subject(delivery) must give'));
  });

  it('refuses another structure of a function, and tells of one that throws', () => {
    expect(refusal({}, { structure: () => 'xml' as 'json' })).toEqual(invalid('structure(delivery) must give'));
    const cause = new Error('mine');
    const subject = (): string => {
      throw cause;
    };
    expect(refusal({}, { subject })).toMatchObject({ code: 'transport-failed', message: 'subject of sns threw', cause });
  });
});

describe('the order of a FIFO topic', () => {
  const order = (parts: MessageParts): unknown => {
    const { MessageGroupId, MessageDeduplicationId } = published({ to: FIFO_TOPIC, ...parts }).fields;
    return [MessageGroupId, MessageDeduplicationId];
  };

  it('has its group from the ordering key, and is deduplicated by the id', () => {
    expect(order({ id: 'msg_1', orderingKey: 'in_42' })).toEqual(['in_42', 'msg_1']);
    expect(order({ id: 'msg_1' })).toEqual(['msg_1', 'msg_1']);
  });

  it('hashes what SNS would refuse: equal stays equal, and 128 characters are taken', () => {
    const hash = expect.stringMatching(/^[0-9a-f]{64}$/);
    expect(order({ id: 'x'.repeat(128), orderingKey: '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~' })).toEqual([
      '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
      'x'.repeat(128),
    ]);
    expect(order({ id: 'x'.repeat(129), orderingKey: 'a b' })).toEqual([hash, hash]);
    expect(order({ orderingKey: 'ü' })).toEqual(order({ orderingKey: 'ü' }));
    expect(order({ orderingKey: 'ü' })).not.toEqual(order({ orderingKey: 'ö' }));
  });

  it('is not told to a standard topic', () => {
    expect(published({ to: TOPIC, orderingKey: 'in_42' }).fields).not.toHaveProperty('MessageGroupId');
  });
});
