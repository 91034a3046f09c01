import { type JwtOptions, jwtRules } from './jwt/options.js';
import { checkMessage, signMessage } from './jwt/signed-token.js';
import { verifyMessage } from './jwt/verification.js';
import type { SignatureScheme } from './scheme.js';

export type { JwtAlgorithm } from './jwt/algorithms.js';
export type { JwtKey, JwtKeyPair, JwtSharedSecret } from './jwt/key.js';
export type { JwtKeySet } from './jwt/key-set.js';
export type { JwtKeys, JwtOptions, JwtSettings } from './jwt/options.js';

/**
 * Signatures as a short-lived JSON Web Token that is bound to its message: it names the callback's id (`jti`), the method
 * (`htm`), the target URI (`uri`) and the hash of the body (`bh`), so that it is worth nothing for any other. Use it where
 * receivers have a JWT library and a gateway that checks bearer tokens, or want to verify with a public key out of a key set;
 * where both sides share a secret and nothing else, `standardWebhooks` is simpler and known to more receivers.
 *
 * Signing is synchronous, on node:crypto. `verify` goes through the package `jose`, which only a receiver has to install. It
 * needs `method` and `url` of what was received; behind a proxy, `url` is the public one, to which the sender sent. It vouches
 * for `id` and `timestampMs`.
 *
 * @throws RingbackError `invalid-secret` for a key that is malformed, too weak or not made for its algorithm; `invalid-option`
 * for any other setting. Its `check` and `sign` throw `invalid-callback` for a callback that brings the header itself; its
 * `sign` throws `invalid-secret` when there is no private key; its `verify` throws `invalid-signature`, `stale-signature`,
 * `missing-dependency` without jose, and `secrets-unavailable` where a key set can't be fetched.
 * @example
 * ```ts
 * import { generateKeyPairSync } from 'node:crypto';
 * import { jwt } from 'ringback/signing';
 *
 * const { privateKey, publicKey } = generateKeyPairSync('ed25519');
 * const issuer = 'https://billing.example';
 * const sender = jwt({ issuer, secrets: [{ alg: 'Ed25519', key: privateKey, kid: 'k1' }] });
 * const receiver = jwt({ issuer, secrets: [{ alg: 'Ed25519', key: publicKey, kid: 'k1' }] });
 *
 * const url = 'https://customer.example/hooks';
 * const body = new TextEncoder().encode('{}');
 * const message = { id: 'msg_1', timestampMs: Date.now(), to: url, method: 'POST', headers: {}, body };
 * const headers = await sender.sign(message);
 * const verified = await receiver.verify({ headers, body, method: 'POST', url, nowMs: Date.now() });
 * console.log(verified.id); // msg_1
 * ```
 */
export function jwt(options: JwtOptions): SignatureScheme {
  const { sender, receiver } = jwtRules(options);

  // The keys live in this closure alone, so that no inspection of the scheme shows them.
  return {
    name: 'jwt',
    check: (delivery) => checkMessage(delivery, sender.header),
    sign: (message) => signMessage(message, sender),
    // Asynchronous throughout, so that what is wrong with a message always comes as a rejection.
    verify: async (received) => verifyMessage(received, receiver),
  };
}
