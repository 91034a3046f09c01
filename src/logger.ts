/**
 * Where ringback writes what an operator must see: the fields of the one case first, then a sentence that is always the same.
 * pino and console fit as they are.
 *
 * @example
 * ```ts
 * import { createRingback, type Logger } from 'ringback';
 * import { scriptedTransport } from 'ringback/testing';
 *
 * const write = (fields: object, message: string) => console.log(message);
 * const logger: Logger = { debug: () => {}, info: () => {}, warn: write, error: write };
 * const ringback = createRingback({ transports: [scriptedTransport(['gone'])], logger });
 * await ringback.enqueue({ to: 'https://customer.example/hooks' });
 * await ringback.drain(); // a callback was given up and is a dead letter now
 * await ringback.close();
 * ```
 */
export interface Logger {
  /** What only somebody who looks for a fault wants to read. */
  debug(fields: object, message: string): void;
  /** What changed: a circuit breaker's state. */
  info(fields: object, message: string): void;
  /** What somebody should look at: a dead letter, a lost lease. */
  warn(fields: object, message: string): void;
  /** What broke on our own side: a listener, a store. */
  error(fields: object, message: string): void;
}
