import type { ReceivedMessage, Verified } from '../signing/scheme.js';
import { Refusal } from './refusal.js';

/** A store takes keys of 300 characters; what is left is for the receiver's name. */
const MAX_ID_LENGTH = 256;

/** Tells the id of a callback that was verified. */
export type IdOf = (received: ReceivedMessage, verified: Verified) => string;

/**
 * The id to deduplicate by: what `idOf` says, else what the scheme vouches for. A proven message without a usable id is
 * malformed; a scheme that vouches for none, and no `idOf`, is a fault of the receiver's own: nothing could be told apart then.
 */
export function callbackId(idOf: IdOf | undefined, received: ReceivedMessage, verified: Verified): string {
  const id: unknown = idOf === undefined ? verified.id : idByUser(idOf, received, verified);
  if (id === undefined && idOf === undefined) {
    throw new Refusal(500, 'the signature scheme vouches for no id: give the receiver an idOf, which tells it');
  }
  if (typeof id !== 'string') throw new Refusal(400, `the id must be a string, got ${typeof id}`);
  if (id.length === 0 || id.length > MAX_ID_LENGTH) {
    throw new Refusal(400, `the id must have 1 to ${MAX_ID_LENGTH} characters, got ${id.length}`);
  }
  // Stores refuse these: not every database has a text for them.
  if (id.includes('\0') || !id.isWellFormed()) throw new Refusal(400, 'the id must be well-formed text without NUL');
  return id;
}

function idByUser(idOf: IdOf, received: ReceivedMessage, verified: Verified): unknown {
  try {
    return idOf(received, verified);
  } catch (cause) {
    throw new Refusal(400, 'idOf threw', { cause });
  }
}
