import { createRingback } from 'ringback';
import { http } from 'ringback/http';

// Made once for each instance of the function, and kept between its invocations.
const ringback = createRingback({ transports: [http({ allowPrivate: true })] });

export async function handler(event) {
  const receipt = await ringback.deliver({ to: event.to, type: 'invoice.paid', data: event.invoice });
  await ringback.enqueue({ to: event.to, type: 'invoice.sent', data: event.invoice });
  // The function is frozen as soon as it returns: what is still on its way must arrive first.
  await ringback.drain();
  return { attempts: receipt.attempts.length };
}
