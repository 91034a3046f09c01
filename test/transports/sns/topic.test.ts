import { describe, expect, it } from 'vitest';
import { isTopic, topicOf } from '../../../src/transports/sns/topic.js';

const longest = 'x'.repeat(251);

describe('a topic', () => {
  it.each([
    'arn:aws:sns:us-east-1:123456789012:orders',
    'arn:aws:sns:ap-southeast-5:000000000000:a',
    'arn:aws-cn:sns:cn-north-1:123456789012:Orders_1-x',
    'arn:aws-us-gov:sns:us-gov-west-1:123456789012:orders',
    'arn:aws-iso-b:sns:us-isob-east-1:123456789012:orders',
    `arn:aws:sns:us-east-1:123456789012:${longest}xxxxx`,
  ])('is %s', (arn) => {
    expect(isTopic(new URL(arn))).toBe(true);
    expect(topicOf(arn)).toEqual({ arn, isFifo: false });
  });

  it.each(['arn:aws:sns:us-east-1:123456789012:orders.fifo', `arn:aws:sns:us-east-1:123456789012:${longest}.fifo`])(
    'that is FIFO is %s',
    (arn) => expect(topicOf(arn)).toEqual({ arn, isFifo: true }),
  );

  it.each([
    'arn:aws:sns:us-east-1:123456789012:',
    'arn:aws:sns:us-east-1:123456789012',
    'arn:aws:sns:us-east-1:12345678901:orders',
    'arn:aws:sns:us-east-1:1234567890123:orders',
    'arn:aws:sns::123456789012:orders',
    'arn:aws:sns:useast1:123456789012:orders',
    'arn:aws:sns:us-east-1:123456789012:or ders',
    'arn:aws:sns:us-east-1:123456789012:orders.fifo.fifo',
    'arn:aws:sns:us-east-1:123456789012:.fifo',
    'arn:aws:sns:us-east-1:123456789012:orders?x=1',
    'arn:aws:sns:us-east-1:123456789012:orders:0c1b2d3e-subscription',
    'arn:aws:sns:us-east-1:123456789012:endpoint/GCM/app/0c1b2d3e',
    'arn:awsx:sns:us-east-1:123456789012:orders',
    `arn:aws:sns:us-east-1:123456789012:${longest}xxxxxx`,
    `arn:aws:sns:us-east-1:123456789012:${longest}x.fifo`,
  ])('is not %s, and nobody else could publish to it', (arn) => {
    expect(() => isTopic(new URL(arn))).toThrow(expect.objectContaining({ code: 'invalid-callback' }));
    expect(() => topicOf(arn)).toThrow(expect.objectContaining({ code: 'unsupported-destination' }));
  });

  it.each([
    'arn:aws:sqs:us-east-1:123456789012:orders',
    'https://example.com/arn:aws:sns:',
    'arn:other:sns:x',
    'mailto:a@b.example',
  ])('may be nothing to it: %s', (uri) => expect(isTopic(new URL(uri))).toBe(false));

  it('is not shown in a message where it is none', () => {
    expect(() => isTopic(new URL('arn:aws:sns:us-east-1:secret:orders'))).toThrow(/^(?!.*secret)/);
  });
});
