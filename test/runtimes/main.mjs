// The thin runner of Node, Deno and Bun: `main.mjs <url of the server>` prints what came of it as one line of JSON.
import assert from 'node:assert/strict';
import process from 'node:process';
import { suite } from './suite.mjs';
import { supportOf } from './support.mjs';
import { tally } from './tally.mjs';

const url = process.argv[2];
const version = globalThis.Deno?.version.deno ?? globalThis.Bun?.version ?? process.versions.node;
const report = { version, ...(await tally(suite, { assert, url })), support: await supportOf(url) };
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
