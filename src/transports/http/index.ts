export type { OutboundGuardOptions } from '../addresses/guard-options.js';
export type { HttpClassify } from '../http-answer.js';
export type { HostResolver } from './guarded-lookup.js';
export { type HttpTransport, http } from './http.js';
export type { HttpOptions } from './options.js';
export type { HttpProxyOptions } from './proxy.js';
export type { HttpTlsOptions } from './tls.js';
export type { VerifyDestinationOptions } from './verification/options.js';
export { type DestinationVerification, verifyDestination } from './verification/verify-destination.js';
