import type { Group } from './case.ts';
import { FORGED_ADDRESSES } from './forged-addresses.ts';
import { FORGED_NAMES } from './forged-names.ts';
import { NO_DESTINATIONS } from './no-destinations.ts';
import { PUBLIC_DESTINATIONS } from './public-destinations.ts';

/** All that `npm run ssrf` sends by every guard. */
export const CORPUS: readonly Group[] = [...FORGED_ADDRESSES, ...FORGED_NAMES, NO_DESTINATIONS, ...PUBLIC_DESTINATIONS];
