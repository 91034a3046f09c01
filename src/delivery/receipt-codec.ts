import type { Receipt } from '../callback.js';
import { RingbackError } from '../errors.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A receipt as a store keeps it: JSON, the response's body as base64. */
export function encodeReceipt(receipt: Receipt): Uint8Array {
  const { response } = receipt;
  const plain = response === undefined ? receipt : { ...receipt, response: { ...response, body: toBase64(response.body) } };
  return encoder.encode(JSON.stringify(plain));
}

/** @throws RingbackError `idempotency-store-failed` for bytes that no receipt was encoded to. */
export function decodeReceipt(bytes: Uint8Array): Receipt {
  try {
    const plain = JSON.parse(decoder.decode(bytes)) as Receipt & { readonly response?: { readonly body: unknown } };
    if (typeof plain.id !== 'string' || !Array.isArray(plain.attempts)) throw new TypeError('no receipt');
    const { response } = plain;
    const receipt = { ...plain, deduplicated: true };
    return response === undefined ? receipt : { ...receipt, response: { ...response, body: fromBase64(String(response.body)) } };
  } catch (cause) {
    throw new RingbackError('idempotency-store-failed', 'the idempotency store returned a result that is no receipt', { cause });
  }
}

function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

const fromBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
