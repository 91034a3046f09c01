import type { Answer } from '../../../callback.js';

/** What a destination is asked to echo: a text that nobody could know beforehand, in the form that Slack's receivers know. */
export interface Challenge {
  readonly text: string;
  readonly body: Uint8Array;
}

const TYPE = 'url_verification';

/** Used for one request, whose answer alone is compared with it. */
export function challengeOf(text: string): Challenge {
  return { text, body: new TextEncoder().encode(JSON.stringify({ type: TYPE, challenge: text })) };
}

/** Why the answer is no echo; undefined where it is one: a 2xx with the bare text, or with JSON that has it as `challenge`. */
export function faultOfEcho({ response, outcome }: Answer, { text }: Challenge): string | undefined {
  if (response === undefined) return outcome.reason ?? outcome.kind;
  const { status } = response;
  if (status < 200 || status > 299) return `answered the challenge with ${status}`;
  const echo = new TextDecoder().decode(response.body).trim();
  if (echo === text) return undefined;
  const { type, challenge } = fieldsOf(echo);
  if (challenge !== text) return 'did not echo the challenge';
  // Some servers give back all that they are sent, in a spelling of their own, and agree to nothing by it.
  return type === TYPE ? 'gave back the whole request, which is no answer to the challenge' : undefined;
}

function fieldsOf(json: string): { readonly type?: unknown; readonly challenge?: unknown } {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
