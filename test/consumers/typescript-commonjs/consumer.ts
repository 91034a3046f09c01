import { createRingback, type Receipt } from 'ringback';
import { http } from 'ringback/http';
import { standardWebhooks } from 'ringback/signing';
import { fakeClock } from 'ringback/testing';

const ringback = createRingback({
  transports: [http()],
  signature: standardWebhooks({ secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'] }),
  clock: fakeClock(),
});

export const paid = (): Promise<Receipt> => ringback.deliver({ to: 'https://customer.example', data: { id: 'in_42' } });
