import {
  type Callback,
  type Clock,
  createRingback,
  DeliveryError,
  decorrelatedJitter,
  failureRate,
  fetchOutcome,
  isRingbackError,
  type Outcome,
  type Policy,
  type Receipt,
  type RingbackErrorCode,
  resiliencePipeline,
  retryBudget,
  type Transport,
} from 'ringback';
import { type HttpOptions, http } from 'ringback/http';
import { standardWebhooks } from 'ringback/signing';
import { type FakeClock, fakeClock, scriptedTransport } from 'ringback/testing';

interface Invoice {
  readonly id: string;
}

const options: HttpOptions = { maxResponseBytes: 1_024 };
const ringback = createRingback<{ 'invoice.paid': Invoice }>({
  transports: [http(options)],
  signature: standardWebhooks({ secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'] }),
});

export async function paid(id: string): Promise<Receipt | RingbackErrorCode> {
  try {
    return await ringback.deliver({ to: 'https://customer.example/hooks', type: 'invoice.paid', data: { id } });
  } catch (error) {
    if (error instanceof DeliveryError) return error.code;
    if (isRingbackError(error)) return error.code;
    throw error;
  }
}

// The type map ties `data` to `type`.
export const wrong = (): Promise<Receipt> =>
  // @ts-expect-error an invoice has an id
  ringback.deliver({ to: 'https://customer.example', type: 'invoice.paid', data: { name: 1 } });

const partner = resiliencePipeline({
  deadlineMs: 30_000,
  retry: { maxAttempts: 4, backoff: decorrelatedJitter({ baseMs: 200, capMs: 10_000 }) },
  budget: retryBudget({ ratio: 0.2 }),
  circuitBreaker: { rule: failureRate({ threshold: 0.5, minimumCalls: 20, windowMs: 30_000 }) },
  classify: fetchOutcome,
});

export const quote: Promise<Response> = partner.execute(({ signal }) => fetch('https://partner.example/quote', { signal }));

const double = async (value: number): Promise<number> => 2 * value;
export const wrapped: Promise<number> = partner.wrap(double)(21);

export const clock: FakeClock = fakeClock();
export const sameClock: Clock = clock;
export const scripted: Transport = scriptedTransport([]);
export const callback: Callback = { to: new URL('https://customer.example'), body: new Uint8Array([1]) };
export const kind = (outcome: Outcome): string => outcome.kind;

export const open: Policy = {
  name: 'open',
  acquire: () => undefined,
  record: () => {},
  release: () => {},
  snapshot: () => ({}),
  restore: () => {},
};
