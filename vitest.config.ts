import { defineConfig } from 'vitest/config';

/** `.ci/run` asks for the numbers in a file, for its closing line. */
const jsonFile = process.env.VITEST_JSON;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/consumers/**', 'test/docs/**', 'test/mutation/**'],
    testTimeout: 30_000,
    reporters: jsonFile === undefined ? ['default'] : ['default', ['json', { outputFile: jsonFile }]],
  },
});
