import { Agent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { useAgent } from 'request-filtering-agent';
import type { Message } from 'ringback';
import type { http } from 'ringback/http';
import ssrfFilter from 'ssrf-req-filter';
import type { Case } from './case.ts';

/** The addresses of the name in a case: one lookup after another, the last one for good. */
type Script = () => readonly string[];

/** A way to send to URLs that strangers chose. */
export interface Guard {
  readonly name: string;
  /** Sends once, until the guard refused, or the connect that it let through failed. Resolves with what it said. */
  send(url: string, script: Script): Promise<string>;
}

/** What came of a case's last send. */
export interface End {
  /** The addresses that would have been connected to; none where it was refused. */
  readonly connects: readonly string[];
  readonly said: string;
}

/** Sends a case as often as its name changes its addresses. */
export async function endOf(guard: Guard, { url, lookups }: Case, takeConnects: () => string[]): Promise<End> {
  let said = '';
  for (const addresses of lookups.length === 0 ? [[]] : lookups) {
    takeConnects();
    said = await guard.send(url, () => addresses);
  }
  return { connects: takeConnects(), said };
}

/** Ours, with the defaults that a user has. It is given, as the table is of the built package and the tests are of the source. */
export function ringbackGuard(transport: typeof http): Guard {
  return {
    name: 'ringback',
    async send(url, script) {
      const carrier = transport({ resolveHost: async () => script() });
      const destination = URL.parse(url);
      try {
        // What is no URL, or one of another scheme, is refused before a transport sees it.
        if (destination === null || !carrier.accepts(destination)) return 'no destination';
        const attempt = { number: 1, signal: new AbortController().signal };
        return (await carrier.send(messageTo(destination.href), attempt)).outcome.kind;
      } finally {
        await carrier.close?.();
      }
    },
  };
}

function messageTo(to: string): Message {
  const body = new TextEncoder().encode('{}');
  const fields = { id: 'msg_1', to, headers: {}, body };
  const delivery = { ...fields, destination: to, contentType: 'application/json', priority: 0, acceptedAtMs: 0 };
  return { ...fields, delivery };
}

/** The published ones, as their readmes have them used: an agent for the URL, here under Node's own client. */
export const PEERS: readonly Guard[] = [
  agentGuard('request-filtering-agent', useAgent),
  agentGuard('ssrf-req-filter', ssrfFilter),
];

/** What goes out where nobody looks. */
export const UNGUARDED: Guard = agentGuard('no guard', (url) => (isHttps(url) ? new HttpsAgent() : new Agent()));

function agentGuard(name: string, agentFor: (url: string) => Agent): Guard {
  return {
    name,
    send: (url, script) =>
      new Promise((resolve) => {
        try {
          const request = isHttps(url) ? httpsRequest : httpRequest;
          request(url, { method: 'POST', agent: agentFor(url), lookup: scriptedLookup(script) })
            .on('error', ({ message }) => resolve(message))
            .end('{}');
        } catch (error) {
          resolve(String(error));
        }
      }),
  };
}

const isHttps = (url: string): boolean => url.trimStart().toLowerCase().startsWith('https');

/** What takes the place of `dns.lookup`, which both hand on to Node. It answers later, as that does. */
function scriptedLookup(script: Script): LookupFunction {
  return (_hostname, options, callback) => {
    const addresses = script().map((address) => ({ address, family: isIP(address) }));
    const [first] = addresses;
    setImmediate(() => {
      if (first === undefined) callback(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), []);
      else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}
