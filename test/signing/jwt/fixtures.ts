import { createHash, createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { type JwtAlgorithm, type JwtKey, jwt, type ReceivedMessage, type SignatureScheme } from '../../../src/signing/index.js';
import { codeOfAsync, type RefusalCode } from '../refusal-code.js';

export const ISSUER = 'https://billing.example';
export const AUDIENCE = 'https://customer.example';
export const URL_SIGNED = 'https://customer.example/hooks?tenant=7';
export const ID = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
export const SIGNED_AT_MS = 1_614_265_330_000;
export const BODY: Uint8Array = Buffer.from('{"test": 2432232314}');
export const SECRET = 'a shared secret of 32 bytes, or more';

export interface Pair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export type PairAlgorithm = Exclude<JwtAlgorithm, 'HS256'>;

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });

export const PAIRS: Readonly<Record<PairAlgorithm, Pair>> = {
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  Ed25519: generateKeyPairSync('ed25519'),
  RS256: rsa,
  PS256: rsa,
};

export const PAIR_ALGORITHMS = Object.keys(PAIRS) as readonly PairAlgorithm[];
export const ALGORITHMS: readonly JwtAlgorithm[] = ['HS256', ...PAIR_ALGORITHMS];

/** What signs and what verifies, for each algorithm. */
export const signingKey = (alg: JwtAlgorithm): JwtKey =>
  alg === 'HS256' ? { alg, key: SECRET } : { alg, key: PAIRS[alg].privateKey };
export const verifyingKey = (alg: JwtAlgorithm): JwtKey =>
  alg === 'HS256' ? { alg, key: SECRET } : { alg, key: PAIRS[alg].publicKey };

export const scheme: SignatureScheme = jwt({ issuer: ISSUER, secrets: [signingKey('HS256')] });

export const signable = {
  id: ID,
  timestampMs: SIGNED_AT_MS,
  to: URL_SIGNED,
  method: 'POST',
  headers: {},
  body: BODY,
};

/** Signing with keys at hand is synchronous, which the contract leaves open. */
export const signed = (by: SignatureScheme, changes: Partial<typeof signable> = {}): Record<string, string> =>
  by.sign({ ...signable, ...changes }) as Record<string, string>;

export const tokenOf = (headers: Record<string, string>): string => (headers.authorization as string).slice('Bearer '.length);

export const received = (token: string, changes: Partial<ReceivedMessage> = {}): ReceivedMessage => ({
  headers: { authorization: `Bearer ${token}` },
  body: BODY,
  nowMs: SIGNED_AT_MS,
  method: 'POST',
  url: URL_SIGNED,
  ...changes,
});

/** A message as `scheme` signs it. */
export const genuine = (changes: Partial<ReceivedMessage> = {}): ReceivedMessage => received(tokenOf(signed(scheme)), changes);

/** What `verify` says to a message. Whatever it throws that is no RingbackError fails the test. */
export const refusal = (message: ReceivedMessage, by: SignatureScheme = scheme): Promise<RefusalCode> =>
  codeOfAsync(() => by.verify(message));

export const decoded = (part: string | undefined): Record<string, unknown> =>
  JSON.parse(Buffer.from(part as string, 'base64url').toString()) as Record<string, unknown>;

export const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

export const HEADER = { alg: 'HS256', typ: 'callback+jwt' };
export const CLAIMS = {
  iss: ISSUER,
  aud: AUDIENCE,
  iat: SIGNED_AT_MS / 1000,
  exp: SIGNED_AT_MS / 1000 + 60,
  jti: ID,
  htm: 'POST',
  uri: URL_SIGNED,
  bh: createHash('sha256').update(BODY).digest('base64url'),
};

/** A token that holds whatever it is told, with a genuine signature. */
export function forged(claims: object = {}, header: object = {}, secret: string | Buffer = SECRET): string {
  const input = `${encoded({ ...HEADER, ...header })}.${encoded({ ...CLAIMS, ...claims })}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

/** A token whose parts are these bytes, with a genuine signature. */
export function forgedOf(header: string | Buffer, claims: string | Buffer): string {
  const input = `${Buffer.from(header as Buffer).toString('base64url')}.${Buffer.from(claims as Buffer).toString('base64url')}`;
  return `${input}.${createHmac('sha256', SECRET).update(input).digest('base64url')}`;
}
