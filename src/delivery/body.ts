import { Buffer } from 'node:buffer';
import type { Callback } from '../callback.js';
import { RingbackError } from '../errors.js';

const EMPTY = new Uint8Array(0);

/** What a callback says: `data` as JSON, or a body of text, or of bytes, or nothing. */
export interface Content {
  readonly madeOf: 'data' | 'text' | 'bytes' | 'nothing';
  /** Text stays text until an attempt needs its bytes: what waits for days holds no buffer, and a slice of one would hold all of it. */
  readonly held: string | Uint8Array;
  readonly contentType: string;
}

const invalid = (message: string, cause?: unknown): RingbackError =>
  new RingbackError('invalid-callback', message, cause === undefined ? undefined : { cause });

/** Bytes are copied: what the caller changes later must not change what is signed and sent. */
export function contentOf({ data, body }: Pick<Callback, 'data' | 'body'>): Content {
  if (data !== undefined && body !== undefined) throw invalid('a callback must have data or body, got both');
  if (data !== undefined) return { madeOf: 'data', held: toJson(data), contentType: 'application/json' };
  if (body === undefined) return { madeOf: 'nothing', held: EMPTY, contentType: 'application/octet-stream' };
  if (typeof body === 'string') return { madeOf: 'text', held: body, contentType: 'text/plain; charset=utf-8' };
  if (body instanceof Uint8Array) {
    return { madeOf: 'bytes', held: Uint8Array.from(body), contentType: 'application/octet-stream' };
  }
  throw invalid(`body must be a string or a Uint8Array, got ${body === null ? 'null' : typeof body}`);
}

/** As a plain array, without a Buffer's own ways. In Node's pool, which costs a fifth, as it is gone with its attempt. */
export function bytesOf({ held }: Content): Uint8Array {
  if (typeof held !== 'string') return held;
  const { buffer, byteOffset, length } = Buffer.from(held);
  return new Uint8Array(buffer, byteOffset, length);
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
