import { RingbackError } from '../../errors.js';
import { invalidOption } from '../../options.js';
import { type DestinationPattern, PATTERN_RULE, parsePattern } from './destination-pattern.js';

/** Settings of the outbound guard: where callbacks may go. Shared by the transports that send to URLs. */
export interface OutboundGuardOptions {
  /** Lets callbacks go to loopback and private addresses: for tests, and where receivers live in your own network. Default false. */
  readonly allowPrivate?: boolean;
  /**
   * What is let through beyond public addresses: `10.1.0.0/16`, `127.0.0.1:8080`, `[::1]:9000`, `hooks.internal.example`,
   * `*.svc.example:8443`. A host may then have private addresses; link-local, reserved and metadata ones only their own range lets
   * through. Default: nothing.
   */
  readonly allow?: readonly string[];
  /** What is refused whatever else allows it, written as in `allow`. Default: nothing. */
  readonly deny?: readonly string[];
  /** The ports that callbacks may go to, beside those that an entry of `allow` names. Default: any. */
  readonly ports?: readonly number[];
  /** Refuses `http:` URLs. Default false. */
  readonly httpsOnly?: boolean;
}

/** The same, checked and read. */
export interface OutboundGuardSettings {
  readonly allowPrivate: boolean;
  readonly allow: readonly DestinationPattern[];
  readonly deny: readonly DestinationPattern[];
  /** Undefined for any. */
  readonly ports: ReadonlySet<number> | undefined;
  readonly httpsOnly: boolean;
}

/** Their names, for a transport's own check of unknown ones. */
export const GUARD_OPTION_NAMES: readonly (keyof OutboundGuardOptions)[] = [
  'allowPrivate',
  'allow',
  'deny',
  'ports',
  'httpsOnly',
];

/** Entries are asked one after another at each connect. */
const MAX_ENTRIES = 10_000;

/** Checks the guard's options among a transport's. Throws `invalid-option`. */
export function guardSettings(options: OutboundGuardOptions): OutboundGuardSettings {
  const { allowPrivate = false, allow = [], deny = [], ports, httpsOnly = false } = options;
  if (typeof allowPrivate !== 'boolean') throw invalidOption('allowPrivate', 'true or false', allowPrivate);
  if (typeof httpsOnly !== 'boolean') throw invalidOption('httpsOnly', 'true or false', httpsOnly);
  return { allowPrivate, allow: patterns('allow', allow), deny: patterns('deny', deny), ports: portSet(ports), httpsOnly };
}

function patterns(name: string, entries: readonly string[]): readonly DestinationPattern[] {
  checkList(name, 'entries', entries);
  return entries.map((entry, index) => {
    const pattern = typeof entry === 'string' ? parsePattern(entry) : undefined;
    if (pattern === undefined) throw invalidOption(`${name}[${index}]`, PATTERN_RULE, entry);
    return pattern;
  });
}

function portSet(ports: readonly number[] | undefined): ReadonlySet<number> | undefined {
  if (ports === undefined) return undefined;
  checkList('ports', 'ports', ports);
  for (const [index, port] of ports.entries()) {
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
      throw invalidOption(`ports[${index}]`, 'an integer from 1 to 65535', port);
  }
  return new Set(ports);
}

function checkList(name: string, items: string, list: unknown): void {
  if (!Array.isArray(list) || list.length > MAX_ENTRIES) {
    throw new RingbackError('invalid-option', `${name} must be a list of at most ${MAX_ENTRIES} ${items}, got ${gotText(list)}`);
  }
}

const gotText = (list: unknown): string => (Array.isArray(list) ? `${list.length}` : typeof list);
