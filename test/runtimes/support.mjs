import { errorOf } from './tally.mjs';

/** What the suite uses all through works where the suite does. */
const inSuite = (load) => ({ works: 'yes', probe: load });
/** An adapter of a client that the user brings: whether that runs there is the client's business. */
const loads = (load) => ({ works: 'loads', probe: load });
const used = (probe) => ({ works: 'yes', probe });

/** What is promised somewhere, how it is tried out, and what is said of a runtime where that works. */
const PROMISES = {
  '`ringback`': inSuite(() => import('ringback')),
  '`ringback/fetch`': inSuite(() => import('ringback/fetch')),
  '`ringback/http`': used(async (url) => {
    const { createRingback } = await import('ringback');
    const { http } = await import('ringback/http');
    const ringback = createRingback({ transports: [http({ allowPrivate: true })], pipeline: { retry: { maxAttempts: 1 } } });
    // By name too, as an address needs no resolver.
    for (const to of [url, url.replace('127.0.0.1', 'localhost')]) await ringback.deliver({ to: `${to}/status/204`, data: {} });
    await ringback.close();
  }),
  '`ringback/postgres`': loads(() => import('ringback/postgres')),
  '`ringback/receiver`': inSuite(() => import('ringback/receiver')),
  '`ringback/redis`': loads(() => import('ringback/redis')),
  '`ringback/signing`': inSuite(() => import('ringback/signing')),
  '`ringback/smtp`': used(async (url) => {
    const { createRingback } = await import('ringback');
    const { smtp } = await import('ringback/smtp');
    const port = Number(await (await fetch(`${url}/mail-port`)).text());
    const transport = smtp({ server: { host: '127.0.0.1', port }, from: 'billing@company.example' });
    const ringback = createRingback({ transports: [transport], pipeline: { retry: { maxAttempts: 1 } } });
    await ringback.deliver({ to: 'mailto:customer@customer.example', data: { subject: 'Paid', text: 'Thank you.' } });
    await ringback.close();
  }),
  '`ringback/sns`': loads(() => import('ringback/sns')),
  '`ringback/sqlite` on `node:sqlite`': used(async () => {
    const { DatabaseSync } = await import('node:sqlite');
    const { sqliteIdempotencyStore } = await import('ringback/sqlite');
    const database = new DatabaseSync(':memory:');
    const store = sqliteIdempotencyStore({ database });
    const { state } = await store.claim('key', { fingerprint: 'f', leaseMs: 1_000 });
    if (state !== 'claimed') throw new Error(`the first claim of a key is ${state}`);
    database.close();
  }),
  '`ringback/testing`': inSuite(() => import('ringback/testing')),
  'header values in Latin-1 by `fetch`': used(async (url) => {
    const { createRingback } = await import('ringback');
    const { fetchTransport } = await import('ringback/fetch');
    const ringback = createRingback({ transports: [fetchTransport({ allowPrivate: true })] });
    const { response } = await ringback.deliver({ to: `${url}/echo`, headers: { 'x-name': 'Größe' } });
    await ringback.close();
    const name = JSON.parse(new TextDecoder().decode(response.body)).headers['x-name'];
    if (name !== 'Größe') throw new Error(`Größe came as ${name}`);
  }),
};

/** Each promise with what is said of this runtime, and where it does not hold, why. */
export async function supportOf(url) {
  const found = {};
  for (const [promise, { works, probe }] of Object.entries(PROMISES)) {
    const error = await errorOf(() => probe(url));
    found[promise] = error === undefined ? { says: works } : { says: 'no', error };
  }
  return found;
}
