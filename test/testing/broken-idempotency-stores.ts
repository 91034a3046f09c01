import { type Clock, systemClock } from '../../src/clock.js';
import { memoryIdempotencyStore } from '../../src/idempotency/memory-store.js';
import type { Claim, ClaimRequest, IdempotencyStore } from '../../src/idempotency/store.js';

/** A store with one fault, over data that outlive it: what several instances share. */
export interface BrokenStore {
  /** The cases in which it must fail, no more and no fewer. */
  readonly failsIn: readonly string[];
  /** A part of what the first of them says. */
  readonly says: string;
  create(clock: Clock): () => IdempotencyStore;
  /** An instance that can't reach its data. */
  createUnreachable?(): IdempotencyStore;
}

/** The sound store, but for what `change` puts in its place. */
const but =
  (change: (sound: IdempotencyStore) => Partial<IdempotencyStore>): BrokenStore['create'] =>
  (clock) => {
    const sound = memoryIdempotencyStore({ clock });
    const changed = change(sound);
    const store: IdempotencyStore = {
      claim: changed.claim ?? ((key, request) => sound.claim(key, request)),
      renew: changed.renew ?? ((key, token, leaseMs) => sound.renew(key, token, leaseMs)),
      complete: changed.complete ?? ((key, token, result, ttlMs) => sound.complete(key, token, result, ttlMs)),
      release: changed.release ?? ((key, token) => sound.release(key, token)),
    };
    return () => store;
  };

const asText = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const asBytes = (text: string): Uint8Array => new TextEncoder().encode(text);

interface Row {
  fingerprint: string;
  token: string;
  endsAtMs: number;
  result: Uint8Array | undefined;
}

let tokens = 0;

/** A plain map, sound where one process has one instance of it. */
class MapStore implements IdempotencyStore {
  readonly #rows: Map<string, Row>;
  readonly #nowMs: () => number;
  readonly #beforeWriting: (() => Promise<void>) | undefined;

  constructor(rows: Map<string, Row>, nowMs: () => number, beforeWriting?: () => Promise<void>) {
    this.#rows = rows;
    this.#nowMs = nowMs;
    this.#beforeWriting = beforeWriting;
  }

  async claim(key: string, { fingerprint, leaseMs }: ClaimRequest): Promise<Claim> {
    checkMs(leaseMs);
    const nowMs = this.#nowMs();
    const row = this.#rows.get(key);
    if (this.#beforeWriting !== undefined) await this.#beforeWriting();
    if (row !== undefined && row.endsAtMs > nowMs) {
      if (row.result !== undefined) return { state: 'completed', fingerprint: row.fingerprint, result: row.result.slice() };
      return { state: 'in-flight', fingerprint: row.fingerprint, retryAfterMs: row.endsAtMs - nowMs };
    }
    const token = `token ${tokens++}`;
    this.#rows.set(key, { fingerprint, token, endsAtMs: nowMs + leaseMs, result: undefined });
    return { state: 'claimed', token };
  }

  renew(key: string, token: string, leaseMs: number): boolean {
    checkMs(leaseMs);
    const row = this.#of(key, token);
    if (row === undefined || row.result !== undefined) return false;
    row.endsAtMs = this.#nowMs() + leaseMs;
    return true;
  }

  complete(key: string, token: string, result: Uint8Array, ttlMs: number): boolean {
    checkMs(ttlMs);
    const row = this.#of(key, token);
    if (row === undefined) return false;
    if (row.result === undefined) Object.assign(row, { result: new Uint8Array(result), endsAtMs: this.#nowMs() + ttlMs });
    return true;
  }

  release(key: string, token: string): boolean {
    const row = this.#of(key, token);
    return row !== undefined && row.result === undefined && this.#rows.delete(key);
  }

  #of(key: string, token: string): Row | undefined {
    const row = this.#rows.get(key);
    return row !== undefined && row.token === token && row.endsAtMs > this.#nowMs() ? row : undefined;
  }
}

function checkMs(ms: number): void {
  if (!(ms > 0 && ms < Number.POSITIVE_INFINITY)) throw new RangeError('no duration');
}

/** Looks whether a token may write, and then writes: two that look at once both may. */
function checksThenWrites(sound: IdempotencyStore): Partial<IdempotencyStore> {
  const mayWrite = async (key: string, token: string): Promise<boolean> => sound.renew(key, token, HOUR_MS);
  return {
    complete: async (key, token, result, ttlMs) => {
      const isOwner = await mayWrite(key, token);
      return (await sound.complete(key, token, result, ttlMs)) || isOwner;
    },
    release: async (key, token) => {
      const isOwner = await mayWrite(key, token);
      await sound.release(key, token);
      return isOwner;
    },
  };
}

/** Writes a new claim over an old record, but for its result. */
function keepsOldResults(sound: IdempotencyStore): Partial<IdempotencyStore> {
  const results = new Map<string, Uint8Array>();
  const stale = new Set<string>();
  return {
    claim(key, request) {
      const claim = sound.claim(key, request) as Claim;
      const result = results.get(key);
      if (claim.state === 'claimed' && result !== undefined) stale.add(key);
      if (claim.state !== 'in-flight' || result === undefined || !stale.has(key)) return claim;
      return { state: 'completed', fingerprint: claim.fingerprint, result };
    },
    complete(key, token, result, ttlMs) {
      const isKept = sound.complete(key, token, result, ttlMs) as boolean;
      if (isKept && !results.has(key)) results.set(key, result);
      return isKept;
    },
  };
}

/** The newest token of each key, whoever asks: what a store has that does not look at tokens. */
function withoutFencing(sound: IdempotencyStore): Partial<IdempotencyStore> {
  const newest = new Map<string, string>();
  const tokenOf = (key: string): string => newest.get(key) ?? '';
  return {
    claim(key, request) {
      const claim = sound.claim(key, request) as Claim;
      if (claim.state === 'claimed') newest.set(key, claim.token);
      return claim;
    },
    renew: (key, _, leaseMs) => sound.renew(key, tokenOf(key), leaseMs),
    complete: (key, _, result, ttlMs) => sound.complete(key, tokenOf(key), result, ttlMs),
    release: (key) => sound.release(key, tokenOf(key)),
  };
}

/** Forgets whose the newest claim is, when somebody else gives it back. */
function releaseByAnybody(sound: IdempotencyStore): Partial<IdempotencyStore> {
  const { claim, release } = withoutFencing(sound);
  return { ...(claim && { claim }), ...(release && { release }) };
}

function keepsReferences(sound: IdempotencyStore): Partial<IdempotencyStore> {
  const given = new Map<string, Uint8Array>();
  return {
    claim(key, request) {
      const claim = sound.claim(key, request) as Claim;
      if (claim.state === 'claimed') given.delete(key);
      return claim.state === 'completed' ? { ...claim, result: given.get(key) ?? claim.result } : claim;
    },
    complete(key, token, result, ttlMs) {
      const isKept = sound.complete(key, token, result, ttlMs);
      if (isKept && !given.has(key)) given.set(key, result);
      return isKept;
    },
  };
}

/** Gives every claim the same token, and takes it for whoever holds the key. */
function oneToken(sound: IdempotencyStore): Partial<IdempotencyStore> {
  const { claim: claimed = sound.claim, ...writes } = withoutFencing(sound);
  return {
    ...writes,
    claim(key, request) {
      const claim = claimed(key, request) as Claim;
      return claim.state === 'claimed' ? { ...claim, token: 'token' } : claim;
    },
  };
}

function completesOnce(sound: IdempotencyStore): Partial<IdempotencyStore> {
  const done = new Set<string>();
  return {
    complete(key, token, result, ttlMs) {
      if (done.has(token)) return false;
      const isKept = sound.complete(key, token, result, ttlMs) as boolean;
      if (isKept) done.add(token);
      return isKept;
    },
  };
}

/** Answers as if all were well, whatever it can't reach. */
const careless: IdempotencyStore = {
  claim: () => ({ state: 'claimed', token: 'made up' }),
  renew: () => false,
  complete: () => false,
  release: () => false,
};

const onKeys = (keyOf: (key: string) => string): BrokenStore['create'] =>
  but((sound) => ({
    claim: (key, request) => sound.claim(keyOf(key), request),
    renew: (key, token, leaseMs) => sound.renew(keyOf(key), token, leaseMs),
    complete: (key, token, result, ttlMs) => sound.complete(keyOf(key), token, result, ttlMs),
    release: (key, token) => sound.release(keyOf(key), token),
  }));

const withDurations = (durationOf: (ms: number) => number): BrokenStore['create'] =>
  but((sound) => ({
    claim: (key, request) => sound.claim(key, { ...request, leaseMs: durationOf(request.leaseMs) }),
    renew: (key, token, leaseMs) => sound.renew(key, token, durationOf(leaseMs)),
    complete: (key, token, result, ttlMs) => sound.complete(key, token, result, durationOf(ttlMs)),
  }));

const HOUR_MS = 3_600_000;
const anHour = (ms: number): number => (Number.isFinite(ms) ? Math.min(ms, HOUR_MS) : ms);
/** As a timer of the platform takes it. */
const wrapped = (ms: number): number => (Number.isFinite(ms) && ms > 2 ** 31 - 1 ? 1 : ms);
const loadedAtMs = systemClock.now();

/** What the wall clock is off, in whole hours: the ms that pass while a test runs don't count. */
const wallClockOffMs = (): number => Math.round((systemClock.now() - loadedAtMs) / HOUR_MS) * HOUR_MS;

/** Instances over one map. */
const onMap = (make: (rows: Map<string, Row>, clock: Clock) => IdempotencyStore): BrokenStore['create'] => {
  return (clock) => {
    const rows = new Map<string, Row>();
    return () => make(rows, clock);
  };
};

const changedClaims = (change: (claim: Claim, request: ClaimRequest) => Claim): BrokenStore['create'] =>
  but((sound) => ({ claim: (key, request) => change(sound.claim(key, request) as Claim, request) }));

const KEYS_ALIKE = 'keeps apart keys with separators, spaces, line breaks, quotes, patterns, cases, accents and scripts';
const LEASE_END = 'holds a lease up to its end, and no longer';
const RESULT_END = 'keeps a result up to the end of its time, and no longer';
const LATE_OWNER = 'keeps a late owner from renewing, completing and releasing what its successor holds';
const LATE_AFTER_COMPLETION = 'keeps a late owner from changing what its successor completed';
const REVIVED = 'fences a process that stopped between its effect and complete, and comes back after the next took over';
const FORMER_OWNER = 'keeps an owner that gave its key back from writing what the next claim holds';
const OTHER_TOKENS = 'takes no token but the one of the key';
const ONE_CLOCK = 'goes by one clock for all: a client whose wall clock is wrong changes nothing';
const REPEATED = 'lets complete be repeated when its answer was lost: true again, and nothing changes';
const FINGERPRINT = 'keeps the fingerprint after completion, and tells it to another payload';
const ONE_DECIDES = 'lets one of two writes that come at once decide: a key is completed or given back, and given back once';
const NOTHING_LEFT =
  'keeps nothing of a result whose time is over: whoever takes the key next holds it, and keeps a result of its own';
const TEN_YEARS = 'holds a lease of ten years, which a callback URL or a long schedule may ask for';
const OWN_BYTES = 'keeps results as its own: bytes that a caller changes later change nothing';

/** Each broken store, by its fault. */
export const BROKEN_STORES: Readonly<Record<string, BrokenStore>> = {
  'no fencing': {
    failsIn: [LATE_OWNER, LATE_AFTER_COMPLETION, FORMER_OWNER, OTHER_TOKENS, REVIVED],
    says: 'renew by a late owner: it must answer false, got true',
    create: but(withoutFencing),
  },
  'release by anybody': {
    failsIn: [LATE_OWNER, FORMER_OWNER, OTHER_TOKENS],
    says: 'release by a late owner: it must answer false, got true',
    create: but(releaseByAnybody),
  },
  'a check at the client, and then a write': {
    failsIn: ['has one winner among many claims at once, in two instances', 'lets exactly one of many take over an ended lease'],
    says: 'of 50 claims at once exactly one must win, got 50',
    create: onMap(
      (rows, clock) =>
        new MapStore(
          rows,
          () => clock.now(),
          () => Promise.resolve(),
        ),
    ),
  },
  'tokens that come again': {
    failsIn: ['gives each claim a token of its own', LATE_OWNER, LATE_AFTER_COMPLETION, FORMER_OWNER, OTHER_TOKENS, REVIVED],
    says: '10 claims must have 10 tokens, got 1',
    create: but(oneToken),
  },
  'a hash that is lost at completion': {
    failsIn: [FINGERPRINT],
    says: 'got ""',
    create: changedClaims((claim) => (claim.state === 'completed' ? { ...claim, fingerprint: '' } : claim)),
  },
  'a hash that is the asker’s own': {
    failsIn: [
      'does not let another payload disturb the claim in flight: it learns whose fingerprint is kept',
      'frees a key that is given back, for any payload',
      LATE_OWNER,
      NOTHING_LEFT,
      FINGERPRINT,
    ],
    says: 'the fingerprint must be "first", got "second"',
    create: changedClaims((claim, { fingerprint }) => (claim.state === 'claimed' ? claim : { ...claim, fingerprint })),
  },
  'times cut off to whole seconds, so that they end early': {
    failsIn: [LEASE_END, RESULT_END],
    says: 'before the lease ends: the key must be in flight, but the claim came to claimed',
    create: withDurations((ms) => (ms > 0 ? Math.max(1, Math.floor(ms / 1_000) * 1_000) : ms)),
  },
  'times that end a ms early': {
    failsIn: [LEASE_END, RESULT_END],
    says: 'before the lease ends: the key must be in flight, but the claim came to claimed',
    create: withDurations((ms) => (ms > 1 ? ms - 1 : ms)),
  },
  'results that are kept a ms too long': {
    failsIn: [RESULT_END, NOTHING_LEFT, ONE_CLOCK, REPEATED],
    says: 'complete again, after the time of the result: it must answer false, got true',
    create: but((sound) => ({
      complete: (key, token, result, ttlMs) => sound.complete(key, token, result, ttlMs > 0 ? ttlMs + 1 : ttlMs),
    })),
  },
  'the wall clock of the client': {
    failsIn: [ONE_CLOCK],
    says: 'asked by a client an hour ahead: the key must be in flight, but the claim came to claimed',
    create: onMap((rows, clock) => new MapStore(rows, () => clock.now() + wallClockOffMs())),
  },
  'a check of the token, and then a write': {
    failsIn: [ONE_DECIDES],
    says: 'complete and release at once: one of them must win, but they answered true, true',
    create: but(checksThenWrites),
  },
  'results that outlive their record': {
    failsIn: [NOTHING_LEFT],
    says: 'while the next owner works: the key must be in flight, but the claim came to completed',
    create: but(keepsOldResults),
  },
  'leases of an hour at most': {
    failsIn: [TEN_YEARS],
    says: 'claimed for ten years: retryAfterMs must be at least',
    create: but((sound) => ({
      claim: (key, request) => sound.claim(key, { ...request, leaseMs: anHour(request.leaseMs) }),
      renew: (key, token, leaseMs) => sound.renew(key, token, anHour(leaseMs)),
    })),
  },
  'leases that wrap at 32 bits': {
    failsIn: [TEN_YEARS],
    says: 'claimed for ten years: the key must be in flight, but the claim came to claimed',
    create: but((sound) => ({
      claim: (key, request) => sound.claim(key, { ...request, leaseMs: wrapped(request.leaseMs) }),
    })),
  },
  'a refusal of the repeated completion': {
    failsIn: [REPEATED],
    says: 'complete, repeated: it must answer true, got false',
    create: but(completesOnce),
  },
  'results kept by reference': {
    failsIn: [OWN_BYTES],
    says: 'after the bytes that were handed in were changed: the result must be kept byte for byte, but byte 0 is 0',
    create: but(keepsReferences),
  },
  'results kept as text': {
    failsIn: [
      'replays byte for byte: all 256 bytes',
      'replays byte for byte: bytes that are no UTF-8',
      'replays byte for byte: a part of a larger buffer',
      'replays byte for byte: 1048576 bytes',
      OWN_BYTES,
      FINGERPRINT,
    ],
    says: 'all 256 bytes: the result must have 256 bytes, got 512',
    create: but((sound) => ({
      complete: (key, token, result, ttlMs) => sound.complete(key, token, asBytes(asText(result)), ttlMs),
    })),
  },
  'an empty result taken for none': {
    failsIn: ['replays byte for byte: no byte at all'],
    says: 'no byte at all: the key must be completed, but the claim came to in-flight',
    create: changedClaims((claim) => {
      if (claim.state !== 'completed' || claim.result.length > 0) return claim;
      return { state: 'in-flight', fingerprint: claim.fingerprint, retryAfterMs: 1 };
    }),
  },
  'keys cut off after 255': {
    failsIn: ['keeps apart keys of 300 characters that differ in the last one'],
    says: 'the key of 300 characters that ends in "xxxxxxxx2", which is free: the claim must win, but came to in-flight',
    create: onKeys((key) => key.slice(0, 255)),
  },
  'keys in any case': {
    failsIn: [KEYS_ALIKE],
    says: '-A", which is free: the claim must win',
    create: onKeys((key) => key.toLowerCase()),
  },
  'trimmed keys': { failsIn: [KEYS_ALIKE], says: ' ", which is free: the claim must win', create: onKeys((key) => key.trim()) },
  'keys by canonical equivalence': {
    failsIn: [KEYS_ALIKE],
    says: '-a\u0308", which is free: the claim must win',
    create: onKeys((key) => key.normalize()),
  },
  'keys in UTF-8, whatever that can’t hold': {
    failsIn: ['refuses a key that it can’t keep (NUL, half a surrogate pair) by throwing, or keeps it apart from all others'],
    says: '\\ud800": the claim must win, but came to in-flight',
    create: onKeys((key) => asText(asBytes(key))),
  },
  'an answer though it can’t reach its data': {
    failsIn: ['throws from every method when it can’t reach its data: it claims nothing, and calls nothing lost'],
    says: 'claim without its data: it must throw, but answered claimed',
    create: but(() => ({})),
    createUnreachable: () => careless,
  },
};
