/** The rooms of `src/`, ground floor first, and what each may import. A room that is not in this table does not exist. */
export interface Room {
  readonly name: string;
  /** Other rooms it may import, beside the ground floor. Each stands before it in the table. */
  readonly rooms: readonly string[];
  /** Rooms it may import types of: their contracts, not their code. */
  readonly contracts: readonly string[];
  /** Packages it may import; `node:` ones too. */
  readonly packages: readonly string[];
}

/** The ground floor, file by file: each may import only those before it. */
export const GROUND_FLOOR = [
  'clock.ts',
  'random.ts',
  'heap.ts',
  'chain.ts',
  'recent-map.ts',
  'logger.ts',
  'guarded-logger.ts',
  'time-limit.ts',
  'version.ts',
  'header-grammar.ts',
  'errors.ts',
  'virtual-time.ts',
  'options.ts',
  'outcome.ts',
  'callback.ts',
] as const;

/** What Deno, Bun and workerd have too. */
const PORTABLE_NODE = ['node:crypto', 'node:buffer'] as const;

export const ROOMS: readonly Room[] = [
  { name: 'ground floor', rooms: [], contracts: [], packages: ['cockatiel'] },
  { name: 'classify/', rooms: [], contracts: [], packages: [] },
  { name: 'policies/', rooms: ['classify/'], contracts: [], packages: ['cockatiel'] },
  { name: 'idempotency/', rooms: [], contracts: [], packages: ['fast-json-stable-stringify', ...PORTABLE_NODE] },
  { name: 'signing/', rooms: [], contracts: ['idempotency/'], packages: ['jose', ...PORTABLE_NODE] },
  { name: 'stores/', rooms: [], contracts: ['idempotency/'], packages: [...PORTABLE_NODE] },
  { name: 'receiver/', rooms: ['idempotency/'], contracts: ['signing/'], packages: [...PORTABLE_NODE] },
  {
    name: 'transports/',
    rooms: ['classify/'],
    contracts: ['signing/'],
    packages: ['undici', 'nodemailer', '@aws-sdk/client-sns', 'node:net', 'node:dns', 'node:tls', 'node:http2', ...PORTABLE_NODE],
  },
  { name: 'outbox/', rooms: [], contracts: ['policies/'], packages: ['p-queue'] },
  {
    name: 'testing/',
    rooms: ['classify/'],
    contracts: ['policies/', 'idempotency/', 'signing/', 'transports/'],
    packages: ['node:net'],
  },
  { name: 'simulation/', rooms: ['classify/', 'policies/'], contracts: [], packages: [] },
  {
    name: 'delivery/',
    rooms: ['classify/', 'policies/', 'idempotency/', 'outbox/'],
    contracts: ['signing/', 'transports/'],
    packages: ['eventemitter3', ...PORTABLE_NODE],
  },
  {
    name: 'ringback.ts',
    rooms: ['classify/', 'policies/', 'idempotency/', 'outbox/', 'delivery/'],
    contracts: ['signing/', 'transports/'],
    packages: ['eventemitter3', ...PORTABLE_NODE],
  },
  {
    name: 'index.ts',
    rooms: ['classify/', 'policies/', 'idempotency/', 'outbox/', 'delivery/', 'ringback.ts'],
    contracts: ['signing/', 'transports/'],
    packages: [],
  },
];

/** What the core, all that `index.ts` reaches, may import from outside. Neither a client nor a server is among it. */
export const CORE_PACKAGES: readonly string[] = [
  'cockatiel',
  'p-queue',
  'eventemitter3',
  'fast-json-stable-stringify',
  ...PORTABLE_NODE,
];

/** Files in the rooms of adapters that the core knows: what an adapter has to fulfil. */
export const CONTRACTS_OF_ADAPTERS: readonly string[] = ['signing/scheme.ts', 'transports/transport.ts'];

/** The only files that may read time, wait or draw from the platform. */
export const FILES_WITH_GLOBALS: readonly string[] = ['clock.ts', 'random.ts', 'virtual-time.ts'];

/** The room a file of `src/` stands in, by its path from there; undefined when no room of the table is meant. */
export function roomOf(file: string): Room | undefined {
  const name = (GROUND_FLOOR as readonly string[]).includes(file)
    ? 'ground floor'
    : file.includes('/')
      ? file.slice(0, file.indexOf('/') + 1)
      : file;
  return ROOMS.find((room) => room.name === name);
}
