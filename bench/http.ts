/** What it costs to deliver a signed callback of 1 KB over HTTP, 64 at once. A section of the benchmark. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import type { Round } from './candidate.ts';
import { BARE_REQUEST, COCKATIEL_REQUEST, CPU, DELIVER, type Measure, PEAK_MEMORY } from './figures.ts';
import * as clients from './http-clients.ts';
import { type Server, startNginx } from './nginx.ts';
import { type Plan, section } from './section.ts';

const RATE: Measure = { name: 'rate', unit: 'requests a second', better: 'more' };

/** One round: so many callbacks, 64 at once. */
async function measureRound({ send, settled }: clients.Client, callbacks: number): Promise<Round> {
  let left = callbacks;
  const worker = async (): Promise<void> => {
    while (left-- > 0) await send();
  };
  const startedAtMs = performance.now();
  await Promise.all(Array.from({ length: clients.AT_ONCE }, worker));
  await settled?.();
  return { sample: { [RATE.name]: (callbacks * 1_000) / (performance.now() - startedAtMs) }, operations: callbacks };
}

const candidate =
  (make: clients.ClientMaker): Plan['candidates'][string] =>
  async ({ shared: origin, size }) => {
    const client = await make(origin);
    return { round: () => measureRound(client, size.requestsPerRound) };
  };

async function startBareServer(): Promise<Server> {
  const server = fork(fileURLToPath(new URL('./http-server.ts', import.meta.url)));
  const [port] = (await once(server, 'message')) as [number];
  const remark = 'The server is the bare socket server of bench/http-server.ts, as there is no nginx on the PATH.';
  return { origin: `http://127.0.0.1:${port}`, remark, stop: () => server.disconnect() };
}

async function startServer() {
  const { origin, ...server } = (await startNginx()) ?? (await startBareServer());
  return { shared: origin, ...server };
}

await section({
  http: {
    measures: [RATE, CPU, PEAK_MEMORY],
    prepare: startServer,
    rounds: ({ httpRounds }) => httpRounds,
    candidates: {
      [BARE_REQUEST]: candidate(clients.bareRequest),
      [DELIVER]: candidate(clients.ringbackDeliver),
      'ringback enqueue, signed': candidate(clients.ringbackEnqueue),
      'undici RetryAgent': candidate(clients.retryAgent),
      got: candidate(clients.gotPost),
      'axios + axios-retry': candidate(clients.axiosRetry),
      ky: candidate(clients.kyPost),
      [COCKATIEL_REQUEST]: candidate(clients.cockatielRequest),
      'cockatiel + standardwebhooks + fetch': candidate(clients.cockatielFetch),
    },
  },
});
