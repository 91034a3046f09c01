import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

// The bundle runs alone, as it will on Lambda: no node_modules is near it.
const [bundle] = process.argv.slice(2);
const task = await mkdtemp(join(tmpdir(), 'ringback-lambda-task-'));
await copyFile(`bundle/${bundle}`, join(task, bundle));
const { handler } = await import(pathToFileURL(join(task, bundle)).href);

let requests = 0;
const receiver = createServer((_request, response) => {
  requests++;
  response.writeHead(204).end();
});
await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve));

const { attempts } = await handler({ to: `http://127.0.0.1:${receiver.address().port}/`, invoice: { id: 'in_42' } });
console.log(`delivered after ${attempts} attempt, ${requests} requests when the handler returned`);
receiver.close();
receiver.closeAllConnections();
await rm(task, { recursive: true });
// A kept-alive connection and an idle instance do not hold the process.
