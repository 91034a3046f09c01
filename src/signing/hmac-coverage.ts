import { Buffer } from 'node:buffer';
import { RingbackError } from '../errors.js';
import { invalidOption } from '../options.js';
import type { Covered, HmacMessage, HmacParts, SignedParts } from './hmac-message.js';

/** A message made up to learn what `signed` covers. */
const SAMPLE: HmacMessage = {
  id: 'msg_sample',
  timestamp: '1600000000',
  method: 'POST',
  url: 'https://receiver.example/sample?page=1',
  path: '/sample?page=1',
  header: () => 'sample',
  body: Buffer.from('{"sample":1}'),
};

/**
 * What a signature covers, learnt by changing one field of a sample after another: only what changes the signed bytes is proven
 * by a signature, and only that may a verified message vouch for.
 *
 * @throws RingbackError `invalid-option` when `signed` throws, gives no parts, is not repeatable, or leaves the body out.
 */
export function coverageOf(signed: SignedParts): Covered {
  const whole = sampleBytes(signed, SAMPLE);
  const covers = (change: Partial<HmacMessage>): boolean => !sampleBytes(signed, { ...SAMPLE, ...change }).equals(whole);
  if (covers({})) throw invalidOption('signed', 'a function that gives the same parts for the same message', signed);
  if (!covers({ body: Buffer.from('{"sample":2}') })) throw invalidOption('signed', 'a function that covers the body', signed);
  return {
    id: covers({ id: 'evt_other' }),
    timestamp: covers({ timestamp: '1600000001' }),
    method: covers({ method: 'PUT' }),
    url: covers({ url: 'https://other.example/elsewhere?list=2' }),
    path: covers({ path: '/elsewhere?list=2' }),
  };
}

function sampleBytes(signed: SignedParts, message: HmacMessage): Buffer {
  let parts: unknown;
  try {
    parts = signed(message);
  } catch (cause) {
    throw new RingbackError('invalid-option', 'signed must be a function that takes any message, it threw for a sample', {
      cause,
    });
  }
  if (!areParts(parts)) throw invalidOption('what signed gives', 'an array of strings and Uint8Arrays', parts);
  // Joined as they are signed: parts that only trade characters among themselves are no difference.
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
}

/** Asked for every message: the function is the user's, and may see what no sample had. */
export function areParts(parts: unknown): parts is HmacParts {
  return Array.isArray(parts) && parts.every((part: unknown) => typeof part === 'string' || part instanceof Uint8Array);
}
