import type { Answer, Response } from '../../../callback.js';
import { MAX_RATE_PER_MINUTE, type VerificationSettings } from './options.js';

/**
 * The handshake of "HTTP 1.1 Web Hooks for Event Delivery" (CloudEvents, version 1.0.2), chapter 4: may this sender send to this
 * URL, and how often. It proves that who answers there agrees, not who it is.
 */

/** What the destination said to the question. */
export type HandshakeEnd =
  /** It agrees. `ratePerMinute` is undefined where it sets no limit. */
  | { readonly consent: 'granted'; readonly origin: string; readonly ratePerMinute: number | undefined; readonly reason: string }
  /** It speaks the handshake, and what it says is no consent. */
  | { readonly consent: 'refused'; readonly reason: string }
  /** It gave no sign that it speaks the handshake. */
  | { readonly consent: 'unspoken'; readonly reason: string };

/** The headers of the question. */
export function handshakeHeaders({ origin, ratePerMinute, callbackUrl }: VerificationSettings): Record<string, string> {
  return {
    'WebHook-Request-Origin': origin,
    ...(ratePerMinute !== undefined && { 'WebHook-Request-Rate': String(ratePerMinute) }),
    ...(callbackUrl !== undefined && { 'WebHook-Request-Callback': callbackUrl }),
  };
}

/** What the answer means. Consent is what its headers say: any server may answer 200 to a method that it does not know. */
export function readHandshake({ response, outcome }: Answer, settings: VerificationSettings): HandshakeEnd {
  if (response === undefined) return refused(outcome.reason ?? outcome.kind);
  const { status, headers } = response;
  const allowedOrigin = headers['webhook-allowed-origin']?.trim().toLowerCase();
  if (allowedOrigin === undefined) {
    // Another question would be no better received.
    if (outcome.kind === 'overloaded' || outcome.kind === 'gone') return refused(`answered ${status}`);
    return { consent: 'unspoken', reason: `answered ${status} without WebHook-Allowed-Origin` };
  }
  // A consent on an error page was put there by something that puts it on every page.
  if (status < 200 || status > 299) return refused(`answered ${status}, which is no consent whatever its headers say`);
  if (allowedOrigin !== '*' && allowedOrigin !== settings.origin) return refused('allows another origin');
  if (!allowsMethod(response, settings.http.method)) return refused(`allows the origin, but not ${settings.http.method}`);
  const rate = readRate(headers['webhook-allowed-rate'], settings.ratePerMinute !== undefined);
  if (rate === undefined) return refused('allows the origin, but no rate that can be read');
  const ratePerMinute = rate === Number.POSITIVE_INFINITY ? undefined : rate;
  return { consent: 'granted', origin: allowedOrigin, ratePerMinute, reason: 'allows the origin' };
}

const refused = (reason: string): HandshakeEnd => ({ consent: 'refused', reason });

/** `Allow` should be there and name the method of deliveries; where it is and does not, they would end in 405. */
function allowsMethod({ headers }: Response, method: string): boolean {
  const allow = headers.allow;
  return allow === undefined || allow.split(',').some((allowed) => allowed.trim().toUpperCase() === method);
}

/** Infinite for `*`, and for none where none was asked for; undefined for what is no rate. Who asked for one must be given one. */
function readRate(text: string | undefined, wasAsked: boolean): number | undefined {
  if (text === undefined) return wasAsked ? undefined : Number.POSITIVE_INFINITY;
  const rate = text.trim();
  if (rate === '*') return Number.POSITIVE_INFINITY;
  return /^0*[1-9]\d*$/.test(rate) ? Math.min(Number(rate), MAX_RATE_PER_MINUTE) : undefined;
}
