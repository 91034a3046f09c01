import {
  github,
  type HmacOptions,
  hmac,
  type ReceivedMessage,
  type Signable,
  type SignatureScheme,
  stripe,
} from '../../src/signing/index.js';
import { codeOf, type RefusalCode } from './refusal-code.js';

export const SECRET = 'a-shared-secret-of-32-characters';
export const OTHER_SECRET = 'another-secret-of-32-characters!';
export const ID = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
export const SIGNED_AT_MS = 1_614_265_330_000;
export const URL_SIGNED = 'https://customer.example/hooks?tenant=1';
export const TEXT = '{"id":"evt_1","object":"event"}';
export const BODY: Uint8Array = Buffer.from(TEXT);

const signable: Signable = {
  id: ID,
  timestampMs: SIGNED_AT_MS,
  to: URL_SIGNED,
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: BODY,
};

/** With fixed secrets both are synchronous, which the contract leaves open. */
export const signed = (scheme: SignatureScheme, changes: Partial<Signable> = {}): Record<string, string> =>
  scheme.sign({ ...signable, ...changes }) as Record<string, string>;

/** A genuine message of a scheme, as it comes in, and what is changed about it. */
export const received = (scheme: SignatureScheme, changes: Partial<ReceivedMessage> = {}): ReceivedMessage => ({
  headers: { ...signable.headers, ...signed(scheme) },
  body: BODY,
  nowMs: SIGNED_AT_MS,
  method: 'POST',
  url: '/hooks?tenant=1',
  ...changes,
});

export const withHeader = (
  scheme: SignatureScheme,
  name: string,
  value: string | readonly string[] | undefined,
): ReceivedMessage => {
  const message = received(scheme);
  return { ...message, headers: { ...(message.headers as Record<string, string>), [name]: value } };
};

export const refusal = (message: ReceivedMessage, scheme: SignatureScheme): RefusalCode => codeOf(() => scheme.verify(message));

/** Covers all that can be covered, each field in a header of its own. */
export const everything: HmacOptions = {
  secrets: [SECRET],
  header: 'x-partner-signature',
  timestampHeader: 'x-partner-timestamp',
  idHeader: 'x-partner-id',
  signed: ({ id, timestamp, method, path, header, body }) => [
    `${method} ${path}\n${header('content-type')}\n${id}\n${timestamp}\n`,
    body,
  ],
};

/** A scheme, and where it carries what. */
export interface Dialect {
  readonly title: string;
  readonly scheme: SignatureScheme;
  readonly signatureHeader: string;
  /** Makes the value of the signature's header out of an encoded signature. */
  readonly value: (signature: string) => string;
  readonly encoding: 'hex' | 'base64' | 'base64url';
  readonly timestampHeader?: string;
  readonly idHeader?: string;
}

export const DIALECTS: readonly Dialect[] = [
  {
    title: 'stripe',
    scheme: stripe({ secrets: [SECRET] }),
    signatureHeader: 'stripe-signature',
    value: (signature) => `t=${SIGNED_AT_MS / 1000},v1=${signature}`,
    encoding: 'hex',
  },
  {
    title: 'github',
    scheme: github({ secrets: [SECRET] }),
    signatureHeader: 'x-hub-signature-256',
    value: (signature) => `sha256=${signature}`,
    encoding: 'hex',
  },
  {
    title: 'hmac over all that can be covered',
    scheme: hmac(everything),
    signatureHeader: 'x-partner-signature',
    value: (signature) => signature,
    encoding: 'hex',
    timestampHeader: 'x-partner-timestamp',
    idHeader: 'x-partner-id',
  },
  {
    title: 'hmac in base64, with room for several',
    scheme: hmac({
      secrets: [SECRET],
      algorithm: 'sha512',
      encoding: 'base64',
      header: 'x-partner-signature',
      format: 'v1,{signature}',
      separator: ' ',
    }),
    signatureHeader: 'x-partner-signature',
    value: (signature) => `v1,${signature}`,
    encoding: 'base64',
  },
];

/** The encoded signature in the header of a genuine message. */
export function signatureOf({ scheme, signatureHeader, value }: Dialect): string {
  const [before = '', after = ''] = value('|').split('|');
  const text = signed(scheme)[signatureHeader] as string;
  return text.slice(before.length, text.length - after.length);
}
