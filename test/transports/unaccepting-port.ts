import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

/** A port whose connections are never accepted: a connect to it hangs until who connects gives up. */
export interface UnacceptingPort {
  readonly port: number;
  close(): Promise<void>;
}

/** It listens in a thread that stands still: libuv would accept at once in one that runs. */
const LISTENER = `
const { createServer } = require('node:net');
const { parentPort, workerData } = require('node:worker_threads');
const server = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  parentPort.postMessage(server.address().port);
  setImmediate(() => {
    Atomics.wait(workerData, 0, 0);
    process.exit();
  });
});
`;

/** Linux keeps one more than the backlog for who accepts, and leaves the next ones without an answer. */
const KEPT = 2;

export async function unacceptingPort(): Promise<UnacceptingPort> {
  const flag = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(LISTENER, { eval: true, workerData: flag });
  const [port] = (await once(worker, 'message')) as [number];
  const kept: Socket[] = [];
  for (let i = 0; i < KEPT; i++) {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    kept.push(socket);
    await once(socket, 'connect');
  }
  return {
    port,
    close: async () => {
      for (const socket of kept) socket.destroy();
      const ended = once(worker, 'exit');
      Atomics.store(flag, 0, 1);
      Atomics.notify(flag, 0);
      await ended;
    },
  };
}
