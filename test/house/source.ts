import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parseSync } from 'oxc-parser';

/** One import, re-export or `import()` of a file. */
export interface Import {
  /** A path from `src/` for our own files (`policies/retry.ts`), a specifier for what comes from outside (`node:crypto`). */
  readonly target: string;
  readonly own: boolean;
  /** Nothing of it is left in the JavaScript. */
  readonly typeOnly: boolean;
}

/** What the rules look at in one file of `src/`. */
export interface SourceFile {
  /** Its path from `src/`. */
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly Import[];
  /** The platform's time and randomness that it reads: `Date.now`, `setTimeout`, … */
  readonly globals: readonly string[];
  /** It re-exports, and does nothing else. */
  readonly onlyReexports: boolean;
}

/** All TypeScript files under a folder, parsed. */
export function readSources(folder: string): SourceFile[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.ts'))
    .sort()
    .map((path) => parseSource(path, readFileSync(join(folder, path), 'utf8')));
}

export function parseSource(path: string, text: string): SourceFile {
  const { program, module, errors } = parseSync(path, text);
  if (errors.length > 0) throw new SyntaxError(`${path}: ${errors[0]?.message}`);
  const found: Import[] = [];
  const add = (specifier: string, typeOnly: boolean): void => {
    const own = specifier.startsWith('.');
    const target = own ? posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts') : specifier;
    found.push({ target, own, typeOnly });
  };
  for (const { moduleRequest, entries } of module.staticImports) {
    add(moduleRequest.value, entries.length > 0 && entries.every((entry) => entry.isType));
  }
  for (const { entries } of module.staticExports) {
    for (const { moduleRequest, isType } of entries) if (moduleRequest !== null) add(moduleRequest.value, isType);
  }
  for (const { moduleRequest } of module.dynamicImports) {
    add(text.slice(moduleRequest.start, moduleRequest.end).replaceAll(/['"`]/g, ''), false);
  }
  const globals = new Set<string>();
  visit(program, (node) => {
    const use = globalUse(node);
    if (use !== undefined) globals.add(use);
    if (node.type === 'TSImportType') add(String((node.source as Node).value), true);
  });
  return {
    path,
    lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0),
    imports: found,
    globals: [...globals],
    onlyReexports: program.body.every(
      (statement) =>
        statement.type === 'ExportAllDeclaration' || (statement.type === 'ExportNamedDeclaration' && statement.source !== null),
    ),
  };
}

interface Node {
  readonly type: string;
  readonly [field: string]: unknown;
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'type' in value;

function visit(value: unknown, onNode: (node: Node) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) visit(item, onNode);
  } else if (isNode(value)) {
    onNode(value);
    for (const field of Object.values(value)) if (typeof field === 'object') visit(field, onNode);
  }
}

const TIMERS = ['setTimeout', 'setInterval'];
const READERS: Readonly<Record<string, readonly string[]>> = {
  Date: ['now'],
  performance: ['now'],
  Math: ['random'],
  AbortSignal: ['timeout'],
  crypto: ['randomUUID', 'getRandomValues'],
};

/** `Date.now`, `globalThis.Date.now`, `new Date()`, `setTimeout(…)`, `globalThis.setTimeout`: the name, when a node is such a use. */
function globalUse(node: Node): string | undefined {
  if (node.type === 'NewExpression' && nameOf(node.callee) === 'Date' && (node.arguments as unknown[]).length === 0)
    return 'new Date()';
  if (node.type === 'CallExpression' && TIMERS.includes(nameOf(node.callee) ?? '')) return nameOf(node.callee);
  if (node.type !== 'MemberExpression') return undefined;
  const property = nameOf(node.property);
  const owner = nameOf(node.object);
  if (property === undefined || owner === undefined) return undefined;
  if (owner === 'globalThis' && TIMERS.includes(property)) return property;
  return READERS[owner]?.includes(property) ? `${owner}.${property}` : undefined;
}

/** The name of an identifier, or of a member of `globalThis`. */
function nameOf(value: unknown): string | undefined {
  if (!isNode(value)) return undefined;
  if (value.type === 'Identifier') return value.name as string;
  if (value.type === 'MemberExpression' && nameOf(value.object) === 'globalThis') return nameOf(value.property);
  return undefined;
}
