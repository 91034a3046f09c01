import type { Transport } from 'ringback';

/** A transport that loses one callback and says that it delivered it: what the audit must find. */
export function sabotage(transport: Transport, victimId: string): Transport {
  return {
    ...transport,
    send: (message, attempt) =>
      message.id === victimId ? Promise.resolve({ outcome: { kind: 'delivered' } }) : transport.send(message, attempt),
  };
}
