import { describe, expect, it } from 'vitest';
import { blocksIn, brokenPromise, promisedLines } from './docs/blocks.mjs';

/** What `npm run test:docs` reads of a page: if it overlooked a block or a promise, the page would pass unread. */
describe('the blocks of a page', () => {
  it('are found with their line, their heading and their language', () => {
    const page = [
      '# Retry',
      '',
      '```ts',
      'const a = 1;',
      '```',
      '## Limits',
      '```sh',
      'npm ci',
      '```',
      '```js no-run',
      'x();',
      '```',
    ];
    expect(blocksIn('docs/retry.md', page.join('\n'))).toEqual([
      { file: 'docs/retry.md', line: 3, title: 'Retry', extension: 'ts', runs: true, isTest: false, code: 'const a = 1;' },
      { file: 'docs/retry.md', line: 10, title: 'Limits', extension: 'mjs', runs: false, isTest: false, code: 'x();' },
    ]);
  });

  it('are found in doc comments, without the stars', () => {
    const source = [
      '/**',
      ' * Twice.',
      ' *',
      ' * ```ts',
      ' * if (true) {',
      ' *   f();',
      ' * }',
      ' * ```',
      ' */',
      'export function f() {}',
    ];
    expect(blocksIn('src/f.ts', source.join('\n'))).toMatchObject([{ line: 4, title: 'f', code: 'if (true) {\n  f();\n}' }]);
  });

  it('without an end are an error', () => {
    expect(() => blocksIn('docs/x.md', '```ts\nconst a = 1;')).toThrow('docs/x.md:1: the block has no end');
  });
});

describe('what a block says it prints', () => {
  it('stands behind its console.log, on one line or several', () => {
    expect(promisedLines('console.log(1); // 1\nconsole.log(\n  2,\n); // prints 2\nf(); // calls f')).toEqual(['1', '2']);
  });

  it('is compared in order, whatever the line breaks, and … stands for anything', () => {
    expect(brokenPromise(['1', '{ a: 1, b: 2 }'], '1\n{\n  a: 1,\n  b: 2\n}\n')).toBeUndefined();
    expect(brokenPromise(['msg_… done'], 'msg_5x done\n')).toBeUndefined();
    expect(brokenPromise(['2', '1'], '1\n2\n')).toBe('1');
    expect(brokenPromise(['3'], '1\n2\n')).toBe('3');
  });
});
