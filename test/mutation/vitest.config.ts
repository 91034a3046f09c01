import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** A folder of `src/`, as `run.mjs` names it: its mutants are for its own tests to find, those of the same name under `test/`. */
const folder = process.env.MUTATED_FOLDER;
if (folder === undefined) throw new Error('MUTATED_FOLDER must name the folder');

export default defineConfig({
  resolve: { alias: [{ find: /^fast-check$/, replacement: fileURLToPath(new URL('./few-runs.ts', import.meta.url)) }] },
  test: { include: [`test/${folder}/*.test.ts`, `test/${folder}.*test.ts`], testTimeout: 10_000, reporters: [], isolate: false },
});
