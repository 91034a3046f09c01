import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { fakeClock } from '../../../src/testing/fake-clock.js';
import { loadCommands } from '../../../src/transports/sns/commands.js';
import { sns } from '../../../src/transports/sns/index.js';
import type { Transport } from '../../../src/transports/transport.js';
import { attemptOf, FIFO_TOPIC, messageOf, TOPIC } from './messages.js';
import { type OpenCall, ScriptedClient } from './scripted-client.js';

type CallEnd = 'take' | 'refuse' | 'break';
type Step =
  | { readonly kind: 'send'; readonly group: string; readonly padding: number; readonly isFifo: boolean }
  | { readonly kind: 'abort'; readonly who: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'end'; readonly which: number; readonly how: CallEnd };

const how = fc.constantFrom<CallEnd>('take', 'refuse', 'break');
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      group: fc.constantFrom('a', 'b', ''),
      padding: fc.nat(150),
      isFifo: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('end' as const), which: fc.nat(), how }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('abort' as const), who: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(8) }) },
);

const refusal = Object.assign(new Error('said by SNS'), { name: 'InvalidParameter', $metadata: { httpStatusCode: 400 } });
const groupOf = (message: string): string => message.slice(0, message.indexOf(':'));

/** A transport, a client whose calls stay open until a step ends them, and an account of both. */
class Account {
  readonly clock = fakeClock();
  readonly client = new ScriptedClient();
  readonly #transport: Transport;
  readonly #signals: AbortController[] = [];
  readonly #ends: Promise<unknown>[] = [];
  readonly #open: OpenCall[] = [];
  #ended = 0;
  #seen = 0;

  constructor(gatherMs: number) {
    this.#transport = sns({ client: this.client, clock: this.clock, gatherMs, maxBytes: 400 });
  }

  async take(step: Step): Promise<void> {
    if (step.kind === 'send') this.#send(step);
    else if (step.kind === 'abort') this.#signals[step.who % this.#signals.length]?.abort('aborted');
    else if (step.kind === 'wait') await this.clock.advance(step.ms);
    else this.#end(step.which, step.how);
    await this.#look();
  }

  /** Ends what is open, and what comes then, until nothing is. */
  async close(): Promise<void> {
    const closing = this.#transport.close?.();
    await this.#look();
    for (let calls = 0; this.#open.length > 0; calls++) {
      expect(calls).toBeLessThan(1_000);
      this.#end(0, 'take');
      await this.#look();
    }
    await closing;
    await Promise.all(this.#ends);
    expect(this.#ended).toBe(this.#signals.length);
    expect(this.clock.timers).toBe(0);
    for (const { signal } of this.#signals) expect(getEventListeners(signal, 'abort')).toEqual([]);
  }

  #send({ group, padding, isFifo }: Step & { readonly kind: 'send' }): void {
    const controller = new AbortController();
    const id = `m${this.#signals.push(controller)}`;
    const orderingKey = group === '' ? undefined : group;
    const message = messageOf({
      ...{ id, to: isFifo ? FIFO_TOPIC : TOPIC, body: `${group}:${'.'.repeat(padding)}` },
      ...(orderingKey !== undefined && { orderingKey }),
    });
    const count = (): number => ++this.#ended;
    this.#ends.push(this.#transport.send(message, attemptOf(controller.signal)).then(count, count));
  }

  #end(which: number, how: CallEnd): void {
    const [call] = this.#open.splice(which % Math.max(1, this.#open.length), 1);
    if (how === 'take') call?.take();
    else call?.fail(how === 'refuse' ? refusal : new Error('socket hang up'));
  }

  /** Lets what has begun go on, and looks at the calls that came of it. */
  async #look(): Promise<void> {
    await this.clock.advance(0);
    for (; this.#seen < this.client.calls.length; this.#seen++) {
      const call = this.client.calls[this.#seen] as OpenCall;
      expect(call.messages.length).toBeLessThanOrEqual(10);
      if (call.topic === FIFO_TOPIC) this.#expectAlone(call);
      this.#open.push(call);
    }
  }

  /** A call that all have left was given up, and holds nobody. */
  #expectAlone(call: OpenCall): void {
    const others = this.#open.filter(({ topic, signal }) => topic === FIFO_TOPIC && !signal.aborted);
    const groups = new Set(others.flatMap(({ messages }) => messages.map(groupOf)).filter((group) => group !== ''));
    expect(call.messages.map(groupOf).filter((group) => groups.has(group))).toEqual([]);
  }
}

// Loading the SDK takes real time, which the clock here knows nothing of.
beforeAll(async () => {
  await loadCommands();
});

it('each send ends once, one call at a time has messages of a group, and nothing is left, whatever ends how', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(0, 5), fc.array(step, { maxLength: 40 }), async (gatherMs, steps) => {
      const account = new Account(gatherMs);
      for (const next of steps) await account.take(next);
      await account.close();
    }),
    { numRuns: 500 },
  );
});
