import type { Random } from 'ringback';
import type { DelayMs } from './aws-backoffs.ts';
import { normal } from './distributions.ts';

/** How one run went: the time until the last client had its answer, and how many writes reached the server. */
export interface Contention {
  readonly tookMs: number;
  readonly writes: number;
}

const MESSAGE_MS = 10;
const MESSAGE_DEVIATION_MS = 2;

/**
 * The model of the AWS architecture blog: all clients start at once, and each updates the same row once, under optimistic
 * locking. A client reads the row's version and writes with it; the write is lost when another one was written in between, and
 * then the client backs off and reads again. Every message takes |N(10, 2)| ms; the server itself takes no time.
 *
 * Only what reaches the server is an event: on the client's side nothing happens but the sending of the next message.
 */
export function contend(clients: number, delayMs: DelayMs, random: Random): Contention {
  const messageMs = (): number => Math.abs(MESSAGE_MS + MESSAGE_DEVIATION_MS * normal(random));
  // When each client's message reaches the server. A client has one at a time, so these are all the events there are.
  const arrivesAtMs = Float64Array.from({ length: clients }, messageMs);
  const isWriting = new Uint8Array(clients);
  const versionRead = new Int32Array(clients);
  const attempts = new Int32Array(clients);
  const lastDelayMs = new Float64Array(clients);
  let version = 0;
  let writes = 0;
  let tookMs = 0;
  while (version < clients) {
    const client = indexOfLeast(arrivesAtMs);
    const nowMs = arrivesAtMs[client] as number;
    if (isWriting[client] === 0) {
      versionRead[client] = version;
      isWriting[client] = 1;
      arrivesAtMs[client] = nowMs + messageMs() + messageMs();
      continue;
    }
    isWriting[client] = 0;
    writes++;
    const answeredAtMs = nowMs + messageMs();
    if (versionRead[client] === version) {
      version++;
      tookMs = Math.max(tookMs, answeredAtMs);
      arrivesAtMs[client] = Number.POSITIVE_INFINITY;
      continue;
    }
    const attempt = (attempts[client] as number) + 1;
    const waitMs = delayMs(attempt, lastDelayMs[client] as number, random);
    attempts[client] = attempt;
    lastDelayMs[client] = waitMs;
    arrivesAtMs[client] = answeredAtMs + waitMs + messageMs();
  }
  return { tookMs, writes };
}

/** Faster than a heap for the at most 190 clients of the model. */
function indexOfLeast(values: Float64Array): number {
  let least = 0;
  for (let index = 1; index < values.length; index++) {
    if ((values[index] as number) < (values[least] as number)) least = index;
  }
  return least;
}
