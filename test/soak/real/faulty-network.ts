import type { Random } from 'ringback';
import { type Fault, type FaultProxy, faultProxy } from 'ringback/testing';
import { PARTNERS, type PartnerName } from '../../../examples/demo/partners.ts';
import type { ReceiverPorts } from '../../../examples/demo/receivers.ts';

const CHANGES_EVERY_MS = 400;
const PLANNED_CONNECTIONS = 20;
const SHARE_REFUSED = 0.15;
/** A connection breaks at one of its first requests; until then it is a good one. */
const MOST_REQUESTS = 60;

const faultAt = (random: Random, atRequest: number): Fault => {
  const faults: readonly Fault[] = [
    { fault: 'reset', atRequest },
    { fault: 'reset', atRequest, afterBytes: Math.floor(random() * 100) },
    { fault: 'reset', atRequest, of: 'request', afterBytes: Math.floor(random() * 5_000) },
    { fault: 'half-open', atRequest },
    { fault: 'close', atRequest },
    { fault: 'truncate', atRequest, afterBytes: Math.floor(random() * 60) },
    { fault: 'garbage', atRequest },
    { fault: 'delay', atRequest, delayMs: random() * 600 },
    { fault: 'trickle', atRequest, bytesPerMs: 0.05 + random() },
    'close-on-reuse',
    'pass',
  ];
  return faults[Math.floor(random() * faults.length)] as Fault;
};

/** A proxy in front of each receiver, with other faults again and again. */
export class FaultyNetwork {
  readonly ports: ReceiverPorts;
  readonly #proxies: readonly FaultProxy[];
  readonly #random: Random;
  readonly #timer: NodeJS.Timeout;
  #changing: Promise<unknown> = Promise.resolve();

  private constructor(proxies: readonly (readonly [PartnerName, FaultProxy])[], random: Random) {
    this.ports = Object.fromEntries(proxies.map(([name, { port }]) => [name, port])) as ReceiverPorts;
    this.#proxies = proxies.map(([, proxy]) => proxy);
    this.#random = random;
    this.#timer = setInterval(() => this.#change(), CHANGES_EVERY_MS);
    this.#change();
  }

  static async before(receivers: ReceiverPorts, random: Random): Promise<FaultyNetwork> {
    const proxies = PARTNERS.map(async ({ name }) => [name, await faultProxy({ target: { port: receivers[name] } })] as const);
    return new FaultyNetwork(await Promise.all(proxies), random);
  }

  /** Connections it has taken, ever. */
  get connections(): number {
    return this.#proxies.reduce((sum, { accepted }) => sum + accepted, 0);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#changing;
    await Promise.all(this.#proxies.map((proxy) => proxy.close()));
  }

  #change(): void {
    const random = this.#random;
    const changes = this.#proxies.map((proxy) => {
      if (random() < SHARE_REFUSED) return proxy.next('refuse');
      const next = (): Fault => faultAt(random, 1 + Math.floor(random() * MOST_REQUESTS));
      return proxy.next(...Array.from({ length: PLANNED_CONNECTIONS }, next));
    });
    this.#changing = Promise.all([this.#changing, ...changes]);
  }
}
