/** Is it a number of calls? What a snapshot brings back may be anything. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
