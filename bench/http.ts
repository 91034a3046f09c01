/** What it costs to deliver a signed callback of 1 KB over HTTP, 64 at once. A section of the benchmark. */
import { strict as assert } from 'node:assert';
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { createRingback } from 'ringback';
import { http } from 'ringback/http';
import { standardWebhooks } from 'ringback/signing';
import { Webhook } from 'standardwebhooks';
import { Pool, request } from 'undici';
import type { Round } from './candidate.ts';
import { BARE_REQUEST, COCKATIEL_REQUEST, CPU, DELIVER, type Measure, PEAK_MEMORY } from './figures.ts';
import { type Plan, section } from './section.ts';
import { cockatielWrap, ONE_KILOBYTE as data, SEVEN_PARTS } from './settings.ts';

const AT_ONCE = 64;
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const CONTENT_TYPE = { 'content-type': 'application/json' };

/** One delivery; resolves with the status that was answered. */
type Deliver = () => Promise<number | undefined>;

const RATE: Measure = { name: 'rate', unit: 'requests a second', better: 'more' };

/** The floor: bytes that were there before, no signature, nothing around the request. */
function bareRequest(origin: string): Deliver {
  const pool = new Pool(origin, { connections: AT_ONCE });
  const body = Buffer.from(JSON.stringify(data));
  return async () => {
    const answer = await request(`${origin}/`, { dispatcher: pool, method: 'POST', headers: CONTENT_TYPE, body });
    await answer.body.dump();
    return answer.statusCode;
  };
}

function ringbackDeliver(origin: string): Deliver {
  const ringback = createRingback({
    transports: [http({ allowPrivate: true, connectionsPerOrigin: AT_ONCE })],
    signature: standardWebhooks({ secrets: [SECRET] }),
    pipeline: SEVEN_PARTS,
  });
  const to = `${origin}/signed`;
  return async () => (await ringback.deliver({ to, data })).response?.status;
}

/** The same from parts: JSON, a random id, the signature, the wrap around a request that fails on a bad status, the answer's text. */
function cockatielRequest(origin: string): Deliver {
  const pool = new Pool(origin, { connections: AT_ONCE });
  const webhook = new Webhook(SECRET);
  const policy = cockatielWrap();
  return () => {
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
}

/** One round: so many deliveries, 64 at once. */
async function measureRound(deliver: Deliver, deliveries: number): Promise<Round> {
  let left = deliveries;
  const worker = async (): Promise<void> => {
    while (left-- > 0) assert.equal(await deliver(), 204);
  };
  const startedAtMs = performance.now();
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return { sample: { [RATE.name]: (deliveries * 1_000) / (performance.now() - startedAtMs) }, operations: deliveries };
}

const candidate =
  (client: (origin: string) => Deliver): Plan['candidates'][string] =>
  ({ shared: origin, size }) => {
    const deliver = client(origin);
    return { round: () => measureRound(deliver, size.requestsPerRound) };
  };

async function startServer() {
  const server = fork(fileURLToPath(new URL('./http-server.ts', import.meta.url)));
  const [port] = (await once(server, 'message')) as [number];
  return { shared: `http://127.0.0.1:${port}`, stop: () => server.disconnect() };
}

await section({
  http: {
    measures: [RATE, CPU, PEAK_MEMORY],
    prepare: startServer,
    candidates: {
      [BARE_REQUEST]: candidate(bareRequest),
      [DELIVER]: candidate(ringbackDeliver),
      [COCKATIEL_REQUEST]: candidate(cockatielRequest),
    },
  },
});
