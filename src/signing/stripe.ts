import { checkNames, durationOption } from '../options.js';
import { coverageOf } from './hmac-coverage.js';
import type { SignedParts } from './hmac-message.js';
import { hmacScheme } from './hmac-scheme.js';
import { hmacSecret } from './hmac-secret.js';
import type { SignatureScheme } from './scheme.js';
import { keySource, type Secrets } from './secrets.js';
import { SignatureFormat } from './signature-format.js';
import { DEFAULT_TOLERANCE_MS } from './timestamp.js';

/** Settings of {@link stripe}. */
export interface StripeOptions {
  /**
   * 1 to 10 secrets, used as the text they are, `whsec_` included, as Stripe's libraries do. A message is signed with every one
   * of them and verified when any of them fits.
   */
  readonly secrets: Secrets;
  /** How far a timestamp may lie in the past or the future when verified, in ms. Default 300,000 (Stripe's libraries). */
  readonly toleranceMs?: number;
}

/** Stripe's test mode sends a `v0` beside `v1`; versions to come are passed over, too. */
const OTHER_VERSIONS = /^v(?!1=)[0-9]{1,3}=[!-+\--~]*$/;

/**
 * Signatures in Stripe's dialect: `Stripe-Signature: t=<unix seconds>,v1=<hex>`, HMAC-SHA256 over `t.body`. Use it for receivers
 * that verify with Stripe's libraries, and to receive from Stripe itself.
 *
 * `verify` is stricter than Stripe's library: timestamps within the tolerance both ways, in plain decimal; bytes that are no
 * UTF-8; `t` once, first. It vouches for `timestampMs` and for no id: Stripe's stands in the body.
 *
 * @throws RingbackError `invalid-secret` for a secret that is too short; `invalid-option` for any other setting. Its `verify`
 * throws `invalid-signature` or `stale-signature`.
 * @example
 * ```ts
 * import { stripe } from 'ringback/signing';
 *
 * const scheme = stripe({ secrets: ['whsec_a-secret-of-the-endpoint'] });
 * const body = new TextEncoder().encode('{"id":"evt_1","object":"event"}');
 * const message = { id: 'msg_1', timestampMs: Date.now(), to: 'https://customer.example/', method: 'POST', headers: {}, body };
 * const headers = await scheme.sign(message);
 * const { timestampMs } = await scheme.verify({ headers, body, nowMs: Date.now() });
 * console.log(typeof timestampMs); // number
 * ```
 */
export function stripe(options: StripeOptions): SignatureScheme {
  checkNames('stripe', options, ['secrets', 'toleranceMs']);
  const signed: SignedParts = ({ timestamp, body }) => [timestamp, '.', body];
  const format = new SignatureFormat({
    template: 't={timestamp},v1={signature}',
    separator: ',',
    encoding: 'hex',
    bytes: 32,
    passedOver: OTHER_VERSIONS,
  });
  return hmacScheme(
    {
      name: 'stripe',
      header: 'stripe-signature',
      format,
      signed,
      covered: coverageOf(signed),
      toleranceMs: durationOption('toleranceMs', options.toleranceMs, DEFAULT_TOLERANCE_MS),
    },
    keySource(options.secrets, hmacSecret('sha256')),
  );
}
