import { build } from 'esbuild';

const [format] = process.argv.slice(2);
await build({
  entryPoints: ['handler.mjs'],
  outfile: format === 'cjs' ? 'bundle/handler.cjs' : 'bundle/handler.mjs',
  bundle: true,
  platform: 'node',
  target: 'node22',
  format,
  // undici is CommonJS and requires Node's own modules; a bundle of ES modules has no `require` of its own.
  banner:
    format === 'esm'
      ? { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" }
      : {},
});
