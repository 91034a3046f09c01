import type { Publication } from './publication.js';

/** What SNS takes in one call. */
const MAX_ENTRIES = 10;

/** What bounds a batch. */
export interface BatchLimits {
  /** False sends each message alone. */
  readonly gathers: boolean;
  readonly maxBytes: number;
}

/** Who goes next, by their places in line; and whether waiting longer could add nobody. */
export interface NextBatch {
  readonly places: readonly number[];
  readonly isFull: boolean;
}

/**
 * Who of those in line goes with the next call, the first ones first. Who belongs to a group of which some are in flight stays: were
 * it in a call beside theirs, it could overtake them. The first that has no room ends the batch, so that nobody is overtaken here.
 */
export function nextBatch(
  line: readonly { readonly publication: Publication }[],
  groupsInFlight: ReadonlySet<string>,
  { gathers, maxBytes }: BatchLimits,
): NextBatch {
  const maxEntries = gathers ? MAX_ENTRIES : 1;
  const places: number[] = [];
  let bytes = 0;
  for (const [place, { publication }] of line.entries()) {
    const group = publication.fields.MessageGroupId;
    if (group !== undefined && groupsInFlight.has(group)) continue;
    bytes += publication.bytes;
    if (bytes > maxBytes) return { places, isFull: true };
    places.push(place);
    if (places.length === maxEntries) return { places, isFull: true };
  }
  return { places, isFull: false };
}
