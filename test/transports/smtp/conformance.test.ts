import { describe, it } from 'vitest';
import type { Transport } from '../../../src/index.js';
import { type DestinationBehaviour, type TransportUnderTest, transportConformance } from '../../../src/testing/index.js';
import { smtp } from '../../../src/transports/smtp/index.js';
import { type UnacceptingPort, unacceptingPort } from '../unaccepting-port.js';
import { FROM } from './mail.js';
import { type Script, type ScriptedServer, scriptedServer } from './scripted-server.js';

const LATE_MS = 200;

/** What a server says to a mail for `user@<behaviour>.example`. */
const SCRIPTS: Partial<Record<DestinationBehaviour, Script>> = {
  delivers: {},
  'delivers-late': { END: { afterMs: LATE_MS, reply: '250 2.0.0 Ok' } },
  fails: { END: '432 4.3.0 Broken' },
  rejects: { RCPT: '550 5.1.1 No' },
  overloads: { MAIL: '421 4.3.2 Too much' },
  'hangs-in-tls': { CONNECT: 'silence' },
  'hangs-before-answer': { END: 'silence' },
  'hangs-in-answer': { END: 'half' },
  'answers-too-much': { END: `250 2.0.0 ${'x'.repeat(60_000)}` },
};

/** A mail server has no destinations of its own, so each behaviour is a server of its own, with a transport that mails to it. */
async function mailDestinations(): Promise<TransportUnderTest> {
  const transports = new Map<string, Transport>();
  const servers: ScriptedServer[] = [];
  let unaccepting: UnacceptingPort | undefined;
  const open = async (behaviour: DestinationBehaviour): Promise<Transport> => {
    const server = await scriptedServer(scriptOf(behaviour));
    servers.push(server);
    if (behaviour === 'unreachable') await server.close();
    if (behaviour === 'hangs-in-connect') unaccepting = await unacceptingPort();
    return smtp({
      server: { host: '127.0.0.1', port: unaccepting?.port ?? server.port, secure: behaviour === 'hangs-in-tls' },
      from: FROM,
      render: ({ body }) => ({ subject: 'conformance', text: new TextDecoder().decode(body) }),
    });
  };
  const destination = async (behaviour: DestinationBehaviour): Promise<string> => {
    const domain = `${behaviour}.example`;
    if (!transports.has(domain)) transports.set(domain, await open(behaviour));
    return `mailto:ann@${domain}`;
  };
  await destination('delivers');
  const at = (to: string): Transport | undefined => transports.get(to.slice(to.indexOf('@') + 1));
  const any = (): Transport => at('@delivers.example') as Transport;
  return {
    transport: {
      name: 'smtp',
      accepts: (to) => any().accepts(to),
      send: (message, attempt) => (at(message.to) ?? any()).send(message, attempt),
      close: async () => {
        await Promise.all([...transports.values()].map((transport) => transport.close?.()));
      },
    },
    destination,
    openConnections: () => servers.reduce((sum, { sockets }) => sum + sockets.size, 0),
    requests: () => servers.reduce((sum, { commands }) => sum + commands.filter((line) => line.startsWith('MAIL')).length, 0),
    close: async () => {
      await Promise.all(servers.map((server) => server.close()));
      await unaccepting?.close();
    },
  };
}

function scriptOf(behaviour: DestinationBehaviour): Script {
  return SCRIPTS[behaviour] ?? {};
}

describe('smtp', () => {
  transportConformance({
    describe,
    it,
    createTransport: mailDestinations,
    leftOut: {
      gone: 'no reply of SMTP says never again; 5xx is rejected',
      forbidden: 'the mail server decides where a mail may go',
    },
  });
});
