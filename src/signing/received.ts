import { RingbackError } from '../errors.js';
import type { ReceivedMessage } from './scheme.js';

/** Reading what came in, strictly: every scheme's `verify` begins here. All of it throws `invalid-signature`. */

/** Why a received message proves nothing. */
export const invalidSignature = (fault: string): RingbackError => new RingbackError('invalid-signature', fault);

/** The bytes as they came. Text or a parsed body can't be verified: what was signed is gone. */
export function receivedBody(received: ReceivedMessage): Uint8Array {
  if (received.body instanceof Uint8Array) return received.body;
  throw invalidSignature(`body must be the bytes as received, a Uint8Array, got ${typeof received.body}`);
}

/** The header's one value. Missing or repeated is refused: which of two values was signed can't be told. */
export function singleHeader(headers: ReceivedMessage['headers'], name: string): string {
  const found = headerValues(headers, name);
  if (found.length === 0) throw invalidSignature(`${name} is missing`);
  if (found.length > 1) throw invalidSignature(`${name} came ${found.length} times`);
  const [value] = found;
  if (typeof value !== 'string') throw invalidSignature(`${name} must be text, got ${typeof value}`);
  return value;
}

/** Every value of a header, by its lower-case name. The platform's `Headers` has joined them already. */
export function headerValues(headers: ReceivedMessage['headers'], name: string): readonly unknown[] {
  if (typeof headers !== 'object' || headers === null) throw invalidSignature(`headers must be an object, got ${typeof headers}`);
  if (isHeaders(headers)) {
    const value: unknown = headers.get(name);
    return value === null || value === undefined ? [] : [value];
  }
  const values: unknown[] = [];
  for (const key of Object.keys(headers)) {
    if (key.length !== name.length || key.toLowerCase() !== name) continue;
    const value = headers[key];
    // Not spread: arguments lie on the stack, and how many values there are is up to the sender.
    if (Array.isArray(value)) for (const one of value) values.push(one);
    else if (value !== undefined) values.push(value);
  }
  return values;
}

/** By its shape, as undici and others have a `Headers` of their own. */
const isHeaders = (headers: ReceivedMessage['headers']): headers is Headers =>
  typeof (headers as { readonly get?: unknown }).get === 'function';
