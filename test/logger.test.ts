import pino from 'pino';
import { afterEach, expect, it, vi } from 'vitest';
import { createRingback, type Logger } from '../src/index.js';
import { fakeClock, scriptedTransport } from '../src/testing/index.js';

afterEach(() => {
  vi.restoreAllMocks();
});

/** A listener that throws is what every logger is told of. */
async function ringWithABrokenListener(logger: Logger): Promise<void> {
  const ringback = createRingback({ transports: [scriptedTransport()], logger, clock: fakeClock() });
  ringback.on('delivered', () => {
    throw new Error('the listener broke');
  });
  await ringback.deliver({ to: 'https://customer.example/hooks' });
  await ringback.close();
}

it('pino fits as it is', async () => {
  const lines: Record<string, unknown>[] = [];
  const logger = pino({ level: 'error' }, { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) });
  await ringWithABrokenListener(logger);
  expect(lines).toMatchObject([{ level: 50, event: 'delivered', msg: 'a ringback listener threw' }]);
});

it('console fits as it is', async () => {
  const error = vi.spyOn(console, 'error').mockImplementation(() => {});
  await ringWithABrokenListener(console);
  expect(error).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ event: 'delivered' }), 'a ringback listener threw');
});
