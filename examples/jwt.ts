/** Callbacks with tokens that receivers verify by a published key set, so that no secret is shared: `node examples/jwt.ts`. */
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRingback, isRingbackError } from 'ringback';
import { http } from 'ringback/http';
import { jwt } from 'ringback/signing';

const issuer = 'https://billing.example';
const { privateKey, publicKey } = generateKeyPairSync('ed25519');

// The sender publishes the public half of its key.
const publisher = createServer((_request, response) => {
  const key = { ...publicKey.export({ format: 'jwk' }), kid: '2026-11', alg: 'Ed25519', use: 'sig' };
  response.setHeader('content-type', 'application/jwk-set+json').end(JSON.stringify({ keys: [key] }));
});

// The receiver knows the issuer and where its keys are, and under which public URL it is reached.
const receiver = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { headers, method } = request;
  const message = { headers, method, url: `${publicUrl}${request.url}`, body: Buffer.concat(chunks), nowMs: Date.now() };
  try {
    const { id } = await receiving.verify(message);
    // The same token with another body is worth nothing.
    const forged = await Promise.resolve(receiving.verify({ ...message, body: Buffer.from('{"id":"in_43"}') })).catch(
      (error: unknown) => error,
    );
    console.log(`took ${id}; with another body: ${isRingbackError(forged) ? forged.code : 'taken'}`);
    response.writeHead(204).end();
  } catch (error) {
    // Keys that can't be had are no fault of the sender: 503 lets it try again.
    response.writeHead(isRingbackError(error, 'secrets-unavailable') ? 503 : 401).end();
  }
});

const listening = async (server: typeof receiver): Promise<string> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};
const [publicUrl, keysUrl] = [await listening(receiver), await listening(publisher)];
const receiving = jwt({ issuer, jwks: `${keysUrl}/keys` });

const ringback = createRingback({
  transports: [http({ allowPrivate: true })],
  signature: jwt({ issuer, secrets: [{ alg: 'Ed25519', key: privateKey, kid: '2026-11' }] }),
});
const receipt = await ringback.deliver({ id: 'msg_1', to: `${publicUrl}/hooks?tenant=7`, data: { id: 'in_42' } });
console.log(`the receiver answered ${receipt.response?.status}`);

await ringback.close();
receiver.close();
publisher.closeAllConnections();
publisher.close();
