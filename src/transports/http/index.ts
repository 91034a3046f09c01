export type { HttpClassify } from '../http-answer.js';
export type { HostResolver } from './guarded-lookup.js';
export { http } from './http.js';
export type { HttpOptions, HttpTlsOptions } from './options.js';
