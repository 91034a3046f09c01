/** Signing in GitHub's dialect, for a receiver that verifies with Octokit and deduplicates: `node examples/github.ts`. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { verify } from '@octokit/webhooks-methods';
import { createRingback } from 'ringback';
import { http } from 'ringback/http';
import { github } from 'ringback/signing';

const secret = randomBytes(32).toString('hex');

// Nothing but the body is signed: the receiver deduplicates by the id in the body, which a copy can't change.
const seen = new Set<string>();
const receiver = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString();
  if (!(await verify(secret, body, String(request.headers['x-hub-signature-256'])))) {
    response.writeHead(401).end();
    return;
  }
  const { eventId } = JSON.parse(body) as { readonly eventId: string };
  console.log(`${request.headers['x-github-event']} ${eventId}: ${seen.has(eventId) ? 'seen before' : 'new'}`);
  seen.add(eventId);
  response.writeHead(204).end();
});
await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
const { port } = receiver.address() as AddressInfo;

const ringback = createRingback({ transports: [http({ allowPrivate: true })], signature: github({ secrets: [secret] }) });
const push = { to: `http://127.0.0.1:${port}/hooks`, headers: { 'x-github-event': 'push' }, data: { eventId: 'push-42' } };
await ringback.deliver(push);
await ringback.deliver(push);

await ringback.close();
receiver.close();
