import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** A server that runs in a process of its own, and what it is. */
export interface Server {
  readonly origin: string;
  readonly remark: string;
  stop(): void;
}

const STARTS_WITHIN_MS = 5_000;
const TEMPORARY = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

/** One worker, nothing logged: it reads the request, and refuses one to /signed that carries no signature. */
const configuration = (folder: string, port: number): string => `
daemon off; master_process off; pid ${folder}/pid; error_log stderr emerg;
events { worker_connections 1024; }
http {
  ${TEMPORARY.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(' ')}
  access_log off; keepalive_requests 1000000000;
  server {
    listen 127.0.0.1:${port};
    location / { return 204; }
    location = /signed { if ($http_webhook_signature !~ "^v1,") { return 400; } return 204; }
  }
}`;

/** nginx on a free port of the loopback; undefined where there is none on the PATH. */
export async function startNginx(): Promise<Server | undefined> {
  const { error, stderr } = spawnSync('nginx', ['-v'], { encoding: 'utf8' });
  if (error !== undefined) return undefined;
  const folder = mkdtempSync(`${tmpdir()}/ringback-bench-nginx-`);
  const port = await freePort();
  writeFileSync(`${folder}/nginx.conf`, configuration(folder, port));
  const nginx = spawn('nginx', ['-e', 'stderr', '-p', folder, '-c', `${folder}/nginx.conf`], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const stop = (): void => {
    nginx.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  // It would outlive a benchmark that fails.
  process.once('exit', stop);
  const origin = `http://127.0.0.1:${port}`;
  await answering(nginx, origin);
  return { origin, remark: `The server is nginx ${/[\d.]+/.exec(stderr)?.[0]} with one worker.`, stop };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function answering(nginx: ChildProcess, origin: string): Promise<void> {
  const untilMs = Date.now() + STARTS_WITHIN_MS;
  for (;;) {
    try {
      await fetch(origin);
      return;
    } catch (cause) {
      if (nginx.exitCode !== null || Date.now() > untilMs) throw new Error('nginx did not start', { cause });
      await sleep(20);
    }
  }
}
