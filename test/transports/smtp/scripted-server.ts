import { type AddressInfo, createServer, type Socket } from 'node:net';

/** Where a server may do something else than take the mail. `END` is the dot that ends it. */
export type Step = 'CONNECT' | 'EHLO' | 'AUTH' | 'STARTTLS' | 'MAIL' | 'RCPT' | 'DATA' | 'END' | 'RSET' | 'QUIT';

/** A reply, or what happens instead of one. */
export type Deed = string | 'drop' | 'silence' | 'half' | { readonly afterMs: number; readonly reply: string };

/** Deeds by step; a function is asked with the line that the client sent. */
export type Script = Partial<Record<Step, Deed | ((line: string) => Deed)>>;

const USUAL: Record<Step, Deed> = {
  CONNECT: '220 mail.example ESMTP',
  EHLO: '250-mail.example\r\n250-PIPELINING\r\n250 SIZE 1000000',
  AUTH: '235 2.7.0 Accepted',
  STARTTLS: '454 4.7.0 TLS not available',
  MAIL: '250 2.1.0 Ok',
  RCPT: '250 2.1.5 Ok',
  DATA: '354 Go ahead',
  END: '250 2.0.0 Ok: queued as 1',
  RSET: '250 2.0.0 Ok',
  QUIT: '221 2.0.0 Bye',
};

/** An SMTP server that says what the script has for each command, which no real one does on demand. */
export interface ScriptedServer {
  readonly port: number;
  /** May be changed while it runs. */
  script: Script;
  /** The commands that came, of all connections. */
  readonly commands: string[];
  readonly sockets: Set<Socket>;
  /** Mails that came to their end, whatever was answered. */
  mails: number;
  close(): Promise<void>;
}

export async function scriptedServer(script: Script = {}): Promise<ScriptedServer> {
  const listener = createServer((socket) => serve(socket, server));
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const server: ScriptedServer = {
    port: (listener.address() as AddressInfo).port,
    script,
    commands: [],
    sockets: new Set(),
    mails: 0,
    close: async () => {
      if (!listener.listening) return;
      for (const socket of server.sockets) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
  return server;
}

function serve(socket: Socket, server: ScriptedServer): void {
  server.sockets.add(socket);
  socket.on('close', () => server.sockets.delete(socket)).on('error', () => {});
  let received = '';
  let inData = false;
  const does = (step: Step, line: string): boolean => {
    const scripted = server.script[step] ?? USUAL[step];
    const deed = typeof scripted === 'function' ? scripted(line) : scripted;
    if (typeof deed === 'object') setTimeout(() => socket.write(`${deed.reply}\r\n`), deed.afterMs);
    else if (deed === 'drop') socket.destroy();
    else if (deed === 'half') socket.write('250-begins');
    else if (deed !== 'silence') socket.write(`${deed}\r\n`);
    return typeof deed === 'string' && deed.startsWith('3');
  };
  const step = (line: string): void => {
    if (inData) {
      if (line !== '.') return;
      inData = false;
      server.mails++;
      does('END', line);
      return;
    }
    server.commands.push(line);
    const verb = (/^[A-Z]+/i.exec(line)?.[0] ?? '').toUpperCase();
    const known = verb === 'HELO' ? 'EHLO' : (verb as Step);
    if (!(known in USUAL)) {
      socket.write('502 5.5.1 Unknown\r\n');
      return;
    }
    inData = does(known, line) && verb === 'DATA';
    // What comes now is the client's half of a handshake that never gets an answer.
    if (verb === 'STARTTLS' && server.script.STARTTLS !== undefined) socket.removeAllListeners('data').resume();
    if (verb === 'QUIT') socket.end();
  };
  does('CONNECT', '');
  // A TLS client's first bytes hold a line break in one run of fifty, and a reply to that would be no silence.
  if (server.script.CONNECT === 'silence') socket.resume();
  else
    socket.on('data', (chunk) => {
      const lines = (received + chunk.toString()).split('\r\n');
      received = lines.pop() ?? '';
      for (const line of lines) step(line);
    });
}
