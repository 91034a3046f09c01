/** Signing by RFC 9421 with a key pair, and a receiver that has only the public key: `node examples/http-message-signatures.ts`. */
import { generateKeyPairSync } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRingback, isRingbackError } from 'ringback';
import { http } from 'ringback/http';
import { httpMessageSignatures } from 'ringback/signing';

// The private key comes from your secret store. The public one may be seen by everybody: send it, or put it on your site.
const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const sender = httpMessageSignatures({ secrets: [{ keyId: 'billing-1', algorithm: 'ed25519', key: privateKey }] });
const published = publicKey.export({ format: 'jwk' });
const receiver = httpMessageSignatures({ secrets: [{ keyId: 'billing-1', algorithm: 'ed25519', key: published }] });

const received: { headers: IncomingHttpHeaders; body: Buffer }[] = [];
const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  received.push({ headers: request.headers, body: Buffer.concat(chunks) });
  response.writeHead(204).end();
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
// What senders call. Behind a proxy it is the proxy's address, and not what the server sees.
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const ringback = createRingback({ transports: [http({ allowPrivate: true })], signature: sender });
await ringback.deliver({ id: 'msg_1', to: `${origin}/hooks`, type: 'invoice.paid', data: { id: 'in_42' } });
await ringback.close();
server.close();

async function check(what: string, path: string, body: Uint8Array, headers: IncomingHttpHeaders): Promise<void> {
  try {
    const { id } = await receiver.verify({ method: 'POST', url: origin + path, headers, body, nowMs: Date.now() });
    console.log(`${what}: ${id} is genuine`);
  } catch (error) {
    if (!isRingbackError(error)) throw error;
    console.log(`${what}: ${error.code}, ${error.message}`);
  }
}

for (const { headers, body } of received) {
  console.log(String(headers['signature-input']).replace(/created=[0-9]+/, 'created=…'));
  await check('as it came', '/hooks', body, headers);
  await check('with another body', '/hooks', Buffer.from('{"id":"in_43"}'), headers);
  await check('sent to another path', '/admin', body, headers);
  await check('under another id', '/hooks', body, { ...headers, 'webhook-id': 'msg_2' });
}
