export type { ReceivedMessage, Signable, SignatureScheme, Verified } from './scheme.js';
export { type StandardWebhooksOptions, standardWebhooks } from './standard-webhooks.js';
