import { CONTRACTS_OF_ADAPTERS, CORE_PACKAGES, FILES_WITH_GLOBALS, GROUND_FLOOR, ROOMS, roomOf } from './rooms.js';
import type { Import, SourceFile } from './source.js';

/** Every rule returns its violations as sentences: an empty list is a house in order. */
export type Rule = (files: readonly SourceFile[]) => string[];

/** Each import against the table of rooms. */
export const importsStayInTheTable: Rule = (files) =>
  files.flatMap((file) => file.imports.flatMap((one) => violationsOf(file, one)));

function violationsOf(file: SourceFile, { target, own, typeOnly }: Import): string[] {
  const room = roomOf(file.path);
  if (room === undefined) return [`${file.path} stands in no room of the table`];
  if (!own) return room.packages.includes(target) ? [] : [`${file.path} (${room.name}) may not import ${target}`];
  const other = roomOf(target);
  if (other === undefined) return [`${file.path} imports ${target}, which stands in no room of the table`];
  if (room.name === 'ground floor') {
    const order = GROUND_FLOOR as readonly string[];
    return order.indexOf(target) >= 0 && order.indexOf(target) < order.indexOf(file.path)
      ? []
      : [`${file.path} (ground floor) may not import ${target}, which does not stand before it`];
  }
  if (other.name === room.name || other.name === 'ground floor' || room.rooms.includes(other.name)) return [];
  if (room.contracts.includes(other.name)) {
    return typeOnly
      ? []
      : [`${file.path} (${room.name}) may import only types from ${other.name}, but imports code from ${target}`];
  }
  return [`${file.path} (${room.name}) may not import ${target} (${other.name})`];
}

/** The table itself: a room may only name rooms that stand before it, so that no import can run up a floor. */
export function tableRunsDownwards(rooms = ROOMS): string[] {
  const order = rooms.map((room) => room.name);
  return rooms.flatMap((room, floor) =>
    [...room.rooms, ...room.contracts]
      .filter((name) => !order.slice(0, floor).includes(name))
      .map((name) => `${room.name} may not be allowed ${name}, which does not stand before it`),
  );
}

/** No circle of files. Imports of types count too: a reader follows them as the machine follows the others. */
export const noCircles: Rule = (files) => {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const circles: string[] = [];
  const finished = new Set<string>();
  const walk = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) circles.push([...trail.slice(start), path].join(' → '));
    if (start >= 0 || finished.has(path)) return;
    for (const { target, own } of byPath.get(path)?.imports ?? []) if (own) walk(target, [...trail, path]);
    finished.add(path);
  };
  for (const file of files) walk(file.path, []);
  return circles;
};

/** All files that a file's imports lead to, types included, itself first. */
export function reachedFrom(path: string, files: readonly SourceFile[]): SourceFile[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const reached = new Set<string>([path]);
  for (const next of reached) {
    for (const { target, own } of byPath.get(next)?.imports ?? []) if (own) reached.add(target);
  }
  return [...reached].flatMap((one) => byPath.get(one) ?? []);
}

/** The front door leads to no adapter: what it reaches imports only the core's packages, and of the adapters' rooms only contracts. */
export const coreImportsNoAdapter: Rule = (files) =>
  reachedFrom('index.ts', files).flatMap(({ path, imports }) => {
    const strangers = imports.filter(({ target, own }) => !own && !CORE_PACKAGES.includes(target));
    const adapter = /^(signing|transports|testing)\//.test(path) && !CONTRACTS_OF_ADAPTERS.includes(path);
    return [
      ...strangers.map(({ target }) => `${path} is part of the core and imports ${target}`),
      ...(adapter ? [`${path} is an adapter, and the core reaches it`] : []),
    ];
  });

/** `ringback/fetch` runs where there is no Node: what it reaches takes nothing from outside but types. */
export const fetchNeedsNoNode: Rule = (files) =>
  reachedFrom('transports/fetch/index.ts', files).flatMap(({ path, imports }) =>
    imports
      .filter(({ own, typeOnly }) => !own && !typeOnly)
      .map(({ target }) => `${path} is part of ringback/fetch and imports ${target}`),
  );

/** Time and randomness come in by argument: who reads the platform's cannot be driven by a test. */
export const timeAndRandomnessComeIn: Rule = (files) =>
  files
    .filter(({ path }) => !FILES_WITH_GLOBALS.includes(path))
    .flatMap(({ path, globals }) => globals.map((name) => `${path} uses ${name}: take the injected Clock or Random`));

const MAX_LINES = 300;

/** A file that does not fit one reading holds more than one idea. */
export const filesAreShort: Rule = (files) =>
  files
    .filter(({ lines }) => lines > MAX_LINES)
    .map(({ path, lines }) => `${path} has ${lines} lines, the bound is ${MAX_LINES}`);

/** The front doors re-export, and do nothing else. */
export const indexesOnlyReexport: Rule = (files) =>
  files
    .filter(({ path, onlyReexports }) => /(^|\/)index\.ts$/.test(path) && !onlyReexports)
    .map(({ path }) => `${path} does more than re-export`);
