import type { Answer, Response } from '../../callback.js';
import { awsCodeOutcome, awsOutcome } from '../../classify/aws.js';
import { statusOutcome } from '../../classify/status.js';

/** What is looked at of what the client gives. All of it may be missing: a client is the user's. */
interface Published {
  readonly MessageId?: unknown;
  readonly SequenceNumber?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: unknown };
}
interface PublishedBatch {
  readonly Successful?: readonly (Published & { readonly Id?: unknown })[];
  readonly Failed?: readonly {
    readonly Id?: unknown;
    readonly Code?: unknown;
    readonly Message?: unknown;
    readonly SenderFault?: unknown;
  }[];
  readonly $metadata?: Published['$metadata'];
}

/** A code as SNS gives them: what else stands there may be long, or break a log's lines. */
const PLAIN_CODE = /^[\w.]{1,80}$/;

const UNNAMED: Answer = { outcome: { kind: 'failed', reason: 'answered without a word on this message' } };

/** What a call for one message came to. */
export function publishedAnswer(output: unknown): Answer {
  return taken((output ?? {}) as Published, statusOf((output as Published | undefined)?.$metadata));
}

/** What a call for many came to: the answer of the entry with this id. */
export function entryAnswer(output: unknown, id: string): Answer {
  const { Successful = [], Failed = [], $metadata } = (output ?? {}) as PublishedBatch;
  const success = Successful.find((entry) => entry.Id === id);
  if (success !== undefined) return taken(success, statusOf($metadata));
  const failure = Failed.find((entry) => entry.Id === id);
  if (failure === undefined) return UNNAMED;
  const { Code, Message, SenderFault } = failure;
  // An entry has no status. These are what a call for this message alone would have come to, of whose fault it is.
  const status = SenderFault === true ? 400 : 500;
  const outcome = awsCodeOutcome(Code, status) ?? withCode(statusOutcome(status, undefined), Code);
  return { outcome, response: response(status, { Code, Message }) };
}

/** What an error of the client's says that SNS answered; undefined where it is no answer: the network's, or the client's own. */
export function refusalOf(error: unknown): Answer | undefined {
  const outcome = awsOutcome({ error: error as Error });
  if (outcome === undefined || typeof outcome === 'string' || outcome.status === undefined) return undefined;
  const {
    name,
    Code = name,
    message,
  } = error as { readonly name?: unknown; readonly Code?: unknown; readonly message?: unknown };
  return { outcome: withCode(outcome, Code), response: response(outcome.status, { Code, Message: message }) };
}

/** A message id is the proof. A success without one is what a proxy or a stub answered. */
function taken({ MessageId, SequenceNumber }: Published, status: number): Answer {
  if (typeof MessageId !== 'string') return UNNAMED;
  return { outcome: { kind: 'delivered', status }, response: response(status, { MessageId, SequenceNumber }) };
}

/** SNS's words, in its own names. They are for the receipt and the error, not for the reason: they may repeat what was sent. */
function response(status: number, said: object): Response {
  return { status, headers: {}, body: new TextEncoder().encode(JSON.stringify(said)), truncated: false };
}

function withCode<O extends { readonly reason?: string | undefined }>(outcome: O, code: unknown): O {
  const { reason } = outcome;
  if (reason === undefined || reason.includes('(') || typeof code !== 'string' || !PLAIN_CODE.test(code)) return outcome;
  return { ...outcome, reason: `${reason} (${code})` };
}

const statusOf = (metadata: Published['$metadata']): number =>
  typeof metadata?.httpStatusCode === 'number' ? metadata.httpStatusCode : 200;
