/** What a claim came to. */
export type Claim =
  /** The caller holds the key until the lease ends. `token` fences what it writes. */
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
 * over, can neither overwrite nor delete its successor's record, and is told so by `false`. A store that throws makes the
 * operation fail closed.
 */
export interface IdempotencyStore {
  /** One winner among any number of claims of a key at once. An ended lease is taken over by exactly one. */
  claim(key: string, request: ClaimRequest): Claim | Promise<Claim>;
  /** Starts the lease anew. False when the token no longer holds the key. */
  renew(key: string, token: string, leaseMs: number): boolean | Promise<boolean>;
  /** Keeps the result for `ttlMs`. False when the token no longer holds the key. */
  complete(key: string, token: string, result: Uint8Array, ttlMs: number): boolean | Promise<boolean>;
  /** Gives the key back, so that the next claim wins. False when the token no longer holds the key. */
  release(key: string, token: string): boolean | Promise<boolean>;
}
