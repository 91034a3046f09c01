import { Injectable } from '@nestjs/common';
import { CallbacksService } from './callbacks.service';

@Injectable()
export class InvoicesService {
  constructor(private readonly callbacks: CallbacksService) {}

  async pay(to: string): Promise<number> {
    const receipt = await this.callbacks.paid(to, 'in_42');
    return receipt.attempts.length;
  }
}
