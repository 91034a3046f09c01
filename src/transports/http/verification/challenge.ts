import type { Answer } from '../../../callback.js';

/** What a destination is asked to echo: a text that nobody could know beforehand, in the form that Slack's receivers know. */
export interface Challenge {
  readonly text: string;
  readonly body: Uint8Array;
}

/** Used for one request, whose answer alone is compared with it. */
export function challengeOf(text: string): Challenge {
  return { text, body: new TextEncoder().encode(JSON.stringify({ type: 'url_verification', challenge: text })) };
}

/** Why the answer is no echo; undefined where it is one: a 2xx with the bare text, or with JSON that has it as `challenge`. */
export function faultOfEcho({ response, outcome }: Answer, { text, body }: Challenge): string | undefined {
  if (response === undefined) return outcome.reason ?? outcome.kind;
  const { status } = response;
  if (status < 200 || status > 299) return `answered the challenge with ${status}`;
  const echo = new TextDecoder().decode(response.body).trim();
  if (echo === text) return undefined;
  // Some servers give back all that they are sent, and agree to nothing by it.
  if (echo === new TextDecoder().decode(body)) return 'gave back the whole request, which is no answer to the challenge';
  return challengeIn(echo) === text ? undefined : 'did not echo the challenge';
}

function challengeIn(json: string): unknown {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as { readonly challenge?: unknown }).challenge : undefined;
  } catch {
    return undefined;
  }
}
