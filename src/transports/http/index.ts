export { type HttpClassify, type HttpOptions, type HttpTlsOptions, http } from './http.js';
