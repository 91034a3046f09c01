import { createRingback, isRingbackError, seededRandom } from 'ringback';
import { fakeClock, scriptedTransport } from 'ringback/testing';

const TO = 'https://customer.example/hooks';

/** An instance on a clock that is moved by hand, and a transport that answers by script. */
function lab(script, options = {}) {
  const clock = fakeClock();
  const transport = scriptedTransport(script, { clock });
  const ringback = createRingback({ transports: [transport], clock, random: seededRandom(7), ...options });
  return { clock, transport, ringback };
}

/** Deliveries, at once and behind. */
export function deliveries({ test, assert }) {
  test('deliver sends the body as JSON bytes and gives a receipt', async () => {
    const { ringback, transport } = lab([]);
    const receipt = await ringback.deliver({ to: TO, type: 'invoice.paid', data: { id: 'in_42', note: 'Grüße ✓' } });
    assert.deepEqual([receipt.destination, receipt.attempts.length], ['https://customer.example', 1]);
    const [{ message }] = transport.sent;
    assert.equal(message.headers['content-type'], 'application/json');
    assert.equal(new TextDecoder().decode(message.body), '{"id":"in_42","note":"Grüße ✓"}');
    await ringback.close();
  });

  test('deliver tries again with waits between, and names every attempt', async () => {
    const { ringback, clock } = lab(['failed', { kind: 'overloaded', retryAfterMs: 5_000 }, 'delivered']);
    const delivering = ringback.deliver({ to: TO, data: {} });
    await clock.advance(30_000);
    const { attempts } = await delivering;
    assert.deepEqual(
      attempts.map(({ outcome }) => outcome),
      ['failed', 'overloaded', 'delivered'],
    );
    assert.ok(attempts[0].waitMs > 0 && attempts[1].waitMs >= 5_000, 'Retry-After is a floor');
    await ringback.close();
  });

  test('deliver gives up where trying again changes nothing, with an error of a code', async () => {
    const { ringback, transport } = lab(['rejected']);
    const error = await ringback.deliver({ to: TO, data: {} }).catch((thrown) => thrown);
    assert.ok(isRingbackError(error, 'delivery-failed'));
    assert.deepEqual([error.why, transport.sentCount], ['rejected', 1]);
    await ringback.close();
  });

  test('an attempt that ignores its signal is answered for', async () => {
    const { ringback, clock } = lab(() => 'hang', { pipeline: { retry: { maxAttempts: 1 } } });
    const delivering = ringback.deliver({ to: TO, data: {} }).catch((thrown) => thrown);
    await clock.advance(60_000);
    assert.equal((await delivering).attempts[0].outcome, 'timed-out');
    assert.equal(clock.timers, 0);
    await ringback.close();
  });

  test("the caller's abort ends a wait at once", async () => {
    const { ringback, clock, transport } = lab(() => 'failed');
    const controller = new AbortController();
    const delivering = ringback.deliver({ to: TO, data: {} }, { signal: controller.signal }).catch((thrown) => thrown);
    await clock.advance(1);
    controller.abort();
    assert.equal((await delivering).why, 'cancelled');
    assert.deepEqual([transport.sentCount, clock.timers], [1, 0]);
    await ringback.close();
  });

  test('enqueue delivers behind, over hours of an outage', async () => {
    const { ringback, clock } = lab(() => (clock.monotonic() < 3 * 3_600_000 ? 'failed' : 'delivered'));
    const { id } = await ringback.enqueue({ to: TO, data: {} });
    await clock.advance(3_600_000);
    assert.deepEqual(await ringback.status(id), { state: 'waiting' });
    await clock.advance(24 * 3_600_000);
    assert.deepEqual(await ringback.status(id), { state: 'delivered' });
    await ringback.drain();
    await ringback.close();
  });

  test('what is gone becomes a dead letter', async () => {
    const { ringback, clock } = lab(['gone']);
    const letters = [];
    ringback.on('dead-letter', ({ id }) => letters.push(id));
    const { id } = await ringback.enqueue({ to: TO, data: {} });
    await clock.advance(1);
    assert.deepEqual([await ringback.status(id), letters], [{ state: 'dead' }, [id]]);
    await ringback.close();
  });

  test('an idempotency key is delivered once, and another payload under it is refused', async () => {
    const { ringback, transport } = lab([]);
    const callback = { to: TO, data: { id: 'in_42' }, idempotencyKey: 'in_42-paid' };
    const [first, second] = [await ringback.deliver(callback), await ringback.deliver(callback)];
    assert.deepEqual([first.deduplicated, second.deduplicated, transport.sentCount], [false, true, 1]);
    const error = await ringback.deliver({ ...callback, data: { id: 'in_43' } }).catch((thrown) => thrown);
    assert.ok(isRingbackError(error, 'idempotency-mismatch'));
    await ringback.close();
  });

  test('a closed instance takes no more', async () => {
    const { ringback } = lab([]);
    await ringback.close();
    const error = await ringback.deliver({ to: TO, data: {} }).catch((thrown) => thrown);
    assert.ok(isRingbackError(error, 'closed'));
  });
}
