import { generateKeyPairSync } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { createRingback, memoryIdempotencyStore, type SignatureScheme } from '../../src/index.js';
import { type ReceiverOptions, receiver } from '../../src/receiver/index.js';
import { github, hmac, httpMessageSignatures, jwt, standardWebhooks, stripe } from '../../src/signing/index.js';
import { http } from '../../src/transports/http/index.js';
import { log, SECRET } from './sender.js';
import { type Listening, SERVERS } from './servers.js';

const open: Listening[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

const secrets = ['a secret of the endpoint, long enough'];
const { privateKey } = generateKeyPairSync('ed25519');
const idInBody: ReceiverOptions['idOf'] = ({ body }) => JSON.parse(new TextDecoder().decode(body)).id;

/** Each scheme, and the id that its receiver knows the callback by. */
const SCHEMES: Readonly<
  Record<string, { readonly scheme: SignatureScheme; readonly idOf?: ReceiverOptions['idOf']; readonly id: string }>
> = {
  standardWebhooks: { scheme: standardWebhooks({ secrets: [SECRET] }), id: 'msg_1' },
  svix: { scheme: standardWebhooks({ secrets: [SECRET], headerPrefix: 'svix-' }), id: 'msg_1' },
  stripe: { scheme: stripe({ secrets }), idOf: idInBody, id: 'in_42' },
  github: { scheme: github({ secrets }), idOf: idInBody, id: 'in_42' },
  hmac: {
    scheme: hmac({
      secrets: [Buffer.alloc(32, 'a secret')],
      header: 'x-signature',
      format: 'v1={signature}',
      timestampHeader: 'x-timestamp',
      idHeader: 'x-id',
      signed: ({ timestamp, id, method, path, body }) => [`${timestamp}\n${id}\n${method}\n${path}\n`, body],
    }),
    id: 'msg_1',
  },
  jwt: {
    scheme: jwt({ issuer: 'https://billing.example', secrets: [{ kid: '1', alg: 'Ed25519', key: privateKey }] }),
    id: 'msg_1',
  },
  httpMessageSignatures: {
    scheme: httpMessageSignatures({ secrets: [{ keyId: '1', algorithm: 'ed25519', key: privateKey }] }),
    id: 'msg_1',
  },
};

describe.each(Object.keys(SERVERS))('over %s', (server) => {
  it.each(Object.entries(SCHEMES))('%s: signed, sent, verified, handled once', async (_, { scheme, idOf, id }) => {
    const ids: string[] = [];
    const logger = log();
    const receive = receiver({
      signature: scheme,
      store: memoryIdempotencyStore(),
      logger,
      onCallback: (callback) => void ids.push(callback.id),
      ...(idOf === undefined ? {} : { idOf }),
    });
    const listening = await (SERVERS[server] as (typeof SERVERS)[string])(receive);
    open.push(listening);
    const ringback = createRingback({ transports: [http({ allowPrivate: true })], signature: scheme });
    const callback = { id: 'msg_1', to: listening.url, data: { id: 'in_42' } };
    expect((await ringback.deliver(callback)).response?.status).toBe(204);
    expect((await ringback.deliver(callback)).response?.status).toBe(204);
    expect([ids, logger.lines]).toEqual([[id], []]);
    expect((await fetch(listening.url, { method: 'POST', body: '{"id":"in_42"}' })).status).toBe(401);
    await ringback.close();
  });
});
