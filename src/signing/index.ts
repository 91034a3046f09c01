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
export type { ReceivedMessage, Signable, SignatureScheme, Verified } from './scheme.js';
export type { SecretLookup } from './secret-lookup.js';
export type { Secrets } from './secrets.js';
export { type StandardWebhooksOptions, standardWebhooks } from './standard-webhooks.js';
