import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import { serve } from '@hono/node-server';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import { type Receiver, toExpressHandler, toFastifyPlugin, toHonoHandler, toNodeHandler } from '../../src/receiver/index.js';

export interface Listening {
  readonly url: string;
  readonly port: number;
  /** The server's ends of the connections that were made. */
  readonly sockets: readonly Socket[];
  close(): Promise<void>;
}

/** Watches a server, and waits until it listens. */
export async function listening(server: Server, close?: () => Promise<unknown>): Promise<Listening> {
  const sockets: Socket[] = [];
  server.on('connection', (socket) => sockets.push(socket));
  if (!server.listening) await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hooks`,
    port,
    sockets,
    close: async () => {
      server.closeAllConnections();
      await (close?.() ?? new Promise((resolve) => server.close(resolve)));
    },
  };
}

/** The real servers, each with the receiver at `/hooks`. */
export const SERVERS: Readonly<Record<string, (receive: Receiver) => Promise<Listening>>> = {
  'node:http': (receive) => listening(createServer(toNodeHandler(receive)).listen(0, '127.0.0.1')),
  Express: (receive) => {
    const app = express();
    app.all('/hooks', toExpressHandler(receive));
    app.use(express.json());
    return listening(app.listen(0, '127.0.0.1'));
  },
  Fastify: async (receive) => {
    const app = fastify();
    await app.register(toFastifyPlugin(receive), { prefix: '/hooks' });
    await app.listen({ port: 0, host: '127.0.0.1' });
    return listening(app.server, () => app.close());
  },
  Hono: (receive) => {
    const app = new Hono().all('/hooks', toHonoHandler(receive));
    return listening(serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server);
  },
};

export interface RawConnection {
  /** All that came back so far. */
  readonly text: () => string;
  /** Resolves when the other end has closed, or broken off. */
  readonly closed: Promise<void>;
  readonly socket: Socket;
}

/** A connection on which a test writes HTTP by hand. */
export function rawConnection(port: number, head: readonly string[]): RawConnection {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  return { text: () => text, closed, socket };
}

/** Waits for what comes from outside. */
export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 2));
}
