import type { Delivery } from '../callback.js';
import type { Clock } from '../clock.js';
import { RingbackError } from '../errors.js';
import type { Logger } from '../logger.js';
import type { Outbox } from '../outbox/outbox.js';
import type { Transport } from '../transports/transport.js';
import type { BackgroundHost } from './background-host.js';
import type { Disabling } from './disabling.js';
import type { IdempotentDeliveries } from './idempotent.js';
import { waitFor } from './patience.js';
import type { RunningCalls } from './running-calls.js';
import { type Undelivered, undeliveredOf } from './undelivered.js';

/** A transport that has not closed by then is left to itself. */
const TRANSPORT_CLOSE_MS = 5_000;

/** What `close` answers. */
export interface Closed {
  readonly undelivered: readonly Undelivered[];
}

/** What is to be shut down. */
export interface OpenParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly outbox: Outbox;
  readonly transports: readonly Transport[];
  readonly delivering: RunningCalls;
  readonly atTheDoor: RunningCalls;
  readonly host: BackgroundHost;
  readonly keys: IdempotentDeliveries;
  readonly disabling: Disabling;
}

/**
 * Ends an instance: nothing more comes in, what runs gets `timeoutMs`, the rest is aborted and handed back. The transports go
 * last, as what runs needs them.
 *
 * @throws RingbackError `outbox-failed` when the outbox failed to stop; everything else has ended then.
 */
export async function shutDown(timeoutMs: number, parts: OpenParts): Promise<Closed> {
  const { clock, outbox, delivering, atTheDoor, host, keys, disabling } = parts;
  const closed = new RingbackError('closed', 'this ringback instance was closed');
  atTheDoor.abortAll(closed);
  const stopping = stop(outbox, timeoutMs);
  await delivering.quiet(clock, timeoutMs);
  delivering.abortAll(closed);
  const [left] = await Promise.all([stopping, delivering.settled()]);
  if (!(left instanceof RingbackError)) for (const { id } of left) host.handedBack(id, closed);
  await Promise.all([keys.settled(), disabling.settled()]);
  await Promise.all(parts.transports.map((transport) => closeTransport(transport, parts)));
  if (left instanceof RingbackError) throw left;
  return { undelivered: left.map(undeliveredOf) };
}

async function stop(outbox: Outbox, timeoutMs: number): Promise<readonly Delivery[] | RingbackError> {
  try {
    return await outbox.stop(timeoutMs);
  } catch (cause) {
    return new RingbackError('outbox-failed', `the outbox ${outbox.name} failed to stop`, { cause });
  }
}

async function closeTransport(transport: Transport, { clock, logger }: OpenParts): Promise<void> {
  const { name } = transport;
  const late = (): RingbackError =>
    new RingbackError('transport-failed', `the transport ${name} did not close in ${TRANSPORT_CLOSE_MS} ms`);
  try {
    const closing = transport.close?.();
    if (closing !== undefined) await waitFor(closing, { clock, timeoutMs: TRANSPORT_CLOSE_MS, signal: undefined, late });
  } catch (error) {
    logger.error({ transport: name, error }, 'a transport failed to close');
  }
}
