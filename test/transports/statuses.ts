import type { OutcomeKind } from '../../src/outcome.js';

/** What the statuses of an answer mean, to every transport that speaks HTTP. */
export const STATUSES: readonly (readonly [status: number, kind: OutcomeKind])[] = [
  [200, 'delivered'],
  [202, 'delivered'],
  [204, 'delivered'],
  [304, 'rejected'],
  [400, 'rejected'],
  [401, 'rejected'],
  [404, 'rejected'],
  [408, 'failed'],
  [410, 'gone'],
  [425, 'failed'],
  [429, 'overloaded'],
  [500, 'failed'],
  [501, 'failed'],
  [502, 'overloaded'],
  [503, 'overloaded'],
  [504, 'overloaded'],
];
