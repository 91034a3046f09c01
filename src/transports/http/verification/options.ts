import { RingbackError } from '../../../errors.js';
import { checkNames, contractOption, invalidOption, numberOption } from '../../../options.js';
import type { SignatureScheme } from '../../../signing/scheme.js';
import { type RequestHeaders, requestHeaders } from '../../request-headers.js';
import { type HttpOptions, type HttpSettings, httpSettings } from '../options.js';

/** Settings of `verifyDestination`. Only `origin` is required. */
export interface VerifyDestinationOptions {
  /** The DNS name that your system sends under, `events.example`: what the destination is asked to allow. */
  readonly origin: string;
  /** How many callbacks a minute you would like to send: an integer from 1 to 1,000,000. Default: not said. */
  readonly ratePerMinute?: number;
  /**
   * Where the destination, or a person there, may consent later: an https URL that can't be guessed, as `callbackUrls` of
   * `ringback/signing` makes them. Default: none.
   */
  readonly callbackUrl?: string;
  /**
   * Sends a destination that does not answer the handshake a challenge by POST, which it must echo. Default false: to a URL whose owner
   * has agreed to nothing, a POST may be more than a question.
   */
  readonly challenge?: boolean;
  /** Signs the challenge, as it signs callbacks, in at most `timeoutMs`. Default: unsigned. */
  readonly signature?: SignatureScheme;
  /**
   * The options of the transport that will send the callbacks: guard, TLS, caps and headers hold for the questions too, and
   * `method` is what is asked for. `httpsOnly` is true unless it is set, as the specification allows https alone. `classify` is not asked.
   */
  readonly http?: HttpOptions;
  /** How long each of the two requests may take, in ms. Default 15,000, as an attempt. */
  readonly timeoutMs?: number;
  /** Ends the asking. */
  readonly signal?: AbortSignal;
}

/** The same, checked. */
export interface VerificationSettings {
  /** In lower case. */
  readonly origin: string;
  readonly ratePerMinute: number | undefined;
  readonly callbackUrl: string | undefined;
  readonly challenge: boolean;
  readonly signature: SignatureScheme | undefined;
  readonly http: HttpSettings;
  readonly headersOf: RequestHeaders;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** More is no rate that anybody limits by; it is also the most that a rate limiter takes. */
export const MAX_RATE_PER_MINUTE = 1_000_000;

const NAMES: readonly string[] = [
  'origin',
  'ratePerMinute',
  'callbackUrl',
  'challenge',
  'signature',
  'http',
  'timeoutMs',
  'signal',
] satisfies (keyof VerifyDestinationOptions)[];

const LABEL = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
const DNS_NAME = new RegExp(`^${LABEL}(\\.${LABEL})*$`, 'i');
const MAX_NAME_LENGTH = 253;
const MAX_URL_LENGTH = 4_096;
const MAX_TIMEOUT_MS = 600_000;

/** @throws RingbackError `invalid-option`. */
export function verificationSettings(options: VerifyDestinationOptions): VerificationSettings {
  checkNames('verifyDestination', options, NAMES);
  const { origin, challenge = false, signature, http = {}, signal, ratePerMinute } = options;
  if (typeof origin !== 'string' || origin.length > MAX_NAME_LENGTH || !DNS_NAME.test(origin)) {
    throw invalidOption('origin', 'a DNS name such as events.example', origin);
  }
  if (typeof challenge !== 'boolean') throw invalidOption('challenge', 'true or false', challenge);
  if (typeof http !== 'object' || http === null) throw invalidOption('http', 'an object of options', http);
  // The transport reads the clock alone; here it is waited on too.
  if (http.clock !== undefined) contractOption('http.clock', http.clock, ['now', 'setTimer', 'clearTimer']);
  const rate = { from: 1, to: MAX_RATE_PER_MINUTE, integer: true };
  return {
    origin: origin.toLowerCase(),
    ratePerMinute: ratePerMinute === undefined ? undefined : numberOption('ratePerMinute', ratePerMinute, 1, rate),
    callbackUrl: checkCallbackUrl(options.callbackUrl),
    challenge,
    signature: signature === undefined ? undefined : contractOption('signature', signature, ['sign']),
    http: httpSettings({ ...http, httpsOnly: http.httpsOnly ?? true }),
    headersOf: requestHeaders(http),
    timeoutMs: numberOption('timeoutMs', options.timeoutMs, 15_000, { above: 0, to: MAX_TIMEOUT_MS }),
    signal: signal === undefined ? undefined : contractOption('signal', signal, ['addEventListener', 'removeEventListener']),
  };
}

/** Whoever has it may consent: it is shown in no message. */
function checkCallbackUrl(callbackUrl: unknown): string | undefined {
  if (callbackUrl === undefined) return undefined;
  const url = typeof callbackUrl === 'string' && callbackUrl.length <= MAX_URL_LENGTH ? URL.parse(callbackUrl) : null;
  if (url?.protocol === 'https:') return url.href;
  const rule = `callbackUrl must be an https URL of at most ${MAX_URL_LENGTH} characters`;
  throw new RingbackError('invalid-option', `${rule}, got ${typeof callbackUrl}`);
}
