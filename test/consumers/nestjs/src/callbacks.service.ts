import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { createRingback, type Receipt } from 'ringback';
import { http } from 'ringback/http';

@Injectable()
export class CallbacksService implements OnApplicationShutdown {
  readonly #ringback = createRingback({ transports: [http({ allowPrivate: true })] });

  paid(to: string, id: string): Promise<Receipt> {
    return this.#ringback.deliver({ to, type: 'invoice.paid', data: { id } });
  }

  async onApplicationShutdown(): Promise<void> {
    const { undelivered } = await this.#ringback.close({ timeoutMs: 5_000 });
    console.log(`undelivered ${undelivered.length}`);
  }
}
