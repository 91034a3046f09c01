import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { serviceUrl } from './services.js';

const folder = fileURLToPath(new URL('../examples', import.meta.url));

/** What each example prints when it works. The examples use the built package: `npm test` builds before it tests. */
const PRINTED: Readonly<Record<string, readonly string[]>> = {
  'http.ts': ['attempt 1: overloaded, status 503, then a wait of', 'attempt 2: delivered, status 200', 'answered: thank you'],
  'fetch.ts': ['POST /hooks: 503', 'POST /hooks: 200', 'answered: thank you', 'without allowPrivate: forbidden'],
  'outbound-safety.ts': [
    'answered 204',
    'forbidden: an entry of deny refuses the host',
    'forbidden: the name has an address that is not allowed',
    'forbidden: port 6379 is not among ports',
    'forbidden: the address is refused as cloud metadata (169.254.169.254)',
  ],
  'wrap-axios.ts': ['price 42 after 2 requests'],
  'signing.ts': ['the receiver verified it and answered 204'],
  'jwt.ts': ['took msg_1; with another body: invalid-signature', 'the receiver answered 204'],
  'callback-urls.ts': ['approved: /invoices/in_42', '1 redeemed it, 9 came too late', 'for another invoice: 403'],
  'hmac.ts': [
    'POST /refunds?order=42: msg_42 is genuine',
    'POST /refunds?order=43: no signature in x-partner-signature fits the message',
  ],
  'stripe.ts': ['the receiver verified invoice.paid evt_42', 'and answered 204'],
  'receiver.ts': [
    'logged: a callback was refused',
    'run 2 handles msg_in_42: {"invoice":"in_42"}',
    'answers: 500, 204',
    'sent again: 204, after 2 runs as before',
  ],
  'verify-destination.ts': [
    'not allowed: did not echo the challenge',
    'allowed by handshake, 6 a minute',
    'the customer has msg_1',
    'msg_2 at once: shed, the next token is',
  ],
  'github.ts': ['push push-42: new', 'push push-42: seen before'],
  'idempotency.ts': ['idempotency-in-flight', 'sent 2 times, under 1 id', 'sent 2 times, deduplicated true'],
  'idempotency-store.ts': ['pass 40', 'fail 0'],
  'http-message-signatures.ts': [
    'as it came: msg_1 is genuine',
    'with another body: invalid-signature',
    'sent to another path: invalid-signature',
    'under another id: invalid-signature',
  ],
  'smtp.ts': [
    'attempt 1: overloaded, answered 451 4.7.1 to RCPT TO, 1 of 2 recipients refused',
    'the server took a mail to bob@customer.example',
    'attempt 2: delivered, taken by all',
    '"messageId":"<msg_42@company.example>"',
  ],
  'sns.ts': [
    'in_1: invoice.sent, verified',
    'in_2: invoice.sent, verified',
    'in_1: invoice.paid, verified',
    'in_2: invoice.paid, verified',
  ],
  'simulation.ts': [
    'naive:\n  requests for each callback in the outage: 3.9',
    'back at 95 % of the load after: never',
    'yours:\n  requests for each callback in the outage: 0.',
  ],
  'sqlite.ts': ['sent 1, deduplicated false', 'sent 0, deduplicated true'],
  'testing.ts': ['pass 2', 'fail 0'],
  'transport.ts': ['pass 37', 'fail 0'],
};

/** The same of those that talk to a database; where none answers they are skipped. */
const NEEDS_REDIS: Readonly<Record<string, readonly string[]>> = {
  'redis.ts': ['2 receipts, 1 request', 'deduplicated: 1', 'another payload: idempotency-mismatch'],
};
const NEEDS_POSTGRES: Readonly<Record<string, readonly string[]>> = {
  'postgres.ts': ['the first got "number 1"\n', 'the second got "number 1" from the table', 'the receiver saw 1 request'],
};
const redisUrl = await serviceUrl('redis');
const postgresUrl = await serviceUrl('postgres');

function runs(name: string, lines: readonly string[], variables: NodeJS.ProcessEnv = {}): void {
  // A test runner that starts another marks it as its own child, and node:test then prints for machines.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [`${folder}/${name}`], {
    encoding: 'utf8',
    timeout: 20_000,
    env: { ...env, ...variables },
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  for (const line of lines) expect(stdout).toContain(line);
}

describe('the examples', () => {
  it('are all run here', () => {
    const examples = readdirSync(folder).filter((name) => name.endsWith('.ts'));
    expect(examples.sort()).toEqual(Object.keys({ ...PRINTED, ...NEEDS_REDIS, ...NEEDS_POSTGRES }).sort());
  });

  it.each(Object.entries(PRINTED))('%s runs, prints what it says, and ends by itself', (name, lines) => runs(name, lines));

  it.skipIf(redisUrl === undefined).each(Object.entries(NEEDS_REDIS))('%s does so with Redis', (name, lines) =>
    runs(name, lines, { REDIS_URL: redisUrl }),
  );

  it.skipIf(postgresUrl === undefined).each(Object.entries(NEEDS_POSTGRES))('%s does so with PostgreSQL', (name, lines) =>
    runs(name, lines, { POSTGRES_URL: postgresUrl }),
  );
});
