/**
 * Where the time of `deliver` over HTTP goes: the same request of 1 KB to nginx, 64 at once, one layer more each time, beside the bare
 * request. µs of wall-clock time, and of CPU in this process; lower quartiles. `npm run build && node bench/http-layers.ts`
 */
import { performance } from 'node:perf_hooks';
import { http } from 'ringback/http';
import { standardWebhooks } from 'ringback/signing';
import { Pool, request } from 'undici';
import { AT_ONCE, bareRequest, ringbackDeliver } from './http-clients.ts';
import { startNginx } from './nginx.ts';
import { figureOf, measureInRounds, type Sample, Samples } from './rounds.ts';
import { ONE_KILOBYTE as data } from './settings.ts';

const ROUNDS = 101;
const REQUESTS = 640;

const server = await startNginx();
if (server === undefined) throw new Error('there is no nginx on the PATH');
const { origin } = server;
const to = `${origin}/signed`;
const scheme = standardWebhooks({ secrets: [`whsec_${Buffer.alloc(32, 7).toString('base64')}`] });
const readyBody: Uint8Array = Buffer.from(JSON.stringify(data));
const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
const type = { 'content-type': 'application/json' };

const signed = (body: Uint8Array): Record<string, string> => {
  const added = scheme.sign({ id, timestampMs: Date.now(), to, method: 'POST', headers: type, body });
  return { ...type, ...(added as Record<string, string>) };
};
const readyHeaders = signed(readyBody);

/** The transport alone, handed what an attempt hands it. */
function transportSend(): (headers: Record<string, string>, body: Uint8Array) => Promise<unknown> {
  const transport = http({ allowPrivate: true, connectionsPerOrigin: AT_ONCE });
  const delivery = { contentType: type['content-type'] } as never;
  const nobodyAborts = { aborted: false, reason: undefined, addEventListener: () => {}, removeEventListener: () => {} };
  const { signal } = new AbortController();
  return (headers, body) =>
    transport.send({ id, to, headers, body, delivery }, { number: 1, signal, lightSignal: nobodyAborts, progress: undefined });
}

const pool = new Pool(origin, { connections: AT_ONCE });
const send = transportSend();
const bare = await bareRequest(origin);
const deliver = await ringbackDeliver(origin);
const layers: Readonly<Record<string, () => Promise<unknown>>> = {
  'undici.request on a Pool': () => bare.send(),
  'the same with the headers of a signed callback': async () => {
    const answer = await request(to, { dispatcher: pool, method: 'POST', headers: readyHeaders, body: readyBody });
    await answer.body.dump();
  },
  'ringback’s transport, those headers and bytes': () => send(readyHeaders, readyBody),
  'and JSON written for each': () => send(readyHeaders, Buffer.from(JSON.stringify(data))),
  'and signed, each': () => {
    const body = Buffer.from(JSON.stringify(data));
    return send(signed(body), body);
  },
  deliver: () => deliver.send(),
};

async function measure(call: () => Promise<unknown>): Promise<Sample> {
  let left = REQUESTS;
  const worker = async (): Promise<void> => {
    while (left-- > 0) await call();
  };
  const before = process.cpuUsage();
  const startedAtMs = performance.now();
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const wall = ((performance.now() - startedAtMs) * 1_000) / REQUESTS;
  const { user, system } = process.cpuUsage(before);
  return { wall, CPU: (user + system) / REQUESTS };
}

const samples = new Samples();
const candidates = Object.entries(layers).map(([name, call]) => ({ name, round: () => measure(call) }));
for (const { round } of candidates) for (let warmUp = 0; warmUp < 20; warmUp++) await round();
await measureInRounds(candidates, ROUNDS, samples, () => {});
const rows = Object.entries(samples.figures()).map(([name, { wall = figureOf([0]), CPU = figureOf([0]) }]) => [
  name,
  { 'µs a request': wall.lowerQuartile, 'µs CPU': CPU.lowerQuartile },
]);
console.table(Object.fromEntries(rows));
server.stop();
process.exit();
