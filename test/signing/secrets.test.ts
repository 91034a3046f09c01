import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createRingback, DeliveryError, RingbackError, type Signable, type SignatureScheme } from '../../src/index.js';
import { type SecretLookup, type Secrets, standardWebhooks } from '../../src/signing/index.js';
import { keySource, withKeys } from '../../src/signing/secrets.js';
import { http } from '../../src/transports/http/index.js';
import { DESTINATION, ring, settled, TO } from '../delivery/ring.js';
import { by, hmacSecret, ID, PUBLIC_KEY, received, refusal, SECRET, signed } from './standard-webhooks-messages.js';

const MINUTE = 60_000;
const keep = (_name: string, secret: string): string => secret;
const any = {} as never;

describe('a list of secrets', () => {
  it('is parsed once, and at hand for every message', () => {
    const names: string[] = [];
    const source = keySource(['a', 'b'], (name, secret: string) => {
      names.push(name);
      return secret;
    });
    expect(source.forSigning(any)).toEqual(['a', 'b']);
    expect(source.forVerifying(any)).toBe(source.forSigning(any));
    expect(names).toEqual(['secrets[0]', 'secrets[1]']);
  });

  it('may be changed by its owner without a change to the scheme', () => {
    const list = ['a'];
    const source = keySource(list, keep);
    list.push('b');
    expect(source.forSigning(any)).toEqual(['a']);
  });

  it.each([[[]], [undefined], [null], ['secret'], [7], [Array.from({ length: 11 }, () => 'secret')]])(
    'of 1 to 10 is demanded, and nothing of it shown (%#)',
    (secrets) => {
      const make = (): unknown => keySource(secrets as never, keep);
      expect(make).toThrow(/^secrets must be an array of 1 to 10 secrets, got (an array of \d+|undefined|object|string|number)$/);
      expect(make).toThrow(RingbackError);
    },
  );
});

describe('using keys', () => {
  it('is synchronous where they are at hand', () => {
    expect(withKeys(['a'], ([key]) => key)).toBe('a');
  });

  it('waits where they are loaded', async () => {
    expect(await withKeys(Promise.resolve(['a']), ([key]) => key)).toBe('a');
  });
});

/** What a receiver with one secret says to a delivered message. */
function verdictOf(
  { sent }: { readonly sent: readonly { message: { headers: Readonly<Record<string, string>>; body: Uint8Array } }[] },
  secret: string,
) {
  const message = sent.at(-1)?.message;
  if (message === undefined) throw new Error('nothing was sent');
  const nowMs = Number(message.headers['webhook-timestamp']) * 1000;
  return refusal({ headers: message.headers, body: message.body, nowMs }, standardWebhooks({ secrets: [secret] }));
}

const signedBy = (secrets: Secrets): { signature: SignatureScheme } => ({ signature: standardWebhooks({ secrets }) });

describe('deliveries with secrets by tenant', () => {
  const secretsOf: Readonly<Record<string, readonly string[]>> = {
    t1: [hmacSecret(1)],
    t2: [hmacSecret(2)],
  };
  const byTenant: SecretLookup = {
    keyOf: ({ metadata }) => String(metadata?.tenant),
    load: async (tenant) => secretsOf[tenant] ?? [],
  };

  it('are each signed with their own, found by the metadata', async () => {
    const { ringback, transport } = ring([], signedBy(byTenant));
    await ringback.deliver({ to: TO, data: {}, metadata: { tenant: 't1' } });
    expect([verdictOf(transport, hmacSecret(1)), verdictOf(transport, hmacSecret(2))]).toEqual(['no error', 'invalid-signature']);
    await ringback.enqueue({ to: TO, data: {}, metadata: { tenant: 't2' } });
    await ringback.drain();
    expect([verdictOf(transport, hmacSecret(1)), verdictOf(transport, hmacSecret(2))]).toEqual(['invalid-signature', 'no error']);
  });

  it('of an unknown tenant are not sent, and say so', async () => {
    const { ringback, transport } = ring([], signedBy(byTenant));
    const { error } = await settled(ringback.deliver({ to: TO, metadata: { tenant: 't3' } }));
    expect(error).toBeInstanceOf(DeliveryError);
    expect(error).toMatchObject({
      why: 'shed',
      outcome: { kind: 'shed', reason: 'no secrets to sign with' },
      cause: { code: 'secrets-unavailable' },
    });
    expect(transport.sentCount).toBe(0);
    expect(ringback.snapshot().destinations[DESTINATION]?.circuitBreaker).toMatchObject({ state: 'closed' });
  });

  it('take a rotation up when what was loaded is old', async () => {
    let current = [hmacSecret(1)];
    const { ringback, transport, clock } = ring([], signedBy({ load: () => current, ttlMs: MINUTE }));
    await ringback.deliver({ to: TO });
    current = [hmacSecret(2), hmacSecret(1)];
    await ringback.deliver({ to: TO });
    expect(verdictOf(transport, hmacSecret(2))).toBe('invalid-signature');
    await clock.advance(MINUTE);
    await ringback.deliver({ to: TO });
    expect([verdictOf(transport, hmacSecret(1)), verdictOf(transport, hmacSecret(2))]).toEqual(['no error', 'no error']);
  });
});

describe('received messages with secrets by tenant', () => {
  it('are verified with those of the tenant that the path names', async () => {
    const secretsOf: Readonly<Record<string, string>> = { '/t1': hmacSecret(1), '/t2': hmacSecret(2) };
    const receiver = standardWebhooks({
      secrets: {
        keyOfReceived: ({ url = '' }) => new URL(url).pathname,
        load: async (path) => [secretsOf[path] ?? []].flat(),
      },
    });
    const verified = (path: string) =>
      Promise.resolve(
        receiver.verify({ ...received({ headers: signed(by(hmacSecret(1))) }), url: `https://mine.example${path}` }),
      );
    expect(await verified('/t1')).toMatchObject({ id: ID });
    await expect(verified('/t2')).rejects.toMatchObject({ code: 'invalid-signature' });
    await expect(verified('/t3')).rejects.toMatchObject({ code: 'invalid-signature' });
  });
});

describe('a secret store that is down', () => {
  function outage(): { signature: SignatureScheme; mend: () => void } {
    let isDown = true;
    return {
      ...signedBy({ load: async () => (isDown ? Promise.reject(new Error('connection refused')) : [SECRET]) }),
      mend: () => {
        isDown = false;
      },
    };
  }

  it('fails deliver at once, sends nothing, counts against nobody, and is the cause', async () => {
    const { ringback, transport } = ring([], { signature: outage().signature });
    for (let i = 0; i < 50; i++) {
      const { error } = await settled(ringback.deliver({ to: TO }));
      expect(error).toMatchObject({
        why: 'shed',
        cause: { code: 'secrets-unavailable', message: 'secrets.load rejected', cause: { message: 'connection refused' } },
      });
    }
    expect(transport.sentCount).toBe(0);
    expect(ringback.snapshot().destinations[DESTINATION]?.circuitBreaker).toMatchObject({ state: 'closed' });
  });

  it('for a minute makes no dead letter of an enqueued callback', async () => {
    const { mend, signature } = outage();
    const { ringback, transport, clock, heard } = ring([], { signature });
    await ringback.enqueue({ to: TO });
    await clock.advance(MINUTE);
    expect(transport.sentCount).toBe(0);
    mend();
    await clock.advance(10 * MINUTE);
    expect(transport.sentCount).toBe(1);
    expect(verdictOf(transport, SECRET)).toBe('no error');
    expect(await ringback.deadLetters.list()).toEqual([]);
    expect(heard.map(({ event }) => event)).not.toContain('dead-letter');
  });

  it('for good ends as a dead letter that says why', async () => {
    const { ringback, clock } = ring([], { signature: outage().signature });
    await ringback.enqueue({ to: TO });
    await clock.advance(10 * 24 * 60 * MINUTE);
    const [letter] = await ringback.deadLetters.list();
    expect(letter).toMatchObject({ reason: 'attempts-exhausted: no secrets to sign with', attemptCount: 10 });
  });

  it('and hangs, is given up before the attempt is: the destination is not blamed for it', async () => {
    const hanging = ring();
    const { ringback, clock, transport } = ring([], signedBy({ load: () => new Promise(() => {}), clock: hanging.clock }));
    const delivery = settled(ringback.deliver({ to: TO }));
    await hanging.clock.advance(5_000);
    await clock.advance(1);
    expect((await delivery).error).toMatchObject({ why: 'shed', cause: { code: 'secrets-unavailable' } });
    expect(transport.sentCount).toBe(0);
  });
});

describe('a list of public keys alone', () => {
  it('signs nothing, sends nothing, and says why', async () => {
    const { ringback, transport } = ring([], signedBy([PUBLIC_KEY]));
    const { error } = await settled(ringback.deliver({ to: TO }));
    expect(error).toMatchObject({ why: 'shed', cause: { code: 'signing-failed', cause: { code: 'invalid-secret' } } });
    expect(transport.sentCount).toBe(0);
  });
});

describe('what is signed', () => {
  const servers: (() => void)[] = [];
  afterEach(() => {
    for (const close of servers.splice(0)) close();
  });

  it('is the method that the transport sends with', async () => {
    const methods: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      methods.push(request.method);
      response.writeHead(204).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    servers.push(() => server.close());
    const signables: Signable[] = [];
    const signature: SignatureScheme = {
      name: 'recording',
      sign: (signable) => {
        signables.push(signable);
        return {};
      },
      verify: () => ({}),
    };
    const to = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`;
    for (const options of [{ method: 'PUT' } as const, {}]) {
      const ringback = createRingback({ transports: [http({ allowPrivate: true, ...options })], signature });
      await ringback.deliver({ to, data: {}, metadata: { tenant: 't1' } });
      await ringback.close();
    }
    expect(methods).toEqual(['PUT', 'POST']);
    expect(signables.map(({ method }) => method)).toEqual(['PUT', 'POST']);
    expect(signables[0]).toMatchObject({ to, metadata: { tenant: 't1' } });
  });
});
