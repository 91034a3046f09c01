import { invalidOption } from '../../options.js';

/** PostgreSQL cuts longer names off without a word, and two tables would be one. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;
const RULE = 'a table, or a schema, a point and a table, each of 1 to 63 letters, digits and _, with no digit first';

/**
 * The name of a table as it stands in a statement. Names can't be bound as parameters, so only plain ones are taken, and these
 * are quoted: what is not lower-case stays as it is.
 */
export function quotedTable(table: string): string {
  const names = typeof table === 'string' ? table.split('.') : [];
  if (names.length < 1 || names.length > 2 || !names.every((name) => NAME.test(name))) {
    throw invalidOption('table', RULE, table);
  }
  return names.map((name) => `"${name}"`).join('.');
}
