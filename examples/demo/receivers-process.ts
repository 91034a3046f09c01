import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ReceiverPorts, ReceiverSettings } from './receivers.ts';

/** The receivers, in a process of their own. */
export interface ReceiversProcess {
  readonly ports: ReceiverPorts;
  /** Resolves when they have written all down, and are gone. */
  stop(): Promise<unknown>;
}

export async function startReceivers(settings: ReceiverSettings): Promise<ReceiversProcess> {
  const child = fork(fileURLToPath(new URL('./receivers.ts', import.meta.url)));
  child.send(settings);
  const [ports] = (await once(child, 'message')) as [ReceiverPorts];
  return {
    ports,
    stop: () => {
      child.send('stop');
      return once(child, 'exit');
    },
  };
}
