/**
 * Sends for all it is worth, and aborts at random moments: a program of its own, as what it looks for would hang the process. It prints what became
 * of the sends, and ends by itself only if nothing is left open.
 */
import type { Message } from '../../../../src/callback.js';
import { seededRandom } from '../../../../src/random.js';
import { type HttpOptions, http } from '../../../../src/transports/http/index.js';
import type { SendAttempt } from '../../../../src/transports/transport.js';

/** The program's one argument, as JSON. */
export interface Orders {
  readonly urls: readonly string[];
  readonly options: HttpOptions;
  readonly seed: number;
  readonly sends: number;
  readonly atOnce: number;
  /** The longest body; their lengths are spread over the powers of two below. */
  readonly maxBodyBytes: number;
  /** The share of sends that are aborted at a random moment. The others are too, but late. */
  readonly abortedShare: number;
  readonly lateMs: number;
}

/** What it prints. */
export interface Report {
  /** How often each end came: an outcome's kind and reason, or `aborted`, or `late` and where it stood, or what else was thrown. */
  readonly ends: Readonly<Record<string, number>>;
  /** Sockets and timers after `close`, by Node's names for them. */
  readonly leftOpen: readonly string[];
}

const orders = JSON.parse(process.argv[2] as string) as Orders;
const random = seededRandom(orders.seed);
const transport = http({ allowPrivate: true, ...orders.options });
const noMore = new Error('no more');
const tooLate = new Error('too late');
const body = new Uint8Array(orders.maxBodyBytes);

function message(): Message {
  const to = orders.urls[Math.floor(random() * orders.urls.length)] as string;
  const headers = { 'webhook-id': 'msg_1' };
  const bytes = body.subarray(0, Math.ceil(2 ** (random() * Math.log2(orders.maxBodyBytes))));
  const delivery = { id: 'msg_1', to, destination: to, headers, body: bytes, contentType: 'text/plain' };
  return {
    id: 'msg_1',
    to,
    headers,
    body: bytes,
    delivery: { ...delivery, priority: 0, acceptedAtMs: 0, idempotencyKey: undefined },
  };
}

/** Aborts in the same turn of the loop, in the next ones, or some ms later. */
function abortSome(controller: AbortController): void {
  const abort = (): void => controller.abort(noMore);
  const after = (ms: number, reason: Error): void => {
    const timer = setTimeout(() => controller.abort(reason), ms);
    controller.signal.addEventListener('abort', () => clearTimeout(timer));
  };
  after(orders.lateMs, tooLate);
  if (random() >= orders.abortedShare) return;
  const ways = [abort, () => process.nextTick(abort), () => queueMicrotask(abort), () => setImmediate(abort)];
  const later = (): void => after(random() * 50, noMore);
  (ways[Math.floor(random() * 2 * ways.length)] ?? later)();
}

async function sendOne(): Promise<string> {
  const controller = new AbortController();
  const attempt: SendAttempt = { number: 1, signal: controller.signal };
  const sent = transport.send(message(), attempt);
  abortSome(controller);
  try {
    const { kind, reason = '' } = (await sent).outcome;
    return `${kind} ${reason}`.trim();
  } catch (error) {
    if (error === tooLate) return `late: ${attempt.progress?.phase}`;
    return error === noMore ? 'aborted' : `thrown: ${error}`;
  } finally {
    // Takes the later aborts back.
    controller.abort(noMore);
  }
}

const ends: Record<string, number> = {};
let begun = 0;
async function sendMany(): Promise<void> {
  while (begun++ < orders.sends) {
    const end = await sendOne();
    ends[end] = (ends[end] ?? 0) + 1;
  }
}

await Promise.all(Array.from({ length: orders.atOnce }, sendMany));
await transport.close?.();

/** Sockets and timers, by Node's names for them. */
const openNow = (): string[] => process.getActiveResourcesInfo().filter((name) => /TCP|TLS|Timeout/.test(name));
// A socket that is destroyed is out of Node's list some turns later.
for (let turns = 0; turns < 100 && openNow().length > 0; turns++) await new Promise(setImmediate);
const leftOpen = openNow();
const report: Report = { ends, leftOpen };
process.stdout.write(JSON.stringify(report));
