/** Many receivers, each called seldom: 5,000 TLS origins, about one call a minute to each. A section of the benchmark. */
import { strict as assert } from 'node:assert';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Candidate } from './candidate.ts';
import { CPU, type Measure, PEAK_MEMORY } from './figures.ts';
import { type Given, type Plan, type Prepared, section } from './section.ts';
import { ONE_KILOBYTE as data, SEVEN_PARTS } from './settings.ts';

const CERTIFICATE = readFileSync(new URL('./fixtures/wildcard-cert.pem', import.meta.url), 'utf8');
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

const P99: Measure = { name: 'p99', unit: 'ms, p99', better: 'less' };
const P50: Measure = { name: 'p50', unit: 'ms, p50', better: 'less' };
const SOCKETS: Measure = { name: 'sockets', unit: 'sockets, at most', better: 'less' };
const FAILED: Measure = { name: 'failed', unit: 'calls failed', better: 'less' };
const HANDSHAKES: Measure = { name: 'handshakes', unit: '% full handshakes', better: 'less' };

/** Calls an origin; tells how its connection came to be. */
type Call = (origin: string) => Promise<string | undefined>;

async function ringbackDeliver(): Promise<Call> {
  const { createRingback } = await import('ringback');
  const { http } = await import('ringback/http');
  const { standardWebhooks } = await import('ringback/signing');
  const ringback = createRingback({
    transports: [http({ allowPrivate: true, tls: { ca: CERTIFICATE }, resolveHost: async () => ['127.0.0.1'] })],
    signature: standardWebhooks({ secrets: [SECRET] }),
    pipeline: SEVEN_PARTS,
  });
  return async (origin) => {
    const { response } = await ringback.deliver({ to: `${origin}/hooks`, data });
    assert.equal(response?.status, 204);
    return response.headers['x-connection'];
  };
}

async function undiciAgent(): Promise<Call> {
  const { Agent, request } = await import('undici');
  const lookup = (_name: string, _options: object, done: (error: null, found: object[]) => void): void =>
    done(null, [{ address: '127.0.0.1', family: 4 }]);
  const dispatcher = new Agent({ connect: { ca: CERTIFICATE, lookup: lookup as never } });
  const body = JSON.stringify(data);
  const headers = { 'content-type': 'application/json' };
  return async (origin) => {
    const answer = await request(`${origin}/hooks`, { dispatcher, method: 'POST', headers, body });
    await answer.body.dump();
    assert.equal(answer.statusCode, 204);
    return answer.headers['x-connection'] as string;
  };
}

interface Pass {
  readonly latenciesMs: readonly number[];
  readonly fullHandshakes: number;
  readonly failed: number;
}

/** Calls every origin once, evenly over the time, answered or not: a call is as late as it ends after its time has come. */
async function pass(call: Call, origins: readonly string[], durationMs: number): Promise<Pass> {
  const latenciesMs: number[] = [];
  let fullHandshakes = 0;
  let failed = 0;
  const startedAtMs = performance.now();
  const calls = origins.map(async (origin, i) => {
    const dueAtMs = startedAtMs + (i * durationMs) / origins.length;
    await sleep(Math.max(0, dueAtMs - performance.now()));
    try {
      if ((await call(origin)) === 'new') fullHandshakes++;
      latenciesMs.push(performance.now() - dueAtMs);
    } catch {
      failed++;
    }
  });
  await Promise.all(calls);
  return { latenciesMs: latenciesMs.toSorted((a, b) => a - b), fullHandshakes, failed };
}

const openSockets = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;

/** A pass in which all is new, then the one that is measured: what a service meets after its first minute. */
async function measure(call: Call, { shared: port, size }: Given): Promise<Candidate> {
  const origins = Array.from({ length: size.origins }, (_, i) => `https://customer-${i}.wide.test:${port}`);
  let sockets = 0;
  const watch = setInterval(() => {
    sockets = Math.max(sockets, openSockets());
  }, 100);
  await pass(call, origins, size.originsPassMs);
  const before = process.cpuUsage();
  const { latenciesMs, fullHandshakes, failed } = await pass(call, origins, size.originsPassMs);
  const { user, system } = process.cpuUsage(before);
  clearInterval(watch);
  const at = (share: number): number => latenciesMs[Math.floor(share * (latenciesMs.length - 1))] as number;
  return {
    once: {
      [P99.name]: at(0.99),
      [P50.name]: at(0.5),
      [CPU.name]: (user + system) / origins.length,
      [SOCKETS.name]: sockets,
      [FAILED.name]: failed,
      [HANDSHAKES.name]: (100 * fullHandshakes) / origins.length,
    },
  };
}

async function startServer(): Promise<Prepared> {
  const server = fork(fileURLToPath(new URL('./wide-server.ts', import.meta.url)));
  const [port] = (await once(server, 'message')) as [number];
  const remark = 'Figures of the second minute, after one in which all connections were new. The server is a process of Node.';
  return { shared: String(port), remark, stop: () => server.disconnect() };
}

const candidate =
  (make: () => Promise<Call>): Plan['candidates'][string] =>
  async (given) =>
    measure(await make(), given);

await section({
  wide: {
    measures: [P99, P50, CPU, SOCKETS, HANDSHAKES, FAILED, PEAK_MEMORY],
    rounds: () => 0,
    settingUp: ({ originsPassMs }) => `both at once, ${(2 * originsPassMs) / 1_000} s of calls`,
    prepare: startServer,
    candidates: {
      'undici.request on an Agent': candidate(undiciAgent),
      'ringback deliver, signed': candidate(ringbackDeliver),
    },
  },
});
