import type { RingbackError } from '../../errors.js';
import { headerValues } from '../received.js';
import type { ReceivedMessage } from '../scheme.js';
import type { Component } from './components.js';
import { queryParameterValues, type RequestTarget } from './request-target.js';

/** A request, of which parts are signed. */
export interface SignedRequest {
  readonly method: string;
  readonly target: RequestTarget;
  readonly headers: ReceivedMessage['headers'];
}

/** Says why a request can't be signed, or proves nothing. */
export type Refuse = (fault: string) => RingbackError;

/** A base is ASCII (RFC 9421 §2.5); a line break in a value would make one line look like two. */
const FIELD_VALUE = /^[\t -~]*$/;

/** The bytes that are signed (RFC 9421 §2.5), as text: a line for each component, then the signature's own parameters. */
export function signatureBase(
  components: readonly Component[],
  parameters: string,
  request: SignedRequest,
  refuse: Refuse,
): string {
  const lines = components.map((component) => `${component.text}: ${componentValue(component, request, refuse)}`);
  return [...lines, `"@signature-params": ${parameters}`].join('\n');
}

/** A component's value in this request. Throws what `refuse` makes where the request has none that is clear. */
export function componentValue(component: Component, request: SignedRequest, refuse: Refuse): string {
  const { method, target } = request;
  switch (component.name) {
    case '@method':
      return method;
    case '@target-uri':
      return `${target.scheme}://${target.authority}${target.path}${target.query}`;
    case '@authority':
      return target.authority;
    case '@scheme':
      return target.scheme;
    case '@request-target':
      return target.path + target.query;
    case '@path':
      return target.path;
    case '@query':
      return target.query === '' ? '?' : target.query;
    case '@query-param':
      return queryParameterValue(component, target, refuse);
    default:
      return fieldValue(component.name, request.headers, refuse);
  }
}

function queryParameterValue({ text, queryParameter = '' }: Component, target: RequestTarget, refuse: Refuse): string {
  const [value, ...more] = queryParameterValues(target, queryParameter);
  if (value === undefined) throw refuse(`${text} is covered, and the URL has no such parameter`);
  if (more.length > 0) throw refuse(`${text} is covered, and the URL has it ${more.length + 1} times`);
  return value;
}

/** All values of a header, joined as RFC 9421 §2.1 has it. */
function fieldValue(name: string, headers: SignedRequest['headers'], refuse: Refuse): string {
  const values = headerValues(headers, name);
  if (values.length === 0) throw refuse(`${name} is covered, and the message has no such header`);
  const texts = values.map((value) => {
    if (typeof value !== 'string' || !FIELD_VALUE.test(value)) throw refuse(`${name} is covered, and is no ASCII text`);
    return value.replace(/^[\t ]+|[\t ]+$/g, '');
  });
  return texts.join(', ');
}
