import { FRAMING_HEADERS } from '../header-grammar.js';
import type { Logger } from '../logger.js';
import { showShape } from '../options.js';
import { joined } from './body.js';
import { Refusal } from './refusal.js';

/** What is kept of an answer to be given again: it lies in the store for every callback. */
const MAX_ANSWER_BYTES = 65_536;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** 204: all that a sender wants to know. */
export const accepted = (): Response => new Response(null, { status: 204 });

/**
 * A handler's answer with its body in memory, so that it can be sent and kept. Over 64 KiB the body is left out.
 *
 * @throws Refusal for what is no answer.
 */
export async function wholeAnswer(answer: unknown, logger: Logger, id: string): Promise<Response> {
  if (answer === undefined) return accepted();
  if (!isResponse(answer)) {
    throw new Refusal(500, `the handler returned what is no answer: it must be a Response or nothing, got ${showShape(answer)}`);
  }
  const headers = new Headers(answer.headers);
  for (const name of FRAMING_HEADERS) headers.delete(name);
  // What came by fetch has been decoded, and its header still says how it was encoded.
  if (answer.url !== '') headers.delete('content-encoding');
  const { status } = answer;
  if (answer.body === null) return new Response(null, { status, headers });
  const body = await bodyUpTo(answer.body, MAX_ANSWER_BYTES);
  if (body !== undefined) return new Response(body, { status, headers });
  logger.error(
    { id, status, maxBytes: MAX_ANSWER_BYTES },
    'the answer of a callback handler was too large, and went out without its body',
  );
  return new Response(null, { status });
}

/** By its shape: servers put a Response of their own in the platform's place, and what `fetch` gives is none of theirs. */
function isResponse(answer: unknown): answer is Response {
  if (typeof answer !== 'object' || answer === null) return false;
  return 'status' in answer && 'headers' in answer && 'arrayBuffer' in answer;
}

async function bodyUpTo(stream: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return joined(chunks, length);
}

/** An answer as a store keeps it: a line of JSON with status and headers, then the body. Cookies are for one reader only. */
export async function encodeAnswer(answer: Response): Promise<Uint8Array> {
  const headers = [...answer.headers].filter(([name]) => name !== 'set-cookie');
  const head = encoder.encode(`${JSON.stringify([answer.status, headers])}\n`);
  const body = new Uint8Array(await answer.clone().arrayBuffer());
  return joined([head, body], head.length + body.length);
}

/** Undefined for bytes that no answer was encoded to: kept without `replay`, or by another version. */
export function decodeAnswer(bytes: Uint8Array): Response | undefined {
  const end = bytes.indexOf(0x0a);
  if (end < 0) return undefined;
  try {
    const [status, headers] = JSON.parse(decoder.decode(bytes.subarray(0, end))) as [number, [string, string][]];
    const body = bytes.slice(end + 1);
    return new Response(body.length === 0 ? null : body, { status, headers });
  } catch {
    return undefined;
  }
}
