import { Buffer } from 'node:buffer';
import { headerValues, invalidSignature } from '../received.js';
import type { ReceivedMessage } from '../scheme.js';
import { type Component, claimedComponent } from './components.js';
import { type Dictionary, type InnerList, type Parameters, parseDictionary } from './structured-fields.js';

/** One of a message's signatures, in its grammar. Nothing in here is proven yet. */
export interface ClaimedSignature {
  /** What it covers and says of itself, as it was written and signed. */
  readonly list: InnerList;
  readonly keyId: string;
  readonly algorithm: string | undefined;
  readonly tag: string | undefined;
  readonly signature: Buffer;
}

/** When a signature says it was made, and until when it holds; unix seconds. */
export interface ClaimedTimes {
  readonly createdS: number;
  readonly expiresS: number | undefined;
}

const MAX_LENGTH = 16_384;
/** Eleven digits reach the year 5138, as the other schemes have them. */
const MAX_SECONDS = 99_999_999_999;

/**
 * The signatures of a message that name their key, parsed from `signature-input` and `signature`. What a signature covers is
 * read later, by those who know its key: another party's may cover what we can't read. Throws `invalid-signature`.
 */
export function claimedSignatures(headers: ReceivedMessage['headers']): readonly ClaimedSignature[] {
  const inputs = dictionaryHeader(headers, 'signature-input');
  const signatures = dictionaryHeader(headers, 'signature');
  if (inputs.size !== signatures.size) throw invalidSignature('signature-input and signature must have the same labels');
  const claimed: ClaimedSignature[] = [];
  for (const [label, list] of inputs) {
    const member = signatures.get(label);
    if (member === undefined) throw invalidSignature('signature-input and signature must have the same labels');
    const signature = 'value' in member ? member.value : undefined;
    if (!('items' in list)) throw invalidSignature('a member of signature-input must be a list of components');
    if (!Buffer.isBuffer(signature)) throw invalidSignature('a member of signature must be a byte sequence');
    const keyId = textParameter(list.parameters, 'keyid');
    const [algorithm, tag] = [textParameter(list.parameters, 'alg'), textParameter(list.parameters, 'tag')];
    if (keyId !== undefined) claimed.push({ list, keyId, algorithm, tag, signature });
  }
  return claimed;
}

/** What a signature covers, each component once. Throws `invalid-signature`. */
export function claimedComponents({ items }: InnerList): readonly Component[] {
  const components = items.map(claimedComponent);
  const texts = new Set(components.map(({ text }) => text));
  if (texts.size !== components.length) throw invalidSignature('a signature covers the same component twice');
  return components;
}

/** Throws `invalid-signature` for a signature that does not say when it was made. */
export function claimedTimes({ parameters }: InnerList): ClaimedTimes {
  const createdS = secondsParameter(parameters, 'created');
  if (createdS === undefined) throw invalidSignature('a signature must say when it was created');
  return { createdS, expiresS: secondsParameter(parameters, 'expires') };
}

function dictionaryHeader(headers: ReceivedMessage['headers'], name: string): Dictionary {
  const values = headerValues(headers, name);
  if (values.length === 0) throw invalidSignature(`${name} is missing`);
  if (!values.every((value) => typeof value === 'string')) throw invalidSignature(`${name} must be text`);
  // A dictionary may come in several lines, which mean the same as one (RFC 9651 §4.2).
  const text = values.join(', ');
  if (text.length > MAX_LENGTH) throw invalidSignature(`${name} must be at most ${MAX_LENGTH} characters`);
  const members = parseDictionary(text);
  if (members === undefined) throw invalidSignature(`${name} must be a dictionary in its canonical form`);
  return members;
}

function textParameter(parameters: Parameters, name: string): string | undefined {
  const value = parameters.get(name);
  if (value === undefined || typeof value === 'string') return value;
  throw invalidSignature(`the parameter ${name} of a signature must be a string`);
}

function secondsParameter(parameters: Parameters, name: string): number | undefined {
  const value = parameters.get(name);
  if (value === undefined) return undefined;
  if (typeof value === 'number' && value >= 0 && value <= MAX_SECONDS) return value;
  throw invalidSignature(`the parameter ${name} of a signature must be unix seconds`);
}
