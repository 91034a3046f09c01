import { constants } from 'node:http2';
import type { OutcomeKind } from '../../outcome.js';

/** The receiver ended a stream or a connection out of turn. Its message is the reason that users see. */
export class Http2Error extends Error {
  readonly kind: OutcomeKind;

  constructor(reason: string, code?: number) {
    super(reason);
    // "Enhance your calm": the receiver's 429.
    this.kind = code === constants.NGHTTP2_ENHANCE_YOUR_CALM ? 'overloaded' : 'failed';
  }
}

/** Of RFC 9113, from 0 on. Node's constants hold much more under the same prefix. */
const CODES = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
];

const nameOf = (code: number): string => CODES[code] ?? `code ${code}`;

export const streamReset = (code: number): Http2Error => new Http2Error(`HTTP/2 stream reset (${nameOf(code)})`, code);

export const saidGoodbye = (code: number): Http2Error =>
  new Http2Error(`HTTP/2 connection ended by the receiver (${nameOf(code)})`, code);

/** The same error, or one that says it in words: Node's own of HTTP/2 are no errors of the network. */
export function nodeError(error: Error, code: number = constants.NGHTTP2_NO_ERROR): Error {
  const name = (error as { readonly code?: unknown }).code;
  if (name === 'ERR_HTTP2_STREAM_ERROR') return streamReset(code);
  return String(name).startsWith('ERR_HTTP2') ? new Http2Error(`HTTP/2 broken by the receiver (${name})`) : error;
}
