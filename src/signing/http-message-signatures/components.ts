import { isHeaderName } from '../../header-grammar.js';
import { invalidOption } from '../../options.js';
import { headerValues, invalidSignature } from '../received.js';
import type { ReceivedMessage } from '../scheme.js';
import { itemText } from './structured-field-text.js';
import type { Item } from './structured-fields.js';

/** A part of a request that a signature covers. */
export interface Component {
  /** A header's lower-case name, or a name that begins with `@` (RFC 9421 §2.2). */
  readonly name: string;
  /** The name of the parameter, percent-encoded, for `@query-param`. */
  readonly queryParameter: string | undefined;
  /** As it stands in the signature: two components are the same when this is. */
  readonly text: string;
}

const QUERY_PARAMETER = '@query-param';

/** What is derived from a request beside its headers, all that RFC 9421 has. */
const DERIVED: ReadonlySet<string> = new Set([
  '@method',
  '@target-uri',
  '@authority',
  '@scheme',
  '@request-target',
  '@path',
  '@query',
  QUERY_PARAMETER,
]);

const RULE = `a lower-case header name, one of ${[...DERIVED].slice(0, -1).join(', ')}, or ${QUERY_PARAMETER};name="…"`;
const QUERY_PARAMETER_OPTION = /^@query-param;name="([A-Za-z0-9*\-._%]+)"$/;
/** A signature can't cover the headers that it goes into. */
const OWN_HEADERS: readonly string[] = ['signature', 'signature-input'];

/** A component by its name; with the name of its parameter for `@query-param`. */
export function component(name: string, queryParameter?: string): Component {
  const parameters = new Map(queryParameter === undefined ? [] : [['name', queryParameter]]);
  return { name, queryParameter, text: itemText({ value: name, parameters }) };
}

const isFieldName = (name: string): boolean => isHeaderName(name) && name === name.toLowerCase() && !OWN_HEADERS.includes(name);

/** A component as a user writes it: `@path`, `date`, `@query-param;name="tenant"`. Throws `invalid-option`. */
export function componentOption(option: string, value: unknown): Component {
  if (typeof value !== 'string') throw invalidOption(option, RULE, value);
  const [, parameter] = QUERY_PARAMETER_OPTION.exec(value) ?? [];
  if (parameter !== undefined) return component(QUERY_PARAMETER, parameter);
  const isPlain = value !== QUERY_PARAMETER && (DERIVED.has(value) || isFieldName(value));
  if (!isPlain) throw invalidOption(option, RULE, value);
  return component(value);
}

/**
 * A component as a received signature names it. Parameters are refused, but for the name of a query parameter: `sf`, `bs` and
 * `key` are ways to read headers that nobody here needs, `req` and `tr` belong to responses and trailers.
 */
export function claimedComponent({ value, parameters }: Item): Component {
  if (typeof value !== 'string') throw invalidSignature('a component of a signature must be a string');
  if (value !== QUERY_PARAMETER) {
    if (parameters.size > 0) throw invalidSignature('a component of a signature has a parameter that is not supported');
    if (!DERIVED.has(value) && !isFieldName(value)) throw invalidSignature('a component of a signature is not known');
    return component(value);
  }
  const name = parameters.get('name');
  if (parameters.size !== 1 || typeof name !== 'string')
    throw invalidSignature(`${QUERY_PARAMETER} must have a name, and nothing else`);
  return component(QUERY_PARAMETER, name);
}

/** All that is chosen is, but a `content-type` that is not there: a message without a body may have none. */
export const isToBeCovered = ({ name }: Component, headers: ReceivedMessage['headers']): boolean =>
  name !== 'content-type' || headerValues(headers, name).length > 0;
