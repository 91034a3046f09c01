import { type IdempotencyStore, type Logger, memoryIdempotencyStore } from '../../src/index.js';
import { type Receiver, type ReceiverOptions, receiver } from '../../src/receiver/index.js';
import { standardWebhooks } from '../../src/signing/index.js';
import { type FakeClock, fakeClock } from '../../src/testing/index.js';

export const SECRET = `whsec_${Buffer.alloc(32, 'one of two secrets').toString('base64')}`;
export const scheme = standardWebhooks({ secrets: [SECRET] });
export const URL_OF_HOOKS = 'https://api.example/hooks';

const encoder = new TextEncoder();

export interface Sent {
  readonly id?: string;
  readonly body?: string | Uint8Array;
  readonly timestampMs?: number;
  readonly headers?: Record<string, string>;
  readonly secret?: string;
}

export function bytesOf(body: string | Uint8Array): Uint8Array<ArrayBuffer> {
  return typeof body === 'string' ? encoder.encode(body) : new Uint8Array(body);
}

/** The headers of a callback that a genuine sender sends. */
export async function signed(sent: Sent = {}): Promise<Record<string, string>> {
  const { id = 'msg_1', body = '{"n":1}', timestampMs = Date.now(), headers = {}, secret = SECRET } = sent;
  const signature = await standardWebhooks({ secrets: [secret] }).sign({
    id,
    timestampMs,
    to: URL_OF_HOOKS,
    method: 'POST',
    headers: {},
    body: bytesOf(body),
  });
  return { 'content-type': 'application/json', ...signature, ...headers };
}

export async function requestOf(sent: Sent = {}): Promise<Request> {
  const { body = '{"n":1}' } = sent;
  return new Request(URL_OF_HOOKS, { method: 'POST', headers: await signed(sent), body: bytesOf(body) });
}

/** A log that a test reads. */
export interface Log extends Logger {
  readonly lines: { readonly level: string; readonly fields: Record<string, unknown>; readonly message: string }[];
}

export function log(): Log {
  const lines: Log['lines'] = [];
  const at = (level: string) => (fields: object, message: string) => {
    lines.push({ level, fields: fields as Record<string, unknown>, message });
  };
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

export interface Post {
  readonly clock: FakeClock;
  readonly log: Log;
  readonly receive: Receiver;
  /** The ids of the callbacks that the handler was given. */
  readonly handled: string[];
  /** Sends a callback, signed at the clock's time, straight into the receiver. */
  send(sent?: Sent): Promise<Response>;
}

/** A receiver on a clock that a test drives. */
export function post(options: Partial<ReceiverOptions> & { readonly clock?: FakeClock } = {}): Post {
  const { clock = fakeClock() } = options;
  const logger = log();
  const handled: string[] = [];
  const { onCallback = () => {} } = options;
  const receive = receiver({
    signature: scheme,
    store: memoryIdempotencyStore({ clock }),
    clock,
    logger,
    ...options,
    onCallback: (callback) => {
      handled.push(callback.id);
      return onCallback(callback);
    },
  });
  const send = async (sent: Sent = {}) => receive(await requestOf({ timestampMs: clock.now(), ...sent }));
  return { clock, log: logger, receive, handled, send };
}

/** A store with some of its methods changed. */
export function storeWith(
  changed: Partial<IdempotencyStore>,
  store: IdempotencyStore = memoryIdempotencyStore(),
): IdempotencyStore {
  return {
    claim: (key, request) => store.claim(key, request),
    renew: (key, token, leaseMs) => store.renew(key, token, leaseMs),
    complete: (key, token, result, ttlMs) => store.complete(key, token, result, ttlMs),
    release: (key, token) => store.release(key, token),
    ...changed,
  };
}

/** A promise and its ends, by hand. */
export interface Gate {
  readonly passed: Promise<void>;
  open(): void;
}

export function gate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { passed: promise, open: resolve };
}
