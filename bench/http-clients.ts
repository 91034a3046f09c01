/** Ways to send a callback over HTTP; each loads its client only in the process that measures it. */
import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { Agent } from 'node:http';
import { cockatielWrap, ONE_KILOBYTE as data, SEVEN_PARTS } from './settings.ts';

export const AT_ONCE = 64;
const CONTENT_TYPE = { 'content-type': 'application/json' };
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

/** One callback of 1 KB to the origin; resolves when it was answered with 204, or, where `settled` is there, when it is taken in. */
export interface Client {
  send(): Promise<void>;
  /** All that was taken in is answered. */
  settled?(): Promise<void>;
}

export type ClientMaker = (origin: string) => Promise<Client>;

const accepted = (status: number | undefined): void => assert.equal(status, 204);

/** The floor: bytes that were there before, no signature, nothing around the request. */
export const bareRequest: ClientMaker = async (origin) => {
  const { Pool, request } = await import('undici');
  const dispatcher = new Pool(origin, { connections: AT_ONCE });
  const body = Buffer.from(JSON.stringify(data));
  const send = async (): Promise<void> => {
    const answer = await request(`${origin}/`, { dispatcher, method: 'POST', headers: CONTENT_TYPE, body });
    await answer.body.dump();
    accepted(answer.statusCode);
  };
  return { send };
};

async function ringbackTo() {
  const { createRingback, memoryOutbox } = await import('ringback');
  const { http } = await import('ringback/http');
  const { standardWebhooks } = await import('ringback/signing');
  return createRingback({
    transports: [http({ allowPrivate: true, connectionsPerOrigin: AT_ONCE })],
    signature: standardWebhooks({ secrets: [SECRET] }),
    outbox: memoryOutbox({ concurrency: AT_ONCE + 1, maxPerDestination: AT_ONCE }),
    pipeline: SEVEN_PARTS,
  });
}

export const ringbackDeliver: ClientMaker = async (origin) => {
  const ringback = await ringbackTo();
  const to = `${origin}/signed`;
  return { send: async () => accepted((await ringback.deliver({ to, data })).response?.status) };
};

/** Taken in at once, delivered in the background, so many at once as the others. */
export const ringbackEnqueue: ClientMaker = async (origin) => {
  const ringback = await ringbackTo();
  const to = `${origin}/signed`;
  let undelivered = 0;
  ringback.on('dead-letter', () => void undelivered++);
  const send = async (): Promise<void> => void (await ringback.enqueue({ to, data }));
  const settled = async (): Promise<void> => {
    await ringback.drain();
    assert.equal(undelivered, 0);
  };
  return { send, settled };
};

/** undici's own retries, over connections as many as the others have. */
export const retryAgent: ClientMaker = async (origin) => {
  const { Agent: UndiciAgent, RetryAgent, request } = await import('undici');
  const dispatcher = new RetryAgent(new UndiciAgent({ connections: AT_ONCE }), { methods: ['POST'], maxRetries: 3 });
  const send = async (): Promise<void> => {
    const body = JSON.stringify(data);
    const answer = await request(`${origin}/`, { dispatcher, method: 'POST', headers: CONTENT_TYPE, body });
    await answer.body.text();
    accepted(answer.statusCode);
  };
  return { send };
};

export const gotPost: ClientMaker = async (origin) => {
  const { default: got } = await import('got');
  const retry = { limit: 3, methods: ['POST' as const] };
  const client = got.extend({
    agent: { http: new Agent({ keepAlive: true, maxSockets: AT_ONCE }) },
    retry,
    timeout: { request: 10_000 },
  });
  return { send: async () => accepted((await client.post(`${origin}/`, { json: data })).statusCode) };
};

export const axiosRetry: ClientMaker = async (origin) => {
  const { default: axios } = await import('axios');
  const { default: retrying } = await import('axios-retry');
  const client = axios.create({ httpAgent: new Agent({ keepAlive: true, maxSockets: AT_ONCE }), timeout: 10_000 });
  // Its default tries no POST again.
  retrying(client, { retries: 3, retryCondition: retrying.isRetryableError });
  return { send: async () => accepted((await client.post(`${origin}/`, data)).status) };
};

export const kyPost: ClientMaker = async (origin) => {
  const { default: ky } = await import('ky');
  const client = ky.create({ retry: { limit: 3, methods: ['post'] }, timeout: 10_000 });
  const send = async (): Promise<void> => {
    const answer = await client.post(`${origin}/`, { json: data });
    await answer.text();
    accepted(answer.status);
  };
  return { send };
};

/** JSON, a random id and a signature for each attempt, as `deliver` makes them. */
async function signer() {
  const { Webhook } = await import('standardwebhooks');
  const webhook = new Webhook(SECRET);
  return (id: string, body: string) => {
    const now = new Date();
    return {
      ...CONTENT_TYPE,
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
      'webhook-signature': webhook.sign(id, now, body),
    };
  };
}

/** What one would build from parts: the wrap around a request that fails on a bad status, and the answer's text. */
export const cockatielRequest: ClientMaker = async (origin) => {
  const { Pool, request } = await import('undici');
  const dispatcher = new Pool(origin, { connections: AT_ONCE });
  const sign = await signer();
  const policy = cockatielWrap();
  const send = async (): Promise<void> => {
    const body = JSON.stringify(data);
    const id = `msg_${randomUUID()}`;
    const status = await policy.execute(async ({ signal }) => {
      const answer = await request(`${origin}/signed`, { dispatcher, method: 'POST', headers: sign(id, body), body, signal });
      const text = await answer.body.text();
      if (answer.statusCode >= 300) throw new Error(`answered ${answer.statusCode}: ${text}`);
      return answer.statusCode;
    });
    accepted(status);
  };
  return { send };
};

export const cockatielFetch: ClientMaker = async (origin) => {
  const sign = await signer();
  const policy = cockatielWrap();
  const send = async (): Promise<void> => {
    const body = JSON.stringify(data);
    const id = `msg_${randomUUID()}`;
    const status = await policy.execute(async ({ signal }) => {
      const answer = await fetch(`${origin}/signed`, { method: 'POST', headers: sign(id, body), body, signal });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`answered ${answer.status}: ${text}`);
      return answer.status;
    });
    accepted(status);
  };
  return { send };
};
