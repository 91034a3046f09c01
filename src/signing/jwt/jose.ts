import { RingbackError } from '../../errors.js';

/**
 * jose, loaded when the first token is verified: who only signs need not install it.
 *
 * @throws RingbackError `missing-dependency`.
 */
export async function loadJose(): Promise<typeof import('jose')> {
  try {
    return await import('jose');
  } catch (cause) {
    throw new RingbackError(
      'missing-dependency',
      'jwt verifies tokens through jose, which could not be loaded: npm install jose',
      {
        cause,
      },
    );
  }
}
