import type { Clock } from '../clock.js';
import { TimeLimit } from '../time-limit.js';
import { Refusal } from './refusal.js';

/** A body as servers hand it over: whole, a stream of bytes, none; undefined when something else has read it. */
export type BodySource = Uint8Array | AsyncIterable<unknown> | null | undefined;

/** A sender that trickles must not hold a connection for ever. Senders give a whole attempt 15 to 30 s. */
const BODY_MS = 30_000;

const LATE = Symbol('late');

/** Refuses by `content-length` alone, before a byte is read. */
export function checkDeclaredLength(headers: Headers, maxBytes: number): void {
  const declared = headers.get('content-length');
  if (declared !== null && Number(declared) > maxBytes) throw tooLarge(maxBytes, `content-length is ${Number(declared)}`);
}

/** The whole body. At the first byte over the cap it stops reading, and cancels the stream. */
export async function readBody(source: BodySource, maxBytes: number, clock: Clock): Promise<Uint8Array> {
  if (source === null) return new Uint8Array();
  if (source === undefined) {
    throw new Refusal(
      500,
      'something read the body before the receiver did: mount it before body parsers, or keep the raw bytes',
    );
  }
  if (source instanceof Uint8Array) {
    if (source.length > maxBytes) throw tooLarge(maxBytes, `there are ${source.length}`);
    return source;
  }
  if (isStream(source)) return readStream(source, maxBytes, clock);
  throw new Refusal(500, `the body must be bytes or a stream of them, got ${typeof source}: something has decoded it`);
}

/** Servers of the user's own hand over what they have: text, or what a parser made. */
const isStream = (source: object): source is AsyncIterable<unknown> => Symbol.asyncIterator in Object(source);

async function readStream(stream: AsyncIterable<unknown>, maxBytes: number, clock: Clock): Promise<Uint8Array> {
  using limit = new TimeLimit(clock, BODY_MS);
  const late = limit.over.then((): typeof LATE => LATE);
  const iterator = stream[Symbol.asyncIterator]();
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (;;) {
      const next = await Promise.race([nextChunk(iterator), late]);
      if (next === LATE) throw new Refusal(408, `the body was not whole after ${BODY_MS} ms`);
      if (next === undefined) return joined(chunks, length);
      length += next.length;
      if (length > maxBytes) throw tooLarge(maxBytes, 'the stream has more');
      chunks.push(next);
    }
  } catch (refusal) {
    // Not waited for: an iterator that hangs answers its `return` only once its `next` has come.
    void leave(iterator);
    throw refusal;
  }
}

/** What has been refused stays refused, whatever the stream says to its end. */
async function leave(iterator: AsyncIterator<unknown>): Promise<void> {
  try {
    await iterator.return?.();
  } catch {}
}

async function nextChunk(iterator: AsyncIterator<unknown>): Promise<Uint8Array | undefined> {
  let next: IteratorResult<unknown>;
  try {
    next = await iterator.next();
  } catch (cause) {
    throw new Refusal(400, 'the body broke off', { cause });
  }
  if (next.done) return undefined;
  if (next.value instanceof Uint8Array) return next.value;
  throw new Refusal(500, `the body must come as bytes, got ${typeof next.value}: something has decoded it`);
}

/** The chunks in one, in memory of its own. */
export function joined(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function tooLarge(maxBytes: number, found: string): Refusal {
  return new Refusal(413, `a body may have ${maxBytes} bytes, ${found}`);
}
