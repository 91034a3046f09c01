/** The seven receivers, a process of their own: started with `fork`, told what to do and when to end by messages. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { type Behaviour, behaviourOf } from './behaviours.ts';
import { Ledger, type LedgerLine, ledgerFile } from './ledger.ts';
import { AWAY_MS, PARTNERS, type PartnerName } from './partners.ts';

/** What the parent tells first. */
export interface ReceiverSettings {
  readonly folder: string;
  readonly seed: number;
  readonly secret: string;
  /** How many callbacks each will get. */
  readonly expected: Readonly<Record<PartnerName, number>>;
}

/** What it is told back: where each listens. */
export type ReceiverPorts = Readonly<Record<PartnerName, number>>;

/** The receiver that goes away does so after this share of what it will get. */
const SHARE_BEFORE_AWAY = 0.2;

class Receiver {
  readonly name: PartnerName;
  readonly #server: Server;
  readonly #ledger: Ledger<LedgerLine>;
  readonly #behaviour: Behaviour;
  readonly #webhook: Webhook;
  readonly #seen = new Map<string, number>();
  #leavesAfter: number;
  #port = 0;

  constructor(name: PartnerName, { folder, seed, secret, expected }: ReceiverSettings) {
    this.name = name;
    this.#ledger = new Ledger(ledgerFile(folder, name));
    this.#behaviour = behaviourOf(name, seed, expected[name]);
    this.#webhook = new Webhook(secret);
    this.#leavesAfter = name === 'away' ? Math.ceil(expected[name] * SHARE_BEFORE_AWAY) : Number.POSITIVE_INFINITY;
    this.#server = createServer((request, response) => void this.#receive(request, response));
  }

  /** Listens on the port it had before; at first on any that is free. */
  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, '127.0.0.1', () => {
        this.#port = (this.#server.address() as AddressInfo).port;
        resolve(this.#port);
      });
    });
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await this.#ledger.close();
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    if (body === undefined) return;
    const id = String(request.headers['webhook-id']);
    const seenBefore = this.#seen.get(id) ?? 0;
    this.#seen.set(id, seenBefore + 1);
    const verified = this.#verifies(request, body);
    const reply = verified ? this.#behaviour(id, seenBefore) : { status: 401 };
    this.#ledger.write({
      id,
      event: String(request.headers['x-github-delivery']),
      sha256: createHash('sha256').update(body).digest('hex'),
      verified,
      answered: reply?.status ?? null,
    });
    if (--this.#leavesAfter === 0) void this.#leave();
    if (reply === null) return;
    if (reply.afterMs !== undefined) await sleep(reply.afterMs);
    response.writeHead(reply.status, reply.headers).end();
  }

  /** On the raw body, by the reference library: what it takes, any receiver of Standard Webhooks takes. */
  #verifies(request: IncomingMessage, body: Buffer): boolean {
    try {
      this.#webhook.verify(body, request.headers as Record<string, string>, { jsonParse: false });
      return true;
    } catch {
      return false;
    }
  }

  /** Cuts every connection, also those that wait for an answer, and closes the port for a while. */
  async #leave(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await sleep(AWAY_MS);
    await this.listen();
  }
}

/** The whole body; undefined when the sender hung up on the way. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  } catch {
    return undefined;
  }
}

process.once('message', async (settings: ReceiverSettings) => {
  const receivers = PARTNERS.map(({ name }) => new Receiver(name, settings));
  const ports: [PartnerName, number][] = [];
  for (const receiver of receivers) ports.push([receiver.name, await receiver.listen()]);
  process.once('message', async () => {
    for (const receiver of receivers) await receiver.stop();
    process.exit(0);
  });
  process.send?.(Object.fromEntries(ports));
});
// A parent that is gone can't tell the end.
process.once('disconnect', () => process.exit(1));
