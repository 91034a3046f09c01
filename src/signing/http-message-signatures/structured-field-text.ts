import { Buffer } from 'node:buffer';
import type { BareItem, Item } from './structured-fields.js';

/** Structured fields as text (RFC 9651 §4.1): each value has one spelling. What is handed in fits the grammar already. */

/** A parameter by its name; those that are undefined are left out. */
export type ParameterEntry = readonly [name: string, value: BareItem | undefined];

/** What a string item can hold: visible ASCII and spaces. */
export const isStringItem = (text: string): boolean => /^[ -~]*$/.test(text);

/** What a member of a dictionary can be called. */
export const isKey = (text: string): boolean => /^[a-z*][a-z0-9_\-.*]*$/.test(text);

function parametersText(parameters: Iterable<ParameterEntry>): string {
  let text = '';
  for (const [name, value] of parameters) {
    if (value !== undefined) text += value === true ? `;${name}` : `;${name}=${bareItemText(value)}`;
  }
  return text;
}

export const itemText = ({ value, parameters }: Item): string => bareItemText(value) + parametersText(parameters);

/** An inner list of items that are written already. */
export const innerListText = (items: readonly string[], parameters: Iterable<ParameterEntry>): string =>
  `(${items.join(' ')})${parametersText(parameters)}`;

/** A dictionary of members that are written already. */
export const dictionaryText = (members: readonly (readonly [label: string, member: string])[]): string =>
  members.map(([label, member]) => `${label}=${member}`).join(', ');

export const bytesText = (bytes: Uint8Array): string => `:${Buffer.from(bytes).toString('base64')}:`;

function bareItemText(value: BareItem): string {
  if (typeof value === 'string') return `"${value.replace(/["\\]/g, '\\$&')}"`;
  if (typeof value === 'number') return String(value);
  if (typeof value === 'boolean') return value ? '?1' : '?0';
  return bytesText(value);
}
