import { describe, expect, it } from 'vitest';
import { RingbackError } from '../../src/errors.js';
import type { ReceivedMessage, Signable } from '../../src/signing/index.js';
import type { SecretLookup } from '../../src/signing/secret-lookup.js';
import { type KeySource, keySource } from '../../src/signing/secrets.js';
import { fakeClock } from '../../src/testing/index.js';

const SECRET = 'c4n4ry-secret';

/** A key is its secret in capitals, and one that begins with `bad` is malformed. */
function parse(name: string, secret: string): string {
  if (secret.startsWith('bad')) throw new RingbackError('invalid-secret', `${name} is malformed`);
  return secret.toUpperCase();
}

const lookup = (options: SecretLookup): KeySource<string> => keySource(options, parse);

const message = (to: string, timestampMs = 0): Signable => ({
  id: 'msg_1',
  timestampMs,
  to,
  method: 'POST',
  headers: {},
  body: new Uint8Array(),
});

const receivedAt = (tenant: string, nowMs = 0): ReceivedMessage => ({ headers: { tenant }, body: new Uint8Array(), nowMs });
const byTenant = ({ headers }: ReceivedMessage): string => (headers as Record<string, string>).tenant ?? '';

/** Loads by hand: each waits until the test answers it. */
function slowLoads() {
  const waiting: { key: string; answer: (secrets: readonly string[]) => void; fail: (error: unknown) => void }[] = [];
  const load = (key: string): Promise<readonly string[]> =>
    new Promise((answer, fail) => {
      waiting.push({ key, answer, fail });
    });
  return { waiting, load };
}

const rejection = async (keys: unknown): Promise<unknown> =>
  Promise.resolve(keys).then(
    () => 'no error',
    (error: unknown) => error,
  );

const thrown = (action: () => unknown): unknown => {
  try {
    action();
    return 'no error';
  } catch (error) {
    return error;
  }
};

describe('a lookup of secrets', () => {
  it('that answers at once stays synchronous', () => {
    expect(lookup({ load: (key) => [`s-${key}`] }).forSigning(message('a'))).toEqual(['S-A']);
  });

  it('that answers later gives a promise, and the keys at once from then on', async () => {
    const source = lookup({ load: async (key) => [`s-${key}`] });
    const first = source.forSigning(message('a'));
    expect(first).toBeInstanceOf(Promise);
    expect(await first).toEqual(['S-A']);
    expect(source.forSigning(message('a'))).toEqual(['S-A']);
  });

  it('takes any thenable, as query builders are', async () => {
    // biome-ignore lint/suspicious/noThenProperty: what a query builder is.
    const thenable = { then: (resolve: (secrets: string[]) => void) => resolve(['s']) } as never;
    expect(await lookup({ load: () => thenable }).forSigning(message('a'))).toEqual(['S']);
    const broken = {
      // biome-ignore lint/suspicious/noThenProperty: what a broken client gives.
      then: () => {
        throw new Error('no');
      },
    } as never;
    expect(await rejection(lookup({ load: () => broken }).forSigning(message('a')))).toMatchObject({
      code: 'secrets-unavailable',
    });
  });

  it('is called as the method it is', () => {
    const source = lookup({
      ttlMs: 7,
      load() {
        return [`s${this.ttlMs}`];
      },
    });
    expect(source.forSigning(message('a'))).toEqual(['S7']);
  });

  it('asks for the destination by default, and else for what keyOf says', () => {
    const asked: string[] = [];
    const load = (key: string): string[] => {
      asked.push(key);
      return ['s'];
    };
    lookup({ load }).forSigning(message('https://a.example/'));
    lookup({ load, keyOf: ({ id }) => id }).forSigning(message('https://a.example/'));
    lookup({ load, keyOfReceived: byTenant }).forVerifying(receivedAt('t1'));
    expect(asked).toEqual(['https://a.example/', 'msg_1', 't1']);
  });

  it('shares what it loaded between signing and verifying', () => {
    let loads = 0;
    const source = lookup({ load: () => [`s${++loads}`], keyOf: () => 'k', keyOfReceived: () => 'k' });
    source.forSigning(message('a'));
    expect(source.forVerifying(receivedAt('a'))).toEqual(['S1']);
  });
});

describe('the cache', () => {
  it('keeps keys for ttlMs and loads them anew at its end', () => {
    let loads = 0;
    const source = lookup({ load: () => [`s${++loads}`], ttlMs: 1_000 });
    expect(source.forSigning(message('a', 5_000))).toEqual(['S1']);
    expect(source.forSigning(message('a', 5_999))).toEqual(['S1']);
    expect(source.forSigning(message('a', 6_000))).toEqual(['S2']);
  });

  it('keeps no secrets for ever when the clock is set back', () => {
    let loads = 0;
    const source = lookup({ load: () => [`s${++loads}`], ttlMs: 1_000 });
    source.forSigning(message('a', 1_000_000));
    expect(source.forSigning(message('a', 999_500))).toEqual(['S1']);
    expect(source.forSigning(message('a', 1_000))).toEqual(['S2']);
    expect(source.forSigning(message('a', Number.NaN))).toEqual(['S3']);
  });

  it('loads a key once for all that need it at the same time', async () => {
    const { waiting, load } = slowLoads();
    const source = lookup({ load });
    const all = Array.from({ length: 50 }, () => source.forSigning(message('a')));
    expect(waiting.map(({ key }) => key)).toEqual(['a']);
    waiting[0]?.answer(['s']);
    expect(await Promise.all(all)).toEqual(Array.from({ length: 50 }, () => ['S']));
    expect(waiting).toHaveLength(1);
  });

  it.each<[string, (calls: number) => readonly string[] | Promise<readonly string[]>]>([
    [
      'that throws',
      (calls) => {
        if (calls === 1) throw new Error('down');
        return ['s'];
      },
    ],
    ['that rejects', async (calls) => (calls === 1 ? Promise.reject(new Error('down')) : ['s'])],
    ['that knows none', async (calls) => (calls === 1 ? [] : ['s'])],
    ['that gives what is malformed', async (calls) => (calls === 1 ? ['bad'] : ['s'])],
    ['that gives no list', async (calls) => (calls === 1 ? (undefined as never) : ['s'])],
  ])('does not keep a load %s', async (_what, answer) => {
    let calls = 0;
    const source = lookup({ load: () => answer(++calls) });
    const failed = await rejection(new Promise((resolve) => resolve(source.forSigning(message('a')))));
    expect(failed).toBeInstanceOf(RingbackError);
    expect(await source.forSigning(message('a'))).toEqual(['S']);
  });

  it('keeps a failure from all that waited for it, and from none after', async () => {
    const { waiting, load } = slowLoads();
    const source = lookup({ load });
    const both = [rejection(source.forSigning(message('a'))), rejection(source.forSigning(message('a')))];
    waiting[0]?.fail(new Error('down'));
    for (const error of await Promise.all(both)) expect(error).toMatchObject({ code: 'secrets-unavailable' });
    const again = source.forSigning(message('a'));
    waiting[1]?.answer(['s']);
    expect(await again).toEqual(['S']);
  });

  it('is bounded: at maxKeys the one loaded longest ago goes', () => {
    const asked: string[] = [];
    const source = lookup({
      load: (key) => {
        asked.push(key);
        return ['s'];
      },
      maxKeys: 2,
    });
    for (const key of ['a', 'b', 'a', 'c', 'b', 'a']) source.forSigning(message(key));
    expect(asked).toEqual(['a', 'b', 'c', 'a']);
  });

  it('is bounded by when keys were last loaded: one that was loaded anew goes after the others', () => {
    const asked: string[] = [];
    const source = lookup({ load: (key) => [`s${asked.push(key)}`], maxKeys: 2, ttlMs: 1_000 });
    for (const [key, atMs] of [
      ['a', 0],
      ['b', 500],
      ['a', 1_000],
      ['c', 1_001],
    ] as const)
      source.forSigning(message(key, atMs));
    expect(source.forSigning(message('a', 1_002))).toEqual(['S3']);
    expect(asked).toEqual(['a', 'b', 'a', 'c']);
  });

  it('makes no room for a key that is loaded anew', () => {
    const asked: string[] = [];
    const source = lookup({ load: (key) => [`s${asked.push(key)}`], maxKeys: 2, ttlMs: 1_000 });
    for (const [key, atMs] of [
      ['a', 500],
      ['b', 0],
      ['b', 1_000],
      ['a', 1_001],
    ] as const) {
      source.forSigning(message(key, atMs));
    }
    expect(asked).toEqual(['a', 'b', 'b']);
  });

  it('is not emptied by keys that strangers make up', async () => {
    const loads: string[] = [];
    const source = lookup({
      load: async (key) => {
        loads.push(key);
        return key === 'mine' ? ['s'] : [];
      },
      keyOfReceived: byTenant,
      maxKeys: 5,
    });
    await source.forVerifying(receivedAt('mine'));
    for (let i = 0; i < 20; i++) await rejection(source.forVerifying(receivedAt(`stranger-${i}`)));
    expect(source.forVerifying(receivedAt('mine'))).toEqual(['S']);
  });

  it('bounds the loads that run at once', async () => {
    const { waiting, load } = slowLoads();
    const source = lookup({ load, maxKeys: 2 });
    const running = [source.forSigning(message('a')), source.forSigning(message('b'))];
    expect(thrown(() => source.forSigning(message('c')))).toMatchObject({ code: 'secrets-unavailable' });
    for (const { answer } of waiting) answer(['s']);
    await Promise.all(running);
    expect(source.forSigning(message('a'))).toEqual(['S']);
  });
});

describe('a load that never answers', () => {
  it('fails in time, so that neither an attempt nor a receiver waits for ever', async () => {
    const clock = fakeClock();
    const { waiting, load } = slowLoads();
    const source = lookup({ load, clock });
    const first = rejection(source.forSigning(message('a')));
    await clock.advance(5_000);
    expect(await first).toMatchObject({ code: 'secrets-unavailable', message: 'secrets.load did not answer in 5000 ms' });
    const second = source.forSigning(message('a'));
    waiting[0]?.answer(['late']);
    waiting[1]?.answer(['s']);
    expect(await second).toEqual(['S']);
    expect(clock.timers).toBe(0);
  });

  it('leaves no timer behind when it does answer', async () => {
    const clock = fakeClock();
    await lookup({ load: async () => ['s'], clock, timeoutMs: 10 }).forSigning(message('a'));
    await rejection(lookup({ load: async () => Promise.reject(new Error('down')), clock }).forSigning(message('a')));
    expect(clock.timers).toBe(0);
  });
});

describe('the errors of a lookup', () => {
  it('a key without secrets: no message is signed, and none that names it proves anything', async () => {
    const source = lookup({ load: async () => [], keyOfReceived: byTenant });
    expect(await rejection(source.forSigning(message('a')))).toMatchObject({ code: 'secrets-unavailable' });
    expect(await rejection(source.forVerifying(receivedAt('a')))).toMatchObject({ code: 'invalid-signature' });
  });

  it('a store that is down can not prove a message wrong', async () => {
    const source = lookup({ load: async () => Promise.reject(new Error('down')), keyOfReceived: byTenant });
    const error = await rejection(source.forVerifying(receivedAt('a')));
    expect(error).toMatchObject({ code: 'secrets-unavailable', cause: { message: 'down' } });
  });

  it('hold whatever was thrown as the cause, an error of ours too', () => {
    const refused = new RingbackError('circuit-open', 'the secret store is down');
    const source = lookup({
      load: () => {
        throw refused;
      },
    });
    expect(thrown(() => source.forSigning(message('a')))).toMatchObject({ code: 'secrets-unavailable', cause: refused });
  });

  it('of keyOf: a throw, and a key that is no text', () => {
    const bad = lookup({
      load: () => ['s'],
      keyOf: () => {
        throw new Error('no tenant');
      },
      keyOfReceived: () => undefined as never,
    });
    expect(thrown(() => bad.forSigning(message('a')))).toMatchObject({
      code: 'secrets-unavailable',
      message: 'secrets.keyOf threw',
      cause: { message: 'no tenant' },
    });
    expect(thrown(() => bad.forVerifying(receivedAt('a')))).toMatchObject({
      code: 'secrets-unavailable',
      message: 'secrets.keyOfReceived must give a string, got undefined',
    });
  });

  it('of keyOfReceived: a message that names no key is told as such', () => {
    const refused = new RingbackError('invalid-signature', 'the path names no tenant');
    const source = lookup({
      load: () => ['s'],
      keyOfReceived: () => {
        throw refused;
      },
    });
    expect(thrown(() => source.forVerifying(receivedAt('a')))).toBe(refused);
  });

  it('say that keyOfReceived is missing when something is to be verified', () => {
    const error = thrown(() => lookup({ load: () => ['s'] }).forVerifying(receivedAt('a')));
    expect(error).toMatchObject({ code: 'secrets-unavailable', message: expect.stringContaining('keyOfReceived is missing') });
  });

  it('show no secret', async () => {
    const lists: unknown[] = [SECRET, [`bad ${SECRET}`], { [SECRET]: SECRET }, Array.from({ length: 11 }, () => SECRET)];
    for (const list of lists) {
      const error = await rejection(lookup({ load: async () => list as never }).forSigning(message('a')));
      expect(error).toMatchObject({ code: 'invalid-secret' });
      expect(String(error)).not.toContain(SECRET);
    }
    expect(
      String(thrown(() => lookup({ load: () => ['s'], keyOf: () => [SECRET] as never }).forSigning(message('a')))),
    ).not.toContain(SECRET);
  });

  it.each<[object, string]>([
    [{ ttlMs: -1 }, 'secrets.ttlMs must be a finite number of at least 0'],
    [{ timeoutMs: 0 }, 'secrets.timeoutMs must be a finite number above 0'],
    [{ maxKeys: 0 }, 'secrets.maxKeys must be an integer of at least 1'],
    [{ maxKeys: 1.5 }, 'secrets.maxKeys must be an integer of at least 1'],
    [{ load: 'secret' }, 'secrets must be an object with load()'],
    [{ keyOf: 'tenant' }, 'secrets.keyOf must be a function'],
    [{ keyOfReceived: 7 }, 'secrets.keyOfReceived must be a function'],
    [{ clock: {} }, 'secrets.clock must be an object with setTimer(), clearTimer()'],
    [{ tll: 5 }, 'secrets has no option "tll"; it has keyOf, keyOfReceived, load, ttlMs, timeoutMs, maxKeys, clock'],
  ])('refuse the option %j', (options, why) => {
    const message = expect.stringContaining(why);
    expect(thrown(() => lookup({ load: () => ['s'], ...options }))).toMatchObject({ code: 'invalid-option', message });
  });
});
