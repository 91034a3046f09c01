/**
 * A worker of the soak, a process of its own: runs ringback on what its parent offers, and writes down what it is told. SIGTERM ends
 * it as a service should end; nothing can be done about SIGKILL.
 */
import { http } from 'ringback/http';
import { hurriedRingback } from '../../../examples/demo/hurried-ringback.ts';
import { sabotage } from '../../../examples/demo/sabotage.ts';
import { Journal, type Offer } from './journal.ts';

/** What the parent tells first. */
export interface WorkerSettings {
  readonly folder: string;
  readonly shift: number;
  readonly seed: number;
  readonly secret: string;
  readonly count: number;
  /** How long `close` gives what runs. */
  readonly closeMs: number;
  /** The callback that is to be lost. */
  readonly victim: string | undefined;
}

/** What it is told after that: something to deliver, or that nothing more will come. */
export type WorkerMessage = { readonly offers: readonly Offer[] } | 'drain';

process.once('message', ({ folder, shift, seed, secret, count, closeMs, victim }: WorkerSettings) => {
  const journal = new Journal(folder, shift);
  const transport = sabotage(http({ allowPrivate: true }), (id) => id === victim);
  const ringback = hurriedRingback({ count, seed: `${seed} ${shift}`, secret, transport });
  ringback.on('delivered', ({ id }) => journal.delivered(id));
  ringback.on('dead-letter', ({ id, letter }) => journal.dead(id, letter.reason));

  const handOver = async ({ line, callback, way }: Offer): Promise<void> => {
    try {
      if (way === 'deliver') await ringback.deliver(callback);
      else await ringback.enqueue(callback);
      journal.accepted(line);
    } catch {
      // Whoever waited for a `deliver` in vain enqueues. What is refused now, as we close, is not accepted: it is offered again.
      if (way === 'deliver') await handOver({ line, callback, way: 'enqueue' });
    }
  };
  const handingOver = new Set<Promise<void>>();
  const end = async (): Promise<void> => {
    const { undelivered } = await ringback.close({ timeoutMs: closeMs });
    await Promise.all(handingOver);
    for (const left of undelivered) journal.handedBack(left.callback());
    process.exit(0);
  };
  process.once('SIGTERM', () => void end());
  process.on('message', async (message: WorkerMessage) => {
    if (message !== 'drain') {
      for (const offer of message.offers) {
        const done = handOver(offer).finally(() => handingOver.delete(done));
        handingOver.add(done);
      }
      return;
    }
    await Promise.all(handingOver);
    await ringback.drain();
    await end();
  });
  process.send?.('ready');
});
// A parent that is gone can't tell the end.
process.once('disconnect', () => process.exit(1));
