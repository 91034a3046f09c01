/** What it costs to deliver a signed callback of 1 KB over HTTP, 64 at once. A section of the benchmark. */
import { strict as assert } from 'node:assert';
import { fork } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { createRingback } from 'ringback';
import { http } from 'ringback/http';
import { standardWebhooks } from 'ringback/signing';
import { Webhook } from 'standardwebhooks';
import { Pool, request } from 'undici';
import { BARE_REQUEST, COCKATIEL_REQUEST, DELIVER } from './figures.ts';
import { type Candidate, measureInRounds } from './rounds.ts';
import { type SectionRun, section } from './section.ts';
import { cockatielWrap, ONE_KILOBYTE as data, SEVEN_PARTS } from './settings.ts';

const AT_ONCE = 64;
const CONTENT_TYPE = { 'content-type': 'application/json' };

/** One delivery; resolves with the status that was answered. */
type Deliver = () => Promise<number | undefined>;

/** A candidate's way to deliver, and what closes it. */
interface Client {
  readonly name: string;
  readonly deliver: Deliver;
  close(): Promise<unknown>;
}

/** The floor: bytes that were there before, no signature, nothing around the request. */
function bareRequest(origin: string): Client {
  const pool = new Pool(origin, { connections: AT_ONCE });
  const body = Buffer.from(JSON.stringify(data));
  const deliver: Deliver = async () => {
    const answer = await request(`${origin}/`, { dispatcher: pool, method: 'POST', headers: CONTENT_TYPE, body });
    await answer.body.dump();
    return answer.statusCode;
  };
  return { name: BARE_REQUEST, deliver, close: () => pool.close() };
}

function ringbackDeliver(origin: string, secret: string): Client {
  const ringback = createRingback({
    transports: [http({ allowPrivate: true, connectionsPerOrigin: AT_ONCE })],
    signature: standardWebhooks({ secrets: [secret] }),
    pipeline: SEVEN_PARTS,
  });
  const to = `${origin}/signed`;
  const deliver: Deliver = async () => (await ringback.deliver({ to, data })).response?.status;
  return { name: DELIVER, deliver, close: () => ringback.close() };
}

/** The same from parts: JSON, a random id, the signature, the wrap around a request that fails on a bad status, the answer's text. */
function cockatielRequest(origin: string, secret: string): Client {
  const pool = new Pool(origin, { connections: AT_ONCE });
  const webhook = new Webhook(secret);
  const policy = cockatielWrap();
  const deliver: Deliver = () => {
    const body = JSON.stringify(data);
    const id = `msg_${randomUUID()}`;
    return policy.execute(async ({ signal }) => {
      const now = new Date();
      const headers = {
        ...CONTENT_TYPE,
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
        'webhook-signature': webhook.sign(id, now, body),
      };
      const answer = await request(`${origin}/signed`, { dispatcher: pool, method: 'POST', headers, body, signal });
      const text = await answer.body.text();
      if (answer.statusCode >= 300) throw new Error(`answered ${answer.statusCode}: ${text}`);
      return answer.statusCode;
    });
  };
  return { name: COCKATIEL_REQUEST, deliver, close: () => pool.close() };
}

/** One round: so many deliveries, 64 at once; µs of wall-clock time for each. */
function candidate({ name, deliver }: Client, deliveries: number): Candidate {
  return {
    name,
    round: async () => {
      let left = deliveries;
      const worker = async (): Promise<void> => {
        while (left-- > 0) assert.equal(await deliver(), 204);
      };
      const startedAtMs = performance.now();
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      return ((performance.now() - startedAtMs) * 1_000) / deliveries;
    },
  };
}

async function measureDeliveries({ size, progress }: SectionRun) {
  const server = fork(fileURLToPath(new URL('./http-server.ts', import.meta.url)));
  const [port] = (await once(server, 'message')) as [number];
  const origin = `http://127.0.0.1:${port}`;
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const clients = [bareRequest(origin), ringbackDeliver(origin, secret), cockatielRequest(origin, secret)];
  const candidates = clients.map((client) => candidate(client, size.requestsPerRound));
  const figures = await measureInRounds('µs a request', candidates, size.rounds, progress);
  for (const client of clients) await client.close();
  server.disconnect();
  return { http: figures };
}

await section(measureDeliveries);
