import { once } from 'node:events';
import { createServer } from 'node:net';
import { constants } from 'node:os';

/** The part of Node's TCP handle that asks the kernel for a connection. */
interface TcpPrototype {
  connect(request: unknown, address: string, port: number): number;
  connect6(request: unknown, address: string, port: number): number;
}

/** libuv's name for a connection that was refused. */
const ECONNREFUSED = -constants.errno.ECONNREFUSED;

/**
 * Takes the place of the kernel at the last step of every connect of this process: what a guard lets through is noted, and refused
 * as by a host where nobody listens. No packet leaves, whatever a guard does.
 *
 * @returns what was connected to since the last call
 */
export async function interceptConnects(): Promise<() => string[]> {
  const prototype = await tcpPrototype();
  let connected: string[] = [];
  const refuse = (_request: unknown, address: string): number => {
    connected.push(address);
    return ECONNREFUSED;
  };
  prototype.connect = refuse;
  prototype.connect6 = refuse;
  return () => {
    const taken = connected;
    connected = [];
    return taken;
  };
}

/** Any TCP handle leads to the prototype of all. */
async function tcpPrototype(): Promise<TcpPrototype> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { _handle: handle } = server as unknown as { readonly _handle: object };
  const prototype = Object.getPrototypeOf(handle) as TcpPrototype;
  server.close();
  return prototype;
}
