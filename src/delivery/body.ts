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

/**
 * Where a body's bytes stand. `pooled`: in a pool of Node's, which costs a fifth, for what is gone in a moment. `own`: in memory of its
 * own, for what may stay for days: a few bytes in a pool keep all 64 KiB of it.
 */
export type BodyMemory = 'pooled' | 'own';

const encoder = new TextEncoder();

/** `data` as JSON, text as UTF-8, bytes copied: what the caller changes later must not change what is signed and sent. */
export function encodeBody(callback: Pick<Callback, 'data' | 'body'>, memory: BodyMemory): EncodedBody {
  const { data, body } = callback;
  if (data !== undefined && body !== undefined) throw invalid('a callback must have data or body, got both');
  if (data !== undefined) return { bytes: utf8(toJson(data), memory), contentType: 'application/json' };
  if (body === undefined) return { bytes: EMPTY, contentType: 'application/octet-stream' };
  if (typeof body === 'string') return { bytes: utf8(body, memory), contentType: 'text/plain; charset=utf-8' };
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

/** As a plain array, without a Buffer's own ways. */
function utf8(text: string, memory: BodyMemory): Uint8Array {
  if (memory === 'own') return encoder.encode(text);
  const { buffer, byteOffset, length } = Buffer.from(text);
  return new Uint8Array(buffer, byteOffset, length);
}
