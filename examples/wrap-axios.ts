/** An axios call of your own, made resilient in one line: `node examples/wrap-axios.ts`. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import axios from 'axios';
import { axiosOutcome, decorrelatedJitter, resiliencePipeline } from 'ringback';

let requests = 0;
const partnerApi = createServer((request, response) => {
  requests++;
  if (requests === 1) response.writeHead(502).end();
  else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ path: request.url, price: 42 }));
});
await new Promise<void>((resolve) => partnerApi.listen(0, '127.0.0.1', resolve));
const { port } = partnerApi.address() as AddressInfo;

interface Quote {
  readonly price: number;
}

/** What the service had before. */
async function fetchQuote(symbol: string): Promise<Quote> {
  const { data } = await axios.get<Quote>(`http://127.0.0.1:${port}/quotes/${symbol}`);
  return data;
}

const partner = resiliencePipeline({
  name: 'quotes',
  attemptTimeoutMs: 2_000,
  retry: { maxAttempts: 4, backoff: decorrelatedJitter({ baseMs: 50, capMs: 1_000 }) },
  classify: axiosOutcome,
});
const resilientQuote = partner.wrap(fetchQuote);

const quote = await resilientQuote('acme');
console.log(`price ${quote.price} after ${requests} requests`);
partnerApi.close();
