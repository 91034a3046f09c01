import { parseKey } from './http-message-signatures/key.js';
import { type HttpMessageSignaturesOptions, profileOf } from './http-message-signatures/options.js';
import { checkDelivery, sign } from './http-message-signatures/signing.js';
import { verify } from './http-message-signatures/verification.js';
import type { SignatureScheme } from './scheme.js';
import { keySource, withKeys } from './secrets.js';

export type { HttpMessageSignatureAlgorithm } from './http-message-signatures/algorithms.js';
export type { ContentDigestAlgorithm } from './http-message-signatures/content-digest.js';
export type {
  HttpMessageSignatureKey,
  HttpMessageSignatureKeyPair,
  HttpMessageSignatureSharedSecret,
} from './http-message-signatures/key.js';
export type { HttpMessageSignaturesOptions } from './http-message-signatures/options.js';

/**
 * HTTP Message Signatures (RFC 9421) over method, target URI, content type, the body's digest (RFC 9530) and the callback's
 * id: headers `signature-input`, `signature`, `content-digest` and `webhook-id`. Use it where receivers ask for the standard,
 * or where a public key must verify and the message carries more than a body. HMAC-SHA256, Ed25519, ECDSA over P-256 and
 * RSA-PSS are there; Ed25519 is the one to choose.
 *
 * `verify` needs the `method` and the `url` that the sender called: behind a proxy, the public one. It is strict: canonical
 * spelling, everything covered that is covered here, the algorithm pinned by the key, `created` within the tolerance both
 * ways, `expires` honoured, the digest computed from the bytes. It vouches for `timestampMs`, and for `id` where there is an
 * `idHeader`. A signature is checked before its age, so `stale-signature` means that the message was genuine once.
 *
 * @throws RingbackError `invalid-secret` for a key that does not fit its algorithm; `invalid-option` for any other setting.
 * Its `check` and `sign` throw `invalid-callback` for what can't be covered; `sign` throws `invalid-secret` where all keys are
 * public; its `verify` throws `invalid-signature` or `stale-signature`.
 * @example
 * ```ts
 * import { generateKeyPairSync } from 'node:crypto';
 * import { httpMessageSignatures } from 'ringback/signing';
 *
 * const { privateKey, publicKey } = generateKeyPairSync('ed25519');
 * const key = { keyId: 'billing-2026', algorithm: 'ed25519' } as const;
 * const sender = httpMessageSignatures({ secrets: [{ ...key, key: privateKey }] });
 * const receiver = httpMessageSignatures({ secrets: [{ ...key, key: publicKey }] });
 *
 * const [method, url, body] = ['POST', 'https://customer.example/hooks', new TextEncoder().encode('{}')] as const;
 * const headers = await sender.sign({ id: 'msg_1', timestampMs: Date.now(), to: url, method, headers: {}, body });
 * const verified = await receiver.verify({ method, url, headers, body, nowMs: Date.now() });
 * console.log(verified.id); // msg_1
 * ```
 */
export function httpMessageSignatures(options: HttpMessageSignaturesOptions): SignatureScheme {
  const profile = profileOf(options);
  const source = keySource(options.secrets, parseKey);

  // The keys live in this closure alone, so that no inspection of the scheme shows them.
  return {
    name: 'http-message-signatures',
    check: (delivery) => checkDelivery(delivery, profile),
    sign: (message) => withKeys(source.forSigning(message), (keys) => sign(message, keys, profile)),
    verify: (received) => withKeys(source.forVerifying(received), (keys) => verify(received, keys, profile)),
  };
}
