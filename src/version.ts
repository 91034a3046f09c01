/** The package's version, as a `user-agent` and a bug report say it. */
export const VERSION = '0.1.0';
