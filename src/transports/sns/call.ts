import type { Answer } from '../../callback.js';
import { entryAnswer, publishedAnswer, refusalOf } from './answer.js';
import type { SnsClient } from './client.js';
import type { SnsCommands } from './commands.js';
import type { Sending } from './sending.js';

/** What a call is made with. */
export interface Caller {
  readonly client: SnsClient;
  /** The SDK's commands, once it is known that the client may be used. */
  ready(): Promise<SnsCommands>;
}

/** SNS finds fault with what is sent. Rights, topics and rates have other words. */
const BAD_REQUEST = 400;

/**
 * One call, for one message or for many of one topic. Each gets its own answer; where the call as a whole fails, that is everyone's,
 * unless one of them may be why: then each goes alone. Who is aborted leaves, and the call is given up when all have left. Never
 * rejects.
 */
export async function publish(sendings: readonly Sending[], caller: Caller): Promise<void> {
  const controller = new AbortController();
  const { promise: abandoned, resolve: abandon } = Promise.withResolvers<void>();
  let left = sendings.length;
  for (const sending of sendings) {
    sending.phase = 'waiting for the answer';
    sending.onAbort = () => {
      left--;
      if (left > 0) return;
      controller.abort();
      abandon();
    };
  }
  // The SDK does not listen to an abort while it waits for credentials, and nobody waits for it then.
  await Promise.race([abandoned, settle(sendings, caller, controller.signal)]);
}

async function settle(sendings: readonly Sending[], caller: Caller, abortSignal: AbortSignal): Promise<void> {
  try {
    const commands = await caller.ready();
    // By now all may have left. Those that did have their end, and take no other.
    abortSignal.throwIfAborted();
    const output = await caller.client.send(commandFor(sendings, commands) as never, { abortSignal });
    const isAlone = sendings.length === 1;
    for (const [place, sending] of sendings.entries()) {
      sending.answer(isAlone ? publishedAnswer(output) : entryAnswer(output, String(place)));
    }
  } catch (error) {
    const refusal = refusalOf(error);
    if (sendings.length > 1 && isOneOfThem(refusal)) return publishEach(sendings, caller);
    for (const sending of sendings) {
      if (refusal === undefined) sending.fail(error);
      else sending.answer(refusal);
    }
  }
}

/** SNS takes nothing of a batch in which it finds one message at fault, and does not always say which. */
const isOneOfThem = (refusal: Answer | undefined): boolean =>
  refusal?.outcome.kind === 'rejected' && refusal.outcome.status === BAD_REQUEST;

/** One after another, as those of a group have their order. Who has left is not sent. */
async function publishEach(sendings: readonly Sending[], caller: Caller): Promise<void> {
  for (const sending of sendings) {
    if (!sending.hasLeft) await publish([sending], caller);
  }
}

function commandFor(sendings: readonly Sending[], { PublishCommand, PublishBatchCommand }: SnsCommands): object {
  const publications = sendings.map(({ publication }) => publication);
  const TopicArn = publications[0]?.topic.arn ?? '';
  const [first, ...others] = publications;
  if (first !== undefined && others.length === 0) return new PublishCommand({ TopicArn, ...first.fields });
  return new PublishBatchCommand({
    TopicArn,
    PublishBatchRequestEntries: publications.map(({ fields }, place) => ({ Id: String(place), ...fields })),
  });
}
