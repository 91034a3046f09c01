import type { Logger } from './logger.js';

type Write = (fields: object, message: string) => unknown;

/** The user's logger, which can now neither throw nor reject: a full disk must not cost a callback. */
export function guardedLogger(logger: Logger): Logger {
  const guard =
    (level: keyof Logger): Logger[keyof Logger] =>
    (fields, message) => {
      try {
        // Called on the logger, as pino's methods need their `this`. A logger may be async against its type.
        const written: unknown = (logger as Record<keyof Logger, Write>)[level](fields, message);
        if (written instanceof Promise) written.catch(() => {});
      } catch {
        // A logger that fails has nobody left to tell.
      }
    };
  return { debug: guard('debug'), info: guard('info'), warn: guard('warn'), error: guard('error') };
}
