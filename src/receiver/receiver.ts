import { fingerprintOf } from '../idempotency/fingerprint.js';
import { checkDeclaredLength, readBody } from './body.js';
import { callbackId } from './callback-id.js';
import { consentTo } from './consent.js';
import { Handling, type Proven } from './handling.js';
import { type IncomingRequest, joinedHeaders, publicUrl } from './incoming.js';
import { type ReceiverOptions, type ReceiverSettings, receiverSettings } from './options.js';
import { prove } from './proof.js';
import { parseJson } from './received-callback.js';
import { logRefusal, Refusal, refusalResponse } from './refusal.js';

/** A receiver of callbacks: a function from a fetch-style request to its response. It never rejects. */
export interface Receiver {
  (request: Request): Promise<Response>;
  /** The same for servers without a fetch-style request: what the adapters call. It never rejects. */
  handle(request: IncomingRequest): Promise<Response>;
}

/**
 * The other end of a callback: verifies the signature, runs `onCallback` once per id, and answers the sender, also when the same
 * callback comes again, or several times at once. Mount it as it is where requests are fetch-style (Deno, Bun, workers, Next.js),
 * or by `toNodeHandler`, `toExpressHandler`, `toFastifyPlugin`, `toHonoHandler`.
 *
 * 2xx: handled, now or before. 401: the signature is missing, wrong or stale. 409: being handled. 422: the id was used with
 * another body. 500: the handler threw, or returned what is no answer, and its id is free for the sender's retry. 503: the store or the secrets don't answer.
 * Refusals say nothing but a fixed sentence; the reason goes to the `logger`.
 *
 * Once means: no second run while the first is held or remembered. A process that dies between its effect and the record makes
 * the sender's retry run again: where that must not be, let the effect and the id commit in one transaction of your own.
 *
 * @throws RingbackError `invalid-option` for an unknown option, one out of range, or a missing one.
 * @example
 * ```ts
 * import { memoryIdempotencyStore } from 'ringback';
 * import { receiver } from 'ringback/receiver';
 * import { standardWebhooks } from 'ringback/signing';
 *
 * const signature = standardWebhooks({ secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'] });
 * const receive = receiver({
 *   signature,
 *   store: memoryIdempotencyStore(),
 *   onCallback: ({ id, json }) => console.log(id, json()),
 * });
 *
 * const body = new TextEncoder().encode('{"paid":true}');
 * const sent = { id: 'msg_1', timestampMs: Date.now(), to: 'https://api.example/hooks', method: 'POST', headers: {}, body };
 * const headers = await signature.sign(sent);
 * const send = () => receive(new Request(sent.to, { method: 'POST', headers, body }));
 * console.log((await send()).status, (await send()).status); // 204 204
 * ```
 */
export function receiver(options: ReceiverOptions): Receiver {
  const settings = receiverSettings(options);
  const handling = new Handling(settings);
  const handle = (request: IncomingRequest): Promise<Response> => answer(request, settings, handling);
  return Object.assign(
    async (request: Request): Promise<Response> => {
      const { method, url, headers, body, bodyUsed } = request;
      return handle({ method, url, headers, body: bodyUsed ? undefined : body });
    },
    { handle },
  );
}

async function answer(request: IncomingRequest, settings: ReceiverSettings, handling: Handling): Promise<Response> {
  const { name, logger } = settings;
  let id: string | undefined;
  try {
    if (request.method === 'OPTIONS') return consentTo(joinedHeaders(request.headers), settings.consent);
    const proven = await provenCallback(request, settings);
    id = proven.id;
    return await handling.answer(proven, {
      key: `${name}:${id}`,
      fingerprint: fingerprintOf({ to: name, body: proven.body }),
    });
  } catch (error) {
    const refusal = error instanceof Refusal ? error : new Refusal(500, 'the receiver failed', { cause: error });
    logRefusal(logger, refusal, { name, id });
    return refusalResponse(refusal);
  }
}

/** Reads a callback, has it proven, and tells its id. Throws a Refusal where one of these fails. */
async function provenCallback(request: IncomingRequest, settings: ReceiverSettings): Promise<Proven> {
  const { schemes, idOf, origin, maxBytes, clock } = settings;
  const { method } = request;
  if (method !== 'POST') throw new Refusal(405, 'the method is not POST');
  const nowMs = clock.now();
  const headers = joinedHeaders(request.headers);
  checkDeclaredLength(headers, maxBytes);
  const body = await readBody(request.body, maxBytes, clock);
  const url = publicUrl(request.url, origin);
  const received = { headers: request.headers, body, nowMs, method, url };
  const verified = await prove(schemes, received, clock);
  const id = callbackId(idOf, received, verified);
  const json = <Data>(): Data => parseJson(body) as Data;
  return { id, timestampMs: verified.timestampMs, headers, url, body, json };
}
