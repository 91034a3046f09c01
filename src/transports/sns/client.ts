import { RingbackError } from '../../errors.js';

/** A client of `@aws-sdk/client-sns`, version 3: what is used of an `SNSClient` or an `SNS`. */
export interface SnsClient {
  send(command: never, options: { readonly abortSignal: AbortSignal }): Promise<unknown>;
  readonly config: {
    maxAttempts(): Promise<number>;
    retryStrategy?(): Promise<unknown>;
  };
}

/** What the SDK's strategies tell of themselves; a user's own need not. */
interface RetryStrategy {
  readonly mode?: unknown;
  readonly maxAttemptsProvider?: unknown;
}

/**
 * Refuses a client that retries by itself. Its settings are promises, so this is known when it is first used, and not when the
 * transport is built.
 *
 * @throws RingbackError `invalid-option`.
 */
export async function refuseRetries({ config }: SnsClient): Promise<void> {
  const strategy = ((await config.retryStrategy?.()) ?? {}) as RetryStrategy;
  if (strategy.mode === 'adaptive') {
    throw refused("holds calls back by a rate of its own: give it retryMode: 'standard', as ringback's limits come before it");
  }
  // A strategy that was handed in decides, whatever `maxAttempts` says.
  const attempts: unknown =
    typeof strategy.maxAttemptsProvider === 'function' ? await strategy.maxAttemptsProvider() : await config.maxAttempts();
  if (attempts === 1) return;
  throw refused(
    `makes ${String(attempts)} attempts, which would multiply with ringback's: new SNSClient({ maxAttempts: 1 }) makes one`,
  );
}

const refused = (why: string): RingbackError =>
  new RingbackError('invalid-option', `sns.client must not retry by itself, but it ${why}`);
