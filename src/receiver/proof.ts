import type { Clock } from '../clock.js';
import { isRingbackError } from '../errors.js';
import type { ReceivedMessage, SignatureScheme, Verified } from '../signing/scheme.js';
import { answerOf } from './patience.js';
import { Refusal } from './refusal.js';

/**
 * What the first scheme that the message fits vouches for. When none fits, the gravest of their faults is thrown: while one
 * scheme could not look its secrets up, the message may be genuine, and is no forgery yet.
 */
export async function prove(schemes: readonly SignatureScheme[], received: ReceivedMessage, clock: Clock): Promise<Verified> {
  let gravest: Refusal | undefined;
  for (const scheme of schemes) {
    try {
      const verified = await answerOf(scheme.verify(received), scheme.name, 'secrets-unavailable', clock);
      if (typeof verified === 'object' && verified !== null) return verified;
      throw new TypeError(`verify must give an object, got ${typeof verified}`);
    } catch (cause) {
      const refusal = refusalOf(scheme, cause);
      if (gravest === undefined || refusal.status > gravest.status) gravest = refusal;
    }
  }
  throw gravest ?? new Refusal(500, 'there is no signature scheme to verify with');
}

function refusalOf({ name }: SignatureScheme, cause: unknown): Refusal {
  if (isRingbackError(cause, 'invalid-signature') || isRingbackError(cause, 'stale-signature')) {
    return new Refusal(401, `${name}: ${cause.message}`, { cause });
  }
  const status = isRingbackError(cause, 'secrets-unavailable') ? 503 : 500;
  return new Refusal(status, `${name} could not verify`, { cause });
}
