import { Buffer } from 'node:buffer';
import { RingbackError } from '../../errors.js';
import { checkNames } from '../../options.js';

/** The egress proxy that all connections go through. */
export interface HttpProxyOptions {
  /** `http://proxy.internal:3128`: no path, and no credentials. Without a port it is 80. */
  readonly url: string;
  /** What it wants to know the client by, with `password`: sent as `Basic`, and not encrypted. Default: none. */
  readonly username?: string;
  readonly password?: string;
}

/** The same, checked, as a connect takes it. */
export interface ProxySettings {
  readonly host: string;
  readonly port: number;
  /** The value of `Proxy-Authorization`; undefined for none. */
  readonly authorization: string | undefined;
}

/** No message shows a value: each may hold a password. */
export function proxySettings(options: HttpProxyOptions): ProxySettings {
  checkNames('proxy', options, ['url', 'username', 'password']);
  const { hostname, port } = checkedUrl(options.url);
  return {
    // Sockets take an IPv6 address without its brackets.
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? 80 : Number(port),
    authorization: authorizationOf(options),
  };
}

function checkedUrl(text: unknown): URL {
  const url = typeof text === 'string' ? URL.parse(text) : null;
  if (url?.protocol === 'http:' && url.href === `${url.origin}/`) return url;
  const rule = 'proxy.url must be an http: URL of host and port, with neither path nor credentials';
  throw new RingbackError('invalid-option', `${rule}, got ${typeof text}`);
}

function authorizationOf({ username, password }: HttpProxyOptions): string | undefined {
  if (username === undefined && password === undefined) return undefined;
  for (const [name, text] of Object.entries({ username, password })) {
    if (typeof text !== 'string' || hasControls(text))
      throw new RingbackError(
        'invalid-option',
        `proxy.username and proxy.password belong together, as text without control characters; ${name} is not, got ${typeof text}`,
      );
  }
  if (username?.includes(':'))
    throw new RingbackError('invalid-option', 'proxy.username must be without a colon, got one with it');
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

const hasControls = (text: string): boolean => /\p{Cc}/u.test(text);
