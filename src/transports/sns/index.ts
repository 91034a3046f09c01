export type { SnsClient } from './client.js';
export type { SnsOptions } from './options.js';
export { sns } from './sns.js';
