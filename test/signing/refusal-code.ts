import { isRingbackError, type RingbackErrorCode } from '../../src/errors.js';

export type RefusalCode = RingbackErrorCode | 'no error';

/** The code of what it threw; anything but a RingbackError goes on, and fails the test. */
export function codeOf(action: () => unknown): RefusalCode {
  try {
    action();
    return 'no error';
  } catch (error) {
    return codeOfError(error);
  }
}

/** The same of what a promise, or its absence, came to. */
export async function codeOfAsync(action: () => unknown): Promise<RefusalCode> {
  try {
    await action();
    return 'no error';
  } catch (error) {
    return codeOfError(error);
  }
}

function codeOfError(error: unknown): RingbackErrorCode {
  if (isRingbackError(error)) return error.code;
  throw error;
}
