import { build } from 'esbuild';

// undici is CommonJS and requires Node's own modules; a bundle of ES modules has no `require` of its own.
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

const [bundle] = process.argv.slice(2);
await build({
  entryPoints: ['handler.mjs'],
  outfile: `bundle/${bundle}`,
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: bundle.endsWith('.cjs') ? 'cjs' : 'esm',
  banner: bundle === 'handler.mjs' ? { js: REQUIRE } : {},
});
