import { invalidOption, numberOption } from '../options.js';
import { Refusal } from './refusal.js';

/** Who may send here, and how often. */
export interface ConsentSettings {
  /** DNS names in lower case, or `*`. */
  readonly allowedOrigins: readonly string[];
  readonly allowedRatePerMinute: number | undefined;
}

const MAX_ORIGINS = 1_000;
const ORIGIN = /^(\*|[A-Za-z0-9.-]{1,253})$/;
const RATE = { from: 1, to: 1_000_000, integer: true };

/** @throws RingbackError `invalid-option`. */
export function consentSettings(origins: readonly string[] | undefined, rate: number | undefined): ConsentSettings {
  const names = origins ?? [];
  const isList = Array.isArray(names) && names.length <= MAX_ORIGINS;
  if (!isList || names.some((name) => typeof name !== 'string' || !ORIGIN.test(name))) {
    throw invalidOption('allowedOrigins', `a list of at most ${MAX_ORIGINS} DNS names such as events.example, or *`, names);
  }
  return {
    allowedOrigins: names.map((name) => name.toLowerCase()),
    allowedRatePerMinute: rate === undefined ? undefined : numberOption('allowedRatePerMinute', rate, rate, RATE),
  };
}

/**
 * The answer to the web-hook handshake of CloudEvents, by which a sender asks before its first callback. Without consent it is the
 * answer to any method but POST.
 */
export function consentTo(headers: Headers, { allowedOrigins, allowedRatePerMinute }: ConsentSettings): Response {
  const origin = headers.get('webhook-request-origin')?.trim();
  if (origin === undefined || !isAllowed(origin, allowedOrigins)) {
    throw new Refusal(405, 'the method is not POST, nor is it the handshake of an origin that is allowed');
  }
  const asked = Number(headers.get('webhook-request-rate'));
  const wanted = Number.isInteger(asked) && asked > 0 ? asked : Number.POSITIVE_INFINITY;
  const rate = Math.min(wanted, allowedRatePerMinute ?? Number.POSITIVE_INFINITY);
  return new Response(null, {
    status: 204,
    headers: {
      allow: 'POST',
      'webhook-allowed-origin': origin,
      'webhook-allowed-rate': rate === Number.POSITIVE_INFINITY ? '*' : String(rate),
    },
  });
}

function isAllowed(origin: string, allowedOrigins: readonly string[]): boolean {
  return origin !== '' && (allowedOrigins.includes('*') || allowedOrigins.includes(origin.toLowerCase()));
}
