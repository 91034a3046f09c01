export {
  type CallbackUrlRequest,
  type CallbackUrls,
  type CallbackUrlsOptions,
  callbackUrls,
  type RedeemedCallbackUrl,
} from './callback-urls.js';
export type { Encoding } from './encoded-bytes.js';
export { type GithubOptions, github } from './github.js';
export { type HmacOptions, hmac } from './hmac.js';
export type { HmacAlgorithm } from './hmac-digest.js';
export type { HmacMessage, HmacParts, SignedParts } from './hmac-message.js';
export type { HmacSecret } from './hmac-secret.js';
export {
  type ContentDigestAlgorithm,
  type HttpMessageSignatureAlgorithm,
  type HttpMessageSignatureKey,
  type HttpMessageSignatureKeyPair,
  type HttpMessageSignatureSharedSecret,
  type HttpMessageSignaturesOptions,
  httpMessageSignatures,
} from './http-message-signatures.js';
export {
  type JwtAlgorithm,
  type JwtKey,
  type JwtKeyPair,
  type JwtKeySet,
  type JwtKeys,
  type JwtOptions,
  type JwtSettings,
  type JwtSharedSecret,
  jwt,
} from './jwt.js';
export type { Jwk } from './key-material.js';
export type { ReceivedMessage, Signable, SignatureScheme, Verified } from './scheme.js';
export type { SecretLookup } from './secret-lookup.js';
export type { Secrets } from './secrets.js';
export type { SignatureSeparator } from './signature-format.js';
export { type StandardWebhooksOptions, standardWebhooks } from './standard-webhooks.js';
export { type StripeOptions, stripe } from './stripe.js';
