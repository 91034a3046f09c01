/**
 * One header out of whatever a client calls headers: `Headers`, axios's own class, or a plain object with lower-case names. The
 * first of several values.
 */
export function headerOf(headers: unknown, name: string): string | undefined {
  if (typeof headers !== 'object' || headers === null) return undefined;
  const bag = headers as { readonly get?: unknown; readonly [name: string]: unknown };
  const value: unknown = typeof bag.get === 'function' ? bag.get(name) : bag[name];
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' ? first : undefined;
}
