import type { Callback } from '../callback.js';
import { isRingbackError, RingbackError } from '../errors.js';
import { fingerprintOf } from '../idempotency/fingerprint.js';
import type { Transport } from '../transports/transport.js';
import { AcceptedDelivery } from './accepted-delivery.js';
import type { Address, Addresses } from './addresses.js';
import { contentOf } from './body.js';
import { checkHeaders, contentTypeOf } from './headers.js';
import { copyMetadata } from './metadata.js';

const NAMES: ReadonlySet<string> = new Set([
  'to',
  'type',
  'data',
  'body',
  'headers',
  'id',
  'idempotencyKey',
  'orderingKey',
  'correlationId',
  'metadata',
  'priority',
  'deadlineMs',
]);

/** What a callback's text fields may be. Control characters would break headers, logs and keys. */
const MAX_KEY_LENGTH = 255;
const MAX_PRIORITY = 100;
const CONTROL = /\p{Cc}/u;
/** An id goes into headers and is signed: visible ASCII. */
const ID = /^[\x21-\x7e]{1,255}$/;

/** A callback that passed the door. */
export interface TakenIn {
  readonly delivery: AcceptedDelivery;
  readonly address: Address;
  /** What its payload hashes to; undefined when it has no idempotency key. */
  readonly fingerprint: string | undefined;
}

/** What intake takes from the instance. */
export interface Intake {
  readonly addresses: Addresses;
  readonly newId: () => string;
  readonly wallMs: () => number;
}

const invalid = (message: string, cause?: unknown): RingbackError =>
  new RingbackError('invalid-callback', message, cause === undefined ? undefined : { cause });

/**
 * Checks a callback once, at the door, and freezes it into a delivery: nothing that can't be sent gets past. Messages name the
 * rule, the field and the type, and never a value that may be a secret.
 */
export function takeIn(callback: Callback, intake: Intake): TakenIn {
  if (typeof callback !== 'object' || callback === null) {
    throw invalid(
      `a callback must be an object with a destination in \`to\`, got ${callback === null ? 'null' : typeof callback}`,
    );
  }
  for (const name of Object.keys(callback)) {
    if (!NAMES.has(name)) throw invalid(`a callback has no field ${JSON.stringify(name)}; it has ${[...NAMES].join(', ')}`);
  }
  const address = intake.addresses.of(callback.to);
  const { to, destination } = address;
  const content = contentOf(callback);
  const headers = checkHeaders(callback.headers);
  const type = checkText('type', callback.type);
  const idempotencyKey = checkText('idempotencyKey', callback.idempotencyKey);
  const fields = {
    id: callback.id === undefined ? intake.newId() : checkId(callback.id),
    to,
    destination,
    type,
    headers,
    contentType: contentTypeOf(headers) ?? content.contentType,
    idempotencyKey,
    orderingKey: checkText('orderingKey', callback.orderingKey),
    correlationId: checkText('correlationId', callback.correlationId),
    metadata: copyMetadata(callback.metadata),
    priority: checkNumber('priority', callback.priority, -MAX_PRIORITY, MAX_PRIORITY) ?? 0,
    deadlineMs: checkNumber('deadlineMs', callback.deadlineMs, 1, Number.MAX_SAFE_INTEGER),
    acceptedAtMs: intake.wallMs(),
  };
  const delivery = new AcceptedDelivery(fields, content);
  if (address.transport.check !== undefined) checkWith(address.transport, delivery);
  return {
    delivery,
    address,
    // Here and not later: while a store is asked, the caller may change `data`.
    fingerprint: idempotencyKey === undefined ? undefined : fingerprintOf({ to, type, ...payloadOf(callback, delivery) }),
  };
}

/** The body is made into bytes only where there is no data, which stands for it. */
const payloadOf = ({ data }: Callback, delivery: AcceptedDelivery) => (data === undefined ? { body: delivery.body } : { data });

function checkWith(transport: Transport, delivery: AcceptedDelivery): void {
  try {
    transport.check?.(delivery);
  } catch (cause) {
    if (isRingbackError(cause, 'invalid-callback')) throw cause;
    throw new RingbackError('transport-failed', `check() of the transport ${transport.name} threw`, { cause });
  }
}

function checkId(id: unknown): string {
  if (typeof id === 'string' && ID.test(id)) return id;
  const got = typeof id === 'string' ? `a string of ${id.length} characters that is not` : typeof id;
  throw invalid(`id must be 1 to 255 visible ASCII characters, got ${got}`);
}

function checkText(name: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value.length > 0 && value.length <= MAX_KEY_LENGTH && !CONTROL.test(value)) return value;
  const got = typeof value === 'string' ? `a string of ${value.length} characters that breaks the rule` : typeof value;
  throw invalid(`${name} must be 1 to ${MAX_KEY_LENGTH} characters without control characters, got ${got}`);
}

function checkNumber(name: string, value: unknown, from: number, to: number): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= from && value <= to) return value;
  // Of what is no number the value may be anything, a secret in the wrong field too.
  throw invalid(
    `${name} must be an integer from ${from} to ${to}, got ${typeof value === 'number' ? `${value} (number)` : typeof value}`,
  );
}
