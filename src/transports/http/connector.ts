import { buildConnector, errors } from 'undici';
import { systemClock } from '../../clock.js';
import type { Connector } from './connect.js';
import { guardedLookup, type LookupGuard } from './guarded-lookup.js';
import type { ProxySettings } from './proxy.js';
import { matchesPins, PinMismatchError, pinsFor, type TlsSettings } from './tls.js';
import { tunnelTo } from './tunnel.js';

/** What opens connections. */
export interface ConnectorSettings extends LookupGuard {
  readonly connectTimeoutMs: number;
  readonly http2: boolean;
  /** Undefined where connections are made from here. */
  readonly proxy: ProxySettings | undefined;
  /** Asked at each connect, as certificates are reloaded. */
  readonly tls: () => TlsSettings;
}

/**
 * Opens connections to the URL's origin: to addresses that the guard permits, or through the proxy, and for `https:` to a peer that can prove who
 * it is.
 */
export function connectorTo(url: URL, settings: ConnectorSettings): Connector {
  let tls = settings.tls();
  let connect = connectorWith(tls, url, settings);
  return (options, callback, enter) => {
    if (tls !== settings.tls()) {
      tls = settings.tls();
      connect = connectorWith(tls, url, settings);
    }
    return connect(options, callback, enter);
  };
}

/** Made anew when TLS changes, as undici's connector keeps sessions: one resumed would go on with the certificate of before. */
function connectorWith(tls: TlsSettings, url: URL, settings: ConnectorSettings): Connector {
  const direct = directConnector(tls, url, settings);
  const { proxy, connectTimeoutMs } = settings;
  return proxy === undefined ? within(connectTimeoutMs, direct) : tunnelTo(url, proxy, direct, connectTimeoutMs);
}

/** Not left to undici's connector, whose timers run up to a second late. */
function within(timeoutMs: number, connect: Connector): Connector {
  return (options, callback) => {
    let isSettled = false;
    const settle: typeof callback = (...result) => {
      if (isSettled) return;
      isSettled = true;
      systemClock.clearTimer(timer);
      callback(...result);
    };
    const socket = connect(options, settle);
    const timer = systemClock.setTimer(() => {
      socket.destroy();
      settle(new errors.ConnectTimeoutError(), null);
    }, timeoutMs);
    socket.once('close', () => settle(new errors.SocketError('closed'), null));
    return socket;
  };
}

function directConnector(tls: TlsSettings, url: URL, settings: ConnectorSettings): Connector {
  const { minVersion, secureContext } = tls;
  const pins = url.protocol === 'https:' ? pinsFor(tls, url.hostname) : undefined;
  const connect = buildConnector({
    minVersion,
    ...(secureContext !== undefined && { secureContext }),
    // Said although it is the default: the environment can change the default.
    rejectUnauthorized: true,
    // A session that is resumed shows no certificate to compare with the pins.
    ...(pins !== undefined && { maxCachedSessions: 0 }),
    allowH2: settings.http2,
    preferH2: settings.http2,
    // None of its own.
    timeout: 0,
    lookup: guardedLookup(settings, url),
  }) as Connector;
  if (pins === undefined) return connect;
  return (options, callback) =>
    connect(options, (...result) => {
      const [error, socket] = result;
      if (error !== null || matchesPins(pins, socket)) {
        callback(...result);
        return;
      }
      socket.destroy();
      callback(new PinMismatchError(), null);
    });
}
