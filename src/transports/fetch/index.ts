export type { OutboundGuardOptions } from '../addresses/guard-options.js';
export type { HttpClassify } from '../http-answer.js';
export type { Fetch, FetchedResponse, FetchInit, ResponseStream } from './fetch.js';
export { fetchTransport } from './fetch-transport.js';
export type { FetchTransportOptions } from './options.js';
