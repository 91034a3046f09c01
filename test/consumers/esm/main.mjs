import { createServer } from 'node:http';
import { constant, createRingback, isRingbackError, resiliencePipeline } from 'ringback';
import { http } from 'ringback/http';
import manifest from 'ringback/package.json' with { type: 'json' };
import { standardWebhooks } from 'ringback/signing';
import { fakeClock, scriptedTransport } from 'ringback/testing';

const secret = `whsec_${Buffer.from('a secret of thirty-two bytes....').toString('base64')}`;
const scheme = standardWebhooks({ secrets: [secret] });

// A receiver that is not ready at first, and checks what it gets.
let requests = 0;
const receiver = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  await scheme.verify({ headers: request.headers, body: Buffer.concat(chunks), nowMs: Date.now() });
  response.writeHead(++requests === 1 ? 503 : 200).end();
});
await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve));

const ringback = createRingback({
  transports: [http({ allowPrivate: true })],
  signature: scheme,
  pipeline: { retry: { backoff: constant({ delayMs: 5 }) } },
});
const to = `http://127.0.0.1:${receiver.address().port}/`;
const receipt = await ringback.deliver({ to, type: 'invoice.paid', data: { id: 'in_42' } });
console.log(`delivered after ${receipt.attempts.length} attempts`);
await ringback.enqueue({ to, type: 'invoice.paid', data: { id: 'in_43' } });
await ringback.drain();
const { undelivered } = await ringback.close();
console.log(`undelivered ${undelivered.length}`);
receiver.close();

// An hour of retries, on a clock that a test moves.
const clock = fakeClock();
const scripted = createRingback({ transports: [scriptedTransport(['overloaded', 'delivered'])], clock });
const late = scripted.deliver({ to: 'https://customer.example/hooks' });
await clock.advance(3_600_000);
console.log(`on the fake clock after ${(await late).attempts.length} attempts`);

try {
  resiliencePipeline({ attemptTimeoutMs: -1 });
} catch (error) {
  console.log(`refused: ${isRingbackError(error, 'invalid-option')}`);
}
console.log(`version ${manifest.version}`);
