import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A way to a server that may be closed, or lose an answer. */
export interface LossyProxy {
  readonly port: number;
  /** The next answer never arrives: what was asked is done, and the connection is cut instead of telling so. */
  loseNextAnswer(): void;
  /** From now on nothing listens at the port, and connections are cut, until `open`. */
  shut(): Promise<void>;
  open(): Promise<void>;
}

/** A proxy on the loopback in front of `url`, open. `shut` it at the end. */
export async function lossyProxy(url: string): Promise<LossyProxy> {
  const { hostname, port: targetPort } = new URL(url);
  const sockets = new Set<Socket>();
  let isLosing = false;
  const server = createServer((near) => {
    const far = connect({ host: hostname, port: Number(targetPort) });
    const cut = (): void => {
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', cut).on('close', () => {
        sockets.delete(socket);
        cut();
      });
    }
    near.pipe(far);
    far.on('data', (answer) => {
      if (isLosing) cut();
      else near.write(answer);
      isLosing = false;
    });
  });
  const listen = async (port: number): Promise<number> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const port = await listen(0);
  return {
    port,
    loseNextAnswer: () => {
      isLosing = true;
    },
    shut: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    open: async () => {
      await listen(port);
    },
  };
}
