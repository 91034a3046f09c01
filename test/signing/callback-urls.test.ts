import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type IdempotencyStore, isRingbackError, memoryIdempotencyStore } from '../../src/index.js';
import { type CallbackUrls, callbackUrls } from '../../src/signing/index.js';
import { HOUR, lab, request, SECRET, TO, verdict } from './callback-url-lab.js';

const OLD_SECRET = 'c4n4ry-secret-of-last-year-000';

/** A bare question mark at the end is the one thing that is left out. */
function normalised(to: string): string {
  const { href, search } = new URL(to);
  return search === '' && href.endsWith('?') ? href.slice(0, -1) : href;
}

const faultOf = (action: () => unknown): string => {
  try {
    action();
    return 'no error';
  } catch (error) {
    return isRingbackError(error) ? `${error.code}: ${error.message}` : String(error);
  }
};

describe('a callback URL', () => {
  it('vouches for its target, its purpose and its expiry', async () => {
    const { urls, clock } = lab();
    const url = urls.create(request);
    expect(url).toMatch(
      /^https:\/\/api\.mine\.example\/answers\/42\?callback-token=v1\.answer\.\d+\.[A-Za-z0-9]{24}\.[A-Za-z0-9_-]{43}$/,
    );
    expect(await urls.redeem(url)).toEqual({ to: TO, purpose: 'answer', expiresAtMs: clock.now() + HOUR });
  });

  it('is another one each time', () => {
    const { urls } = lab();
    expect(new Set(Array.from({ length: 100 }, () => urls.create(request))).size).toBe(100);
  });

  it('keeps the query that its target has, and the signature covers it', async () => {
    const { urls } = lab();
    for (const to of [
      `${TO}?b=2&a=1&a=`,
      `${TO}?`,
      `${TO}?a=1&`,
      `${TO}?a=?`,
      `${TO}?callback-tokens=1`,
      `${TO}/?q=%C3%BC+%26`,
      'http://[::1]:8080',
    ]) {
      const url = urls.create({ ...request, to });
      expect(await verdict(urls, url.replace('?', '?c=3&'))).toBe('invalid-signature');
      expect(await urls.redeem(url)).toMatchObject({ to: normalised(to) });
    }
  });

  it('is redeemed as a URL object too', async () => {
    const { urls } = lab();
    expect(await verdict(urls, new URL(urls.create({ ...request, to: new URL(TO) })))).toBe('accepted');
  });

  it('comes back from any target, purpose and expiry', async () => {
    const { urls } = lab();
    const purpose = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
    await fc.assert(
      fc.asyncProperty(
        fc.webUrl({ withQueryParameters: true }),
        purpose,
        fc.integer({ min: 1, max: 366 * 24 * HOUR }),
        async (to, means, ms) => {
          const redeemed = await urls.redeem(urls.create({ to, purpose: means, expiresInMs: ms }), { purpose: means });
          expect(redeemed).toMatchObject({ to: normalised(to), purpose: means });
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('single use', () => {
  it('is accepted once', async () => {
    const { urls } = lab();
    const url = urls.create(request);
    expect([await verdict(urls, url), await verdict(urls, url), await verdict(urls, url)]).toEqual([
      'accepted',
      'already-redeemed',
      'already-redeemed',
    ]);
  });

  it('also when 50 redeem at the same moment, in instances that share a store', async () => {
    const { urls, store, clock } = lab();
    const slow: IdempotencyStore = {
      ...store,
      claim: async (key, claim) => {
        await undefined;
        const decided = await store.claim(key, claim);
        for (let i = 0; i < 5; i++) await undefined;
        return decided;
      },
    };
    const instances = Array.from({ length: 5 }, () => callbackUrls({ secrets: [SECRET], store: slow, clock }));
    const url = urls.create(request);
    const verdicts = await Promise.all(Array.from({ length: 50 }, (_, i) => verdict(instances[i % 5] as CallbackUrls, url)));
    expect(verdicts.filter((said) => said === 'accepted')).toHaveLength(1);
    expect(verdicts.filter((said) => said === 'already-redeemed')).toHaveLength(49);
  });

  it('has no hole in time: until it expires, and for clocks an hour behind, the claim stands', async () => {
    const { urls, store, clock } = lab();
    const url = urls.create(request);
    expect(await verdict(urls, url)).toBe('accepted');
    await clock.advance(HOUR - 1);
    expect(await verdict(urls, url)).toBe('already-redeemed');
    await clock.advance(HOUR);
    expect(await verdict(urls, url)).toBe('stale-signature');
    const behind = callbackUrls({ secrets: [SECRET], store, clock: { ...clock, now: () => clock.now() - HOUR } });
    expect(await verdict(behind, url)).toBe('already-redeemed');
  });

  it('survives a crash right after the claim: one statement decides, nothing is completed or released after it', async () => {
    const { store, clock } = lab();
    const asked: string[] = [];
    const watched = new Proxy(store, {
      get: (target, name: keyof IdempotencyStore) => {
        asked.push(name);
        return target[name].bind(target);
      },
    });
    const urls = callbackUrls({ secrets: [SECRET], store: watched, clock });
    const url = urls.create(request);
    asked.length = 0;
    await urls.redeem(url);
    expect(asked).toEqual(['claim']);
    expect(await verdict(callbackUrls({ secrets: [SECRET], store, clock }), url)).toBe('already-redeemed');
  });

  it('errs on the side of refusing: a claim whose acknowledgement was lost counts as redeemed', async () => {
    const { store, clock } = lab();
    let isLossy = true;
    const lossy: IdempotencyStore = {
      ...store,
      claim: async (key, claim) => {
        const decided = await store.claim(key, claim);
        if (isLossy) throw new Error('connection reset');
        return decided;
      },
    };
    const urls = callbackUrls({ secrets: [SECRET], store: lossy, clock });
    const url = urls.create(request);
    expect(await verdict(urls, url)).toBe('idempotency-store-failed');
    isLossy = false;
    expect(await verdict(urls, url)).toBe('already-redeemed');
  });

  it('is not used up by a wrong purpose, a wrong signature or an expired clock', async () => {
    const { urls } = lab();
    const url = urls.create(request);
    expect(await verdict(urls, url, { purpose: 'delete' })).toBe('invalid-signature');
    expect(await verdict(urls, url.replace('answers', 'orders'))).toBe('invalid-signature');
    expect(await verdict(urls, url, { purpose: 'answer' })).toBe('accepted');
  });

  it('is counted by a completed record of another kind too', async () => {
    const { clock } = lab();
    const completed = { claim: () => ({ state: 'completed', fingerprint: '', result: new Uint8Array() }) } as never;
    const urls = callbackUrls({ secrets: [SECRET], store: completed, clock });
    expect(await verdict(urls, urls.create(request))).toBe('already-redeemed');
  });
});

describe('a store that fails', () => {
  const down = new Error('down');
  const fault = (what: string) => ({
    code: 'idempotency-store-failed',
    message: `the store of callback URLs ${what}, so this one was not accepted`,
  });

  it.each<[string, () => unknown, string, unknown]>([
    [
      'throws',
      () => {
        throw down;
      },
      'could not claim it',
      down,
    ],
    ['rejects', async () => Promise.reject(down), 'could not claim it', down],
    ['answers nothing', () => undefined, 'answered a claim with none of its three states', undefined],
    ['answers nonsense', async () => ({ state: 'maybe' }), 'answered a claim with none of its three states', undefined],
  ])('and %s: nothing is accepted', async (_what, claim, what, cause) => {
    const { clock } = lab();
    const urls = callbackUrls({ secrets: [SECRET], store: { claim } as never, clock });
    const error = await urls.redeem(urls.create(request)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject(fault(what));
    expect((error as Error).cause).toBe(cause);
    expect('cause' in (error as Error)).toBe(cause !== undefined);
    expect(clock.timers).toBe(0);
  });

  it('and never answers: nothing is accepted, and nobody waits for ever', async () => {
    const { clock } = lab();
    const urls = callbackUrls({ secrets: [SECRET], store: { claim: () => new Promise(() => {}) } as never, clock });
    const redeeming = expect(urls.redeem(urls.create(request))).rejects.toMatchObject(fault('did not answer in 10000 ms'));
    await clock.advance(10_000);
    await redeeming;
  });

  it('as it is full: nothing is accepted, and no earlier redemption forgotten', async () => {
    const { clock } = lab();
    const { urls } = lab({ store: memoryIdempotencyStore({ maxKeys: 1, clock }) });
    const [first, second] = [urls.create(request), urls.create(request)];
    expect(await verdict(urls, first)).toBe('accepted');
    await expect(urls.redeem(second)).rejects.toMatchObject({
      code: 'idempotency-store-failed',
      message: 'all 1 idempotency keys in memory are in flight',
    });
    expect(await verdict(urls, first)).toBe('already-redeemed');
  });
});

describe('expiry', () => {
  it('ends at its very ms', async () => {
    const { urls, clock } = lab();
    const [first, second] = [urls.create(request), urls.create(request)];
    await clock.advance(HOUR - 1);
    expect(await verdict(urls, first)).toBe('accepted');
    await clock.advance(1);
    expect(await verdict(urls, second)).toBe('stale-signature');
  });

  it('is called so only where the URL was genuine once', async () => {
    const { urls, clock } = lab();
    const url = urls.create(request);
    await clock.advance(2 * HOUR);
    expect(await verdict(urls, `${url.slice(0, -1)}${url.endsWith('A') ? 'B' : 'A'}`)).toBe('invalid-signature');
  });

  it('accepts nothing where the clock gives no number', async () => {
    const { urls, store, clock } = lab();
    const broken = callbackUrls({ secrets: [SECRET], store, clock: { ...clock, now: () => Number.NaN } });
    expect(await verdict(broken, urls.create(request))).toBe('stale-signature');
  });
});

describe('rotation', () => {
  it('signs with the first secret and takes any', async () => {
    const store = memoryIdempotencyStore();
    const [before, during, after] = [[OLD_SECRET], [SECRET, OLD_SECRET], [SECRET]].map(
      (secrets) => lab({ secrets, store, seed: secrets.length }).urls,
    ) as [CallbackUrls, CallbackUrls, CallbackUrls];
    expect(await verdict(during, before.create(request))).toBe('accepted');
    const url = during.create(request);
    expect(await verdict(before, url)).toBe('invalid-signature');
    expect(await verdict(after, url)).toBe('accepted');
    expect(await verdict(after, before.create(request))).toBe('invalid-signature');
  });
});

describe('settings', () => {
  const { urls, store } = lab();

  it.each<[string, object, string]>([
    ['a target that is none', { to: 'answers/42' }, 'to must be a whole http or https URL'],
    ['another scheme', { to: 'mailto:a@mine.example' }, 'to must be a whole http or https URL'],
    ['credentials', { to: 'https://user:c4n4ry@api.mine.example/' }, 'to must be a URL without credentials'],
    ['a user', { to: 'https://c4n4ry@api.mine.example/' }, 'to must be a URL without credentials'],
    ['a password', { to: 'https://:c4n4ry@api.mine.example/' }, 'to must be a URL without credentials'],
    ['a fragment', { to: `${TO}#top` }, 'to must be a URL without a fragment'],
    ['a parameter of ours', { to: `${TO}?callback-token=1` }, 'to must be a URL without a parameter callback-token of its own'],
    ['one of ours among others', { to: `${TO}?a=1&callback-token=1` }, 'to must be a URL without a parameter callback-token'],
    ['one of ours without a value', { to: `${TO}?a=1&callback-token` }, 'to must be a URL without a parameter callback-token'],
    ['no target', { to: undefined }, 'to must be a string or a URL, got undefined (undefined)'],
    ['a target too long', { to: `${TO}?a=${'1'.repeat(4_000)}` }, 'a callback URL must be at most 4096 characters, got 4'],
    ['no purpose', { purpose: undefined }, 'purpose must be 1 to 64 of A-Z, a-z, 0-9, _ and -, got undefined (undefined)'],
    ['a purpose with a dot', { purpose: 'a.b' }, 'purpose must be 1 to 64'],
    ['a purpose too long', { purpose: 'a'.repeat(65) }, 'purpose must be 1 to 64'],
    [
      'no expiry',
      { expiresInMs: undefined },
      'expiresInMs must be a finite number above 0, at most 31622400000, got undefined (undefined)',
    ],
    ['an expiry at once', { expiresInMs: 0 }, 'expiresInMs must be a finite number above 0'],
    ['an expiry that is never', { expiresInMs: Number.POSITIVE_INFINITY }, 'expiresInMs must be a finite number above 0'],
    ['an unknown name', { ttlMs: 5 }, 'create has no option "ttlMs"'],
  ])('refuse %s', (_what, changes, fault) => {
    expect(faultOf(() => urls.create({ ...request, ...changes }))).toContain(`invalid-option: ${fault}`);
    expect(faultOf(() => urls.create({ ...request, ...changes }))).not.toContain('c4n4ry');
  });

  it('refuse secrets that are too short, or none, and show none', () => {
    for (const secrets of [[], ['short'], [SECRET, 'short'], SECRET, undefined]) {
      const fault = faultOf(() => callbackUrls({ secrets: secrets as never, store }));
      expect(fault).toMatch(/^invalid-secret: /);
      expect(fault).not.toContain(SECRET);
    }
  });

  it('refuse a store, a clock and a random that are none, and unknown names', () => {
    for (const [wrong, fault] of [
      [{ store: {} }, 'store must be an object with claim()'],
      [{ clock: {} }, 'clock must be an object with now(), setTimer(), clearTimer()'],
      [{ random: 7 }, 'random must be a function'],
      [{ ttlMs: 1 }, 'callbackUrls has no option "ttlMs"; it has secrets, store, clock, random'],
    ] as const) {
      expect(faultOf(() => callbackUrls({ secrets: [SECRET], store, ...(wrong as object) }))).toContain(
        `invalid-option: ${fault}`,
      );
    }
  });

  it('refuse an unknown expectation, which would not be checked', async () => {
    await expect(urls.redeem(urls.create(request), { purposes: 'answer' } as never)).rejects.toMatchObject({
      code: 'invalid-option',
      message: 'redeem has no option "purposes"; it has purpose',
    });
  });

  it('refuse an expected purpose that is there and undefined, as no purpose would be checked, and use nothing up', async () => {
    const url = urls.create(request);
    for (const purpose of [undefined, null, '', 'a.b', 7])
      expect(await verdict(urls, url, { purpose } as never)).toBe('invalid-option');
    expect(await verdict(urls, url, {})).toBe('accepted');
  });

  it('show no secret when they are inspected', () => {
    const shown = inspect(urls, { depth: 10, showHidden: true });
    expect(shown).not.toContain('KeyObject');
    expect(shown).not.toContain(SECRET);
  });
});
