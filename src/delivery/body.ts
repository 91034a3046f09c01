import { Buffer } from 'node:buffer';
import type { Callback } from '../callback.js';
import { RingbackError } from '../errors.js';

const EMPTY = new Uint8Array(0);

/** A callback's content as bytes, and what kind of content it is. */
export interface EncodedBody {
  readonly bytes: Uint8Array;
  readonly contentType: string;
}

const invalid = (message: string, cause?: unknown): RingbackError =>
  new RingbackError('invalid-callback', message, cause === undefined ? undefined : { cause });

/** `data` as JSON, text as UTF-8, bytes copied: what the caller changes later must not change what is signed and sent. */
export function encodeBody(callback: Pick<Callback, 'data' | 'body'>): EncodedBody {
  const { data, body } = callback;
  if (data !== undefined && body !== undefined) throw invalid('a callback must have data or body, got both');
  if (data !== undefined) return { bytes: utf8(toJson(data)), contentType: 'application/json' };
  if (body === undefined) return { bytes: EMPTY, contentType: 'application/octet-stream' };
  if (typeof body === 'string') return { bytes: utf8(body), contentType: 'text/plain; charset=utf-8' };
  if (body instanceof Uint8Array) return { bytes: Uint8Array.from(body), contentType: 'application/octet-stream' };
  throw invalid(`body must be a string or a Uint8Array, got ${body === null ? 'null' : typeof body}`);
}

function toJson(data: unknown): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(data);
  } catch (cause) {
    throw invalid('data must be JSON, got what JSON.stringify refuses (a cycle, a BigInt, a throwing toJSON)', cause);
  }
  if (json === undefined) throw invalid(`data must be JSON, got a ${typeof data}`);
  return json;
}

/** By way of Node's pooled buffers, which cost half of what a TextEncoder's do; as a plain array, without a Buffer's own ways. */
function utf8(text: string): Uint8Array {
  const { buffer, byteOffset, length } = Buffer.from(text);
  return new Uint8Array(buffer, byteOffset, length);
}
