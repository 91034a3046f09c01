import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';

/** What a fence's language means: how its block is written to disk. */
const EXTENSIONS = { ts: 'ts', typescript: 'ts', js: 'mjs', javascript: 'mjs', mjs: 'mjs', cjs: 'cjs' };
const NOT_OURS = ['docs/api/', 'docs/node_modules/'];

/**
 * A block of code in the documentation.
 *
 * @typedef {object} Block
 * @property {string} file where it stands, from the project's root
 * @property {number} line the line of its fence, from 1; 0 for a whole file
 * @property {string} title the heading above it, or the name of what its doc comment is about
 * @property {string} extension
 * @property {boolean} runs false when the fence says `no-run`: then it is type-checked only
 * @property {boolean} isTest it imports vitest, and vitest runs it
 * @property {string} code
 */

/** Every page whose blocks are run: README, docs, the doc comments of src; and the examples of one file, which are run whole. */
export async function pages(root) {
  const under = async (folder, ending) =>
    (await readdir(join(root, folder), { recursive: true }).catch(() => []))
      .map((path) => join(folder, path).replaceAll('\\', '/'))
      .filter((path) => path.endsWith(ending) && !NOT_OURS.some((start) => path.startsWith(start)))
      .sort();
  const atTheTop = (await readdir(root)).filter((path) => path.endsWith('.md')).sort();
  const examples = (await under('examples', '.ts')).filter((path) => path.split('/').length === 2);
  return [...atTheTop, ...(await under('docs', '.md')), ...examples, ...(await under('src', '.ts'))];
}

/** @returns {Promise<Block[]>} */
export async function blocksOf(root, file) {
  const text = await readFile(join(root, file), 'utf8').catch(() => '');
  return blocksIn(file, text);
}

/**
 * @param {string} file
 * @param {string} text
 * @returns {Block[]}
 */
export function blocksIn(file, text) {
  if (file.startsWith('examples/')) {
    return [{ file, line: 0, title: 'the whole file', extension: 'ts', runs: true, isTest: false, code: text }];
  }
  return file.endsWith('.md') ? fencedIn(file, text.split('\n'), headingOf) : fencedIn(file, commentLines(text), subjectOf);
}

/** The lines of a source file as far as they stand in doc comments, without the stars; the others are kept as they are. */
function commentLines(text) {
  let inComment = false;
  return text.split('\n').map((line) => {
    if (/^\s*\/\*\*/.test(line)) inComment = true;
    const shown = inComment ? line.replace(/^\s*(\/\*\*|\*(?!\/)) ?/, '') : line;
    if (/\*\/\s*$/.test(line)) inComment = false;
    return shown;
  });
}

function fencedIn(file, lines, titleOf) {
  const blocks = [];
  for (let index = 0; index < lines.length; index++) {
    const fence = /^(\s*)(```+)(\w+)?(.*)$/.exec(lines[index]);
    if (fence === null) continue;
    const [, indent, ticks, language = '', flags] = fence;
    const end = lines.findIndex((line, at) => at > index && line.trim() === ticks);
    if (end < 0) throw new Error(`${file}:${index + 1}: the block has no end`);
    const code = lines
      .slice(index + 1, end)
      .map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line))
      .join('\n');
    if (language in EXTENSIONS) {
      blocks.push({
        file,
        line: index + 1,
        title: titleOf(lines, index, end),
        extension: EXTENSIONS[language],
        runs: !/\bno-run\b/.test(flags),
        isTest: /from 'vitest'/.test(code),
        code,
      });
    }
    index = end;
  }
  return blocks;
}

function headingOf(lines, index) {
  for (let at = index; at >= 0; at--) {
    const heading = /^#+\s+(.*)$/.exec(lines[at]);
    if (heading !== null) return heading[1];
  }
  return '';
}

/** What a doc comment is about: the first name declared after it. */
function subjectOf(lines, _index, end) {
  for (let at = end; at < lines.length; at++) {
    const declared = /(?:function|const|class|interface|type)\s+(\w+)/.exec(lines[at]);
    if (declared !== null) return declared[1];
  }
  return '';
}

/**
 * What a block says that it prints: the comment behind each `console.log(…);`, with or without the word `prints`.
 *
 * @param {string} code
 * @returns {string[]}
 */
export function promisedLines(code) {
  const promised = [];
  let inLog = false;
  for (const line of code.split('\n')) {
    if (/^\s*console\.log\(/.test(line)) inLog = true;
    const ending = inLog ? /\);?\s*\/\/\s*(?:prints:?\s+)?(.+?)\s*$/.exec(line) : null;
    if (ending !== null) promised.push(ending[1]);
    if (/\);?\s*(\/\/.*)?$/.test(line)) inLog = false;
  }
  return promised;
}

/**
 * The first promise that the output does not keep, in order. How the output is broken into lines does not matter, and `…` in a promise
 * stands for anything.
 *
 * @param {string[]} promised
 * @param {string} output
 * @returns {string | undefined}
 */
export function brokenPromise(promised, output) {
  const printed = output.replaceAll(/\s+/g, ' ');
  let from = 0;
  for (const promise of promised) {
    for (const part of promise.split('…').map((text) => text.trim())) {
      const at = printed.indexOf(part, from);
      if (at < 0) return promise;
      from = at + part.length;
    }
  }
  return undefined;
}

/** Links of a page to files that do not exist. */
export async function deadLinks(root, file, exists) {
  if (!file.endsWith('.md')) return [];
  const text = (await readFile(join(root, file), 'utf8')).replaceAll(/```[\s\S]*?```/g, '');
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target.split('#')[0]);
  const local = targets.filter((target) => target !== '' && !/^[a-z]+:/i.test(target) && !target.includes('docs/api'));
  const dead = [];
  for (const target of local) if (!(await exists(normalize(join(root, dirname(file), target))))) dead.push(target);
  return dead;
}
