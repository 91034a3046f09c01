export type { ReceivedMessage, Signable, SignatureScheme, Verified } from './scheme.js';
export type { SecretLookup, Secrets } from './secrets.js';
export { type StandardWebhooksOptions, standardWebhooks } from './standard-webhooks.js';
