import { createHash, X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { RingbackError } from '../../errors.js';
import { checkNames, invalidOption } from '../../options.js';

/** TLS beyond the defaults: certificates and keys as PEM text. */
export interface HttpTlsOptions {
  /** Certificate authorities to trust instead of those that Node brings. */
  readonly ca?: string | readonly string[];
  /** The client's certificate chain, for receivers that ask for one (mTLS). With `key`. */
  readonly cert?: string;
  /** The private key that belongs to `cert`. */
  readonly key?: string;
  /** The oldest version that is spoken: `TLSv1.2`, the default, or `TLSv1.3`. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
  /**
   * The keys that a host may show, by host name: `sha256/` and the SHA-256 of its certificate's public key (SPKI) in base64. Checked beside the
   * authorities, before anything is sent. Name the next key too, or a new certificate locks the host out. Default: none.
   */
  readonly pins?: Readonly<Record<string, readonly string[]>>;
}

/** The same, checked, as a connect takes it. */
export interface TlsSettings {
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** Undefined where Node's own defaults do. */
  readonly secureContext: SecureContext | undefined;
  readonly pins: ReadonlyMap<string, ReadonlySet<string>>;
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
/** 32 bytes in base64. */
const PIN = /^sha256\/[A-Za-z0-9+/]{43}=$/;
const MAX_PINS = 100;

/** Checks the options, and reads the PEM in them. Its messages show no value: one of them is a private key. */
export function tlsSettings(options: HttpTlsOptions = {}): TlsSettings {
  if (typeof options !== 'object' || options === null)
    throw new RingbackError('invalid-option', `tls must be an object, got ${typeof options}`);
  checkNames('tls', options, ['ca', 'cert', 'key', 'minVersion', 'pins']);
  const { minVersion = 'TLSv1.2', pins = {} } = options;
  if (minVersion !== 'TLSv1.2' && minVersion !== 'TLSv1.3')
    throw invalidOption('tls.minVersion', 'TLSv1.2 or TLSv1.3', minVersion);
  return { minVersion, secureContext: secureContextOf(options, minVersion), pins: pinsOf(pins) };
}

function secureContextOf({ ca, cert, key }: HttpTlsOptions, minVersion: TlsSettings['minVersion']): SecureContext | undefined {
  for (const [name, text] of Object.entries({ cert, key })) {
    if (text !== undefined && typeof text !== 'string') throw noPem(name, typeof text);
  }
  if ((cert === undefined) !== (key === undefined))
    throw new RingbackError('invalid-option', 'tls.cert and tls.key belong together: got only one of them');
  const authorities = ca === undefined ? undefined : authoritiesOf(ca);
  if (authorities === undefined && cert === undefined) return undefined;
  try {
    return createSecureContext({ ca: authorities, cert, key, minVersion });
  } catch (cause) {
    throw new RingbackError('invalid-option', 'tls.cert must be a PEM certificate, and tls.key its PEM private key', { cause });
  }
}

/** Node takes text without a certificate in it for no authorities at all, in silence. */
function authoritiesOf(ca: unknown): string[] {
  const texts: readonly unknown[] = Array.isArray(ca) ? ca : [ca];
  return texts.flatMap((text) => {
    if (typeof text !== 'string') throw noPem('ca', typeof text);
    const certificates = text.match(PEM_CERTIFICATE) ?? [];
    if (certificates.length === 0) throw noPem('ca', 'text without a certificate');
    try {
      for (const certificate of certificates) new X509Certificate(certificate);
    } catch (cause) {
      throw new RingbackError('invalid-option', 'tls.ca must be PEM certificates, got one that is damaged', { cause });
    }
    return certificates;
  });
}

const noPem = (name: string, got: string): RingbackError =>
  new RingbackError('invalid-option', `tls.${name} must be PEM text, got ${got}`);

function pinsOf(pins: unknown): TlsSettings['pins'] {
  if (typeof pins !== 'object' || pins === null || Array.isArray(pins))
    throw invalidOption('tls.pins', 'an object of hosts and their pins', pins);
  return new Map(Object.entries(pins).map(([host, list]: [string, unknown]) => [checkedHost(host), checkedPins(host, list)]));
}

/** A name in any other form would never be found: URLs have it in this one. */
function checkedHost(host: string): string {
  if (URL.parse(`https://${host}/`)?.hostname === host) return host;
  throw invalidOption('a host in tls.pins', 'a host name as URLs have it, in lower case and without a port', host);
}

function checkedPins(host: string, list: unknown): ReadonlySet<string> {
  const fits = Array.isArray(list) && list.length > 0 && list.length <= MAX_PINS;
  if (!fits || !list.every((pin) => typeof pin === 'string' && PIN.test(pin)))
    throw invalidOption(
      `tls.pins[${JSON.stringify(host)}]`,
      `1 to ${MAX_PINS} pins of the form sha256/<44 characters of base64>`,
      list,
    );
  return new Set(list as string[]);
}

/** Thrown inside a connect: the host showed a key that is none of its pins. */
export class PinMismatchError extends Error {
  constructor() {
    super('pin mismatch: the host showed a key that tls.pins does not name');
  }
}

/** The keys that the host may show; undefined where it may show any. */
export function pinsFor({ pins }: TlsSettings, host: string): ReadonlySet<string> | undefined {
  // A host with the root's dot at its end is the same host.
  return pins.get(host.endsWith('.') ? host.slice(0, -1) : host);
}

/** Whether the peer's certificate has one of the keys. A peer without a certificate has none. */
export function matchesPins(pins: ReadonlySet<string>, socket: Socket): boolean {
  const key = socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.publicKey : undefined;
  if (key === undefined) return false;
  const digest = createHash('sha256').update(key.export({ type: 'spki', format: 'der' }));
  return pins.has(`sha256/${digest.digest('base64')}`);
}
