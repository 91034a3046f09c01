import { type ReceivedMessage, type Signable, type SignatureScheme, standardWebhooks } from '../../src/signing/index.js';
import { codeOf, type RefusalCode } from './refusal-code.js';

/** The vectors of the specification: one message under a shared secret and under a key pair. */
export const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
export const PRIVATE_KEY = 'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==';
export const PUBLIC_KEY = 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=';
export const ID = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
export const SIGNED_AT_MS = 1_614_265_330_000;
export const TEXT = '{"test": 2432232314}';
export const BODY: Uint8Array = Buffer.from(TEXT);
export const VECTOR = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';
export const ED25519_VECTOR = 'v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==';

export const hmacSecret = (byte: number): string => `whsec_${Buffer.alloc(32, byte).toString('base64')}`;
export const seedSecret = (byte: number): string => `whsk_${Buffer.alloc(32, byte).toString('base64')}`;

export const by = (...secrets: string[]): SignatureScheme => standardWebhooks({ secrets });

const signable = { id: ID, timestampMs: SIGNED_AT_MS, to: 'https://customer.example/', method: 'POST', headers: {}, body: BODY };

/** With fixed secrets both are synchronous, which the contract leaves open. */
export const signed = (scheme: SignatureScheme, changes: Partial<Signable> = {}): Record<string, string> =>
  scheme.sign({ ...signable, ...changes }) as Record<string, string>;

export const received = (changes: Partial<ReceivedMessage> = {}): ReceivedMessage => ({
  headers: { 'webhook-id': ID, 'webhook-timestamp': '1614265330', 'webhook-signature': VECTOR },
  body: BODY,
  nowMs: SIGNED_AT_MS,
  ...changes,
});

export const withHeader = (name: string, value: string | readonly string[] | undefined): ReceivedMessage =>
  received({ headers: { ...(received().headers as Record<string, string>), [name]: value } });

export const withSignature = (signature: string): ReceivedMessage => withHeader('webhook-signature', signature);

export const refusal = (message: ReceivedMessage, scheme: SignatureScheme): RefusalCode => codeOf(() => scheme.verify(message));
