import { RingbackError } from '../errors.js';

/** A frozen copy, all the way down: what the caller or a listener changes later must not change what travels. */
export function copyMetadata(metadata: unknown): Readonly<Record<string, unknown>> | undefined {
  if (metadata === undefined) return undefined;
  checkObject(metadata);
  let copy: unknown;
  try {
    copy = JSON.parse(JSON.stringify(metadata));
  } catch (cause) {
    const message = 'metadata must be plain JSON, got what JSON.stringify refuses (a cycle, a BigInt, a throwing toJSON)';
    throw new RingbackError('invalid-callback', message, { cause });
  }
  checkObject(copy);
  return freezeAll(copy);
}

function checkObject(value: unknown): asserts value is Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return;
  const got = value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value;
  throw new RingbackError('invalid-callback', `metadata must be a plain JSON object, got ${got}`);
}

/** It comes from JSON.parse, so it has no cycles, and its depth is what JSON.parse could take. */
function freezeAll<T extends object>(value: T): T {
  for (const part of Object.values(value)) {
    if (typeof part === 'object' && part !== null) freezeAll(part);
  }
  return Object.freeze(value);
}
