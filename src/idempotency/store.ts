/** What a claim came to. */
export type Claim =
  /** The caller holds the key until the lease ends. `token` fences what it writes; no two claims have the same. */
  | { readonly state: 'claimed'; readonly token: string }
  /** Another holds it. `retryAfterMs` is what is left of its lease. */
  | { readonly state: 'in-flight'; readonly fingerprint: string; readonly retryAfterMs: number }
  /** It is done; `result` is byte for byte what was completed. */
  | { readonly state: 'completed'; readonly fingerprint: string; readonly result: Uint8Array };

/** What a claim asks for. */
export interface ClaimRequest {
  /** What the payload hashes to: the caller compares it, the store keeps it, also after completion. */
  readonly fingerprint: string;
  /** How long the claim holds if it is neither renewed, completed nor released. */
  readonly leaseMs: number;
}

/**
 * Where idempotency keys are kept. Every write is fenced by the claim's token: a late owner, whose lease ended and was taken
 * over, can neither overwrite nor delete its successor's record, and is told so by `false`. A lease or a result whose time is
 * over counts for nothing, from that millisecond on, whether or not its record is still there.
 *
 * A store that can't tell what is true throws, and never answers `claimed` or `false` instead: ringback then sends nothing. A
 * duration that is not a finite number above 0 is refused in the same way; fractions of a ms are allowed.
 *
 * Keys are opaque. A store takes any well-formed string of 1 to 300 characters, and tells apart any two that differ. What it
 * can't keep (NUL, half of a surrogate pair) it refuses by throwing; it must not take it for another key.
 *
 * `idempotencyStoreConformance` of `ringback/testing` tests all of this.
 */
export interface IdempotencyStore {
  /**
   * One winner among any number of claims of a key at once. An ended lease is taken over by exactly one. A claim whose answer
   * was lost holds the key until its lease ends, as nobody knows its token.
   */
  claim(key: string, request: ClaimRequest): Claim | Promise<Claim>;
  /** Starts the lease anew, from now. False when the token no longer holds the key. */
  renew(key: string, token: string, leaseMs: number): boolean | Promise<boolean>;
  /**
   * Keeps the result for `ttlMs`, from now. False when the token no longer holds the key. May be repeated when its answer was
   * lost: while the result that this token completed is kept, the answer is true, and neither the result nor its time changes.
   */
  complete(key: string, token: string, result: Uint8Array, ttlMs: number): boolean | Promise<boolean>;
  /** Gives the key back, so that the next claim wins. False when the token no longer holds the key, also once it is completed. */
  release(key: string, token: string): boolean | Promise<boolean>;
}
