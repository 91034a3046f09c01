import { RingbackError } from '../../../errors.js';
import type { Outcome } from '../../../outcome.js';
import type { Signable } from '../../../signing/scheme.js';
import { answerInTime, answerUnlessAborted } from '../../../time-limit.js';
import { challengeOf, faultOfEcho } from './challenge.js';
import { handshakeHeaders, readHandshake } from './handshake.js';
import { ask, newInquiryId } from './inquiry.js';
import { type VerificationSettings, type VerifyDestinationOptions, verificationSettings } from './options.js';

/** What a destination said to being sent callbacks. */
export interface DestinationVerification {
  /** True when it consents. */
  readonly allowed: boolean;
  /** How it consented: by the handshake of CloudEvents, or by echoing a challenge. */
  readonly by?: 'handshake' | 'challenge';
  /** What the handshake allows: your origin, or `*` for any. */
  readonly origin?: string;
  /** How many callbacks a minute the handshake allows, at most 1,000,000. Without it no limit was set. */
  readonly ratePerMinute?: number;
  /** One phrase for a person. No secret, no body. */
  readonly reason: string;
  /** How the last request ended: `forbidden`, `timed-out`, an answer with its status and `retryAfterMs`. */
  readonly outcome: Outcome;
}

const NO_BODY = new Uint8Array(0);

/**
 * Asks a destination whether it wants your callbacks, before the first one is sent: when a customer registers a URL, so that nobody
 * can have you flood a URL that is not theirs. First by the web-hook handshake of CloudEvents (an OPTIONS request with your origin);
 * with `challenge`, a destination that does not answer it is sent a random text, which it must echo.
 *
 * It resolves whatever the destination does: what was not allowed says why. Keep `ratePerMinute`, and have the destination's rate
 * limiter hold to it.
 *
 * @param to an https URL; http with `http: { httpsOnly: false }`
 * @throws RingbackError `invalid-option`, `unsupported-destination` for what is no http or https URL, `signing-failed` when the
 *   signature scheme threw or did not answer in `timeoutMs`, `cancelled` when the signal was aborted.
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 * import type { AddressInfo } from 'node:net';
 * import { verifyDestination } from 'ringback/http';
 *
 * const customer = createServer((request, response) => {
 *   const origin = request.headers['webhook-request-origin'];
 *   if (request.method !== 'OPTIONS' || origin !== 'events.example') return response.writeHead(405).end();
 *   response.writeHead(204, { allow: 'POST', 'webhook-allowed-origin': origin, 'webhook-allowed-rate': '120' }).end();
 * });
 * await new Promise<void>((resolve) => customer.listen(0, '127.0.0.1', resolve));
 * const { port } = customer.address() as AddressInfo;
 *
 * const { allowed, ratePerMinute } = await verifyDestination(`http://127.0.0.1:${port}/hooks`, {
 *   origin: 'events.example',
 *   http: { allowPrivate: true, httpsOnly: false }, // this customer is on the loopback
 * });
 * console.log(allowed, ratePerMinute); // prints true 120
 * customer.close();
 * ```
 */
export async function verifyDestination(to: string | URL, options: VerifyDestinationOptions): Promise<DestinationVerification> {
  const settings = verificationSettings(options);
  const url = parse(to);
  const headers = handshakeHeaders(settings);
  const answer = await ask({ id: newInquiryId(), to: url, method: 'OPTIONS', headers, body: NO_BODY }, settings);
  const { outcome } = answer;
  const end = readHandshake(answer, settings);
  if (end.consent === 'granted') {
    const { origin, ratePerMinute, reason } = end;
    return { allowed: true, by: 'handshake', origin, ...(ratePerMinute !== undefined && { ratePerMinute }), reason, outcome };
  }
  if (end.consent === 'unspoken' && settings.challenge) return challenge(url, settings);
  return { allowed: false, reason: end.reason, outcome };
}

async function challenge(to: URL, settings: VerificationSettings): Promise<DestinationVerification> {
  const { method } = settings.http;
  const id = newInquiryId();
  const asked = challengeOf(newInquiryId());
  const own = { 'content-type': 'application/json', 'WebHook-Request-Origin': settings.origin };
  const headers = { ...own, ...(await sign({ id, to: to.href, method, headers: own, body: asked.body }, settings)) };
  const answer = await ask({ id, to, method, headers, body: asked.body }, settings);
  const { outcome } = answer;
  const fault = faultOfEcho(answer, asked);
  if (fault !== undefined) return { allowed: false, reason: fault, outcome };
  return { allowed: true, by: 'challenge', reason: 'echoed the challenge', outcome };
}

async function sign(
  message: Omit<Signable, 'timestampMs'>,
  { signature, http: { clock }, timeoutMs, signal }: VerificationSettings,
): Promise<Readonly<Record<string, string>>> {
  if (signature === undefined) return {};
  const late = (): Error => new Error(`the signature scheme did not answer in ${timeoutMs} ms`);
  try {
    const signed = answerUnlessAborted(signature.sign({ ...message, timestampMs: clock.now() }), signal);
    return await answerInTime(signed, clock, timeoutMs, late);
  } catch (cause) {
    if (signal?.aborted)
      throw new RingbackError('cancelled', 'the caller aborted while the challenge was signed', { cause: signal.reason });
    throw new RingbackError('signing-failed', 'the signature scheme failed, so no challenge was sent', { cause });
  }
}

/** The URL is in no message: it may carry a secret. */
function parse(to: unknown): URL {
  const url = typeof to === 'string' || to instanceof URL ? URL.parse(String(to)) : null;
  if (url !== null && (url.protocol === 'https:' || url.protocol === 'http:')) return url;
  throw new RingbackError('unsupported-destination', 'verifyDestination takes an http: or https: URL');
}
