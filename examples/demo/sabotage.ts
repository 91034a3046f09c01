import type { Transport } from 'ringback';

/** A transport that loses callbacks and says that it delivered them: what an audit must find. */
export function sabotage(transport: Transport, isVictim: (id: string) => boolean): Transport {
  return {
    ...transport,
    send: (message, attempt) =>
      isVictim(message.id) ? Promise.resolve({ outcome: { kind: 'delivered' } }) : transport.send(message, attempt),
  };
}
