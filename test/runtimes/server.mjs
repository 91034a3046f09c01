import { once } from 'node:events';
import { createServer } from 'node:http';
import { gzipSync } from 'node:zlib';
import { SMTPServer } from 'smtp-server';

/** More than any cap, in a few kilobytes. */
const BOMB = gzipSync(new Uint8Array(5_000_000));
/** What is asked about the end of a connection is answered by then, one way or the other. */
const CLOSED_MS = 5_000;

/** The body, or what came of it before the client gave up. */
async function bodyOf(request) {
  const chunks = [];
  try {
    for await (const chunk of request) chunks.push(chunk);
  } catch {}
  return Buffer.concat(chunks);
}

async function unusedPort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

/** The servers on the loopback that the suite sends to, from every runtime: for HTTP, and for mails. */
export async function startServer() {
  const flaky = new Set();
  const closed = new Map();
  /** Remembers, by the id in the path, the end of a connection. */
  const watch = (id, { socket }) => closed.set(id, new Promise((resolve) => socket.once('close', resolve)));

  const answers = {
    echo: (request, response, _, body) => {
      const { method, url, headers } = request;
      response.end(JSON.stringify({ method, path: url, headers, bytes: [...body] }));
    },
    status: (_request, response, status) => response.writeHead(Number(status), { 'retry-after': '2' }).end(),
    cookies: (_request, response) => response.writeHead(200, { 'X-Answer': 'yes', 'set-cookie': ['a=1', 'b=2'] }).end(),
    flaky: (_request, response, id) => {
      response.writeHead(flaky.has(id) ? 204 : 500).end();
      flaky.add(id);
    },
    redirect: (_request, response) => response.writeHead(307, { location: '/echo?canary' }).end(),
    endless: (request, response, id) => {
      watch(id, request);
      const more = () => {
        while (!response.destroyed && response.write(new Uint8Array(10_000)));
      };
      response.writeHead(200).on('drain', more);
      more();
    },
    bomb: (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(BOMB),
    silent: (request, _response, id) => watch(id, request),
    stalled: (request, response, id) => {
      watch(id, request);
      response.writeHead(200, { 'content-length': 100 }).write('the beginning');
    },
    broken: (_request, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('the beginning', () => response.destroy());
    },
    'mail-port': (_request, response) => response.end(String(mails.server.address().port)),
    'unused-port': async (_request, response) => response.end(String(await unusedPort())),
    closed: async (_request, response, id) => {
      const late = new Promise((resolve) => setTimeout(resolve, CLOSED_MS, 'late').unref());
      const end = await Promise.race([closed.get(id) ?? 'unknown', late]);
      response.writeHead(end === 'late' || end === 'unknown' ? 504 : 204).end();
    },
  };

  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    const [, name, id] = new URL(request.url, 'http://server').pathname.split('/');
    const answer = answers[name];
    if (answer === undefined) response.writeHead(404).end();
    else await answer(request, response, id, body);
  });
  server.listen(0, '127.0.0.1');
  const mails = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    onData: (mail, _session, done) => mail.resume().on('end', done),
  });
  mails.listen(0, '127.0.0.1');
  await Promise.all([once(server, 'listening'), once(mails.server, 'listening')]);
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
      mails.close();
    },
  };
}
