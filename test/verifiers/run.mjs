// `npm run test:verifiers`: the verifiers in other languages that the pages of the schemes show, run against our signatures.
// Python must be there; PHP and Go are run where they are installed, and a line says where they are not.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../packed/package.mjs';
import { LANGUAGES } from './languages.mjs';
import { casesOf, SCHEMES } from './schemes.mjs';

const TIMEOUT_MS = 60_000;

const isInstalled = (command) => spawnSync(command, [command === 'go' ? 'version' : '--version']).status === 0;

/** The one block of a language on a page. */
function blockOf(page, language) {
  const blocks = [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, code]) => code);
  if (blocks.length !== 1) throw new Error(`a page must have one ${language} block, this one has ${blocks.length}`);
  return blocks[0];
}

/** The faults of one verifier: which cases ended otherwise than they should. */
function faultsOf(scheme, language, block, cases) {
  const folder = mkdtempSync(join(tmpdir(), 'ringback-verifier-'));
  try {
    const { files, command } = LANGUAGES[language](block, scheme.parameters);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const input = JSON.stringify(cases.map(({ given }) => given));
    const [program, ...args] = command;
    const { stdout, stderr, error } = spawnSync(program, args, { cwd: folder, input, encoding: 'utf8', timeout: TIMEOUT_MS });
    if (error !== undefined) return [String(error)];
    const ends = stdout.trim().split('\n');
    if (ends.length !== cases.length) return [`it answered ${ends.length} of ${cases.length} cases: ${stderr.trim()}`];
    return cases.flatMap(({ name, expected }, index) =>
      ends[index] === expected ? [] : [`${name}: ${ends[index]}, and should be ${expected}`],
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

let run = 0;
let failed = 0;
const installed = new Map(
  Object.keys(LANGUAGES).map((language) => [language, isInstalled(language === 'python' ? 'python3' : language)]),
);
for (const scheme of SCHEMES) {
  const page = readFileSync(join(ROOT, 'docs/signing', scheme.page), 'utf8');
  const cases = await casesOf(scheme);
  for (const [language, isThere] of installed) {
    const block = blockOf(page, language);
    if (!isThere || scheme.languages?.includes(language) === false) continue;
    const faults = faultsOf(scheme, language, block, cases);
    run++;
    if (faults.length > 0) failed++;
    const name = scheme.key === undefined ? scheme.page : `${scheme.page}, ${scheme.key}`;
    console.log(`${name} ${language}: ${faults.length === 0 ? `${cases.length} cases hold` : 'FAILED'}`);
    for (const fault of faults) console.error(`  ${fault}`);
  }
}
for (const [language, isThere] of installed) if (!isThere) console.log(`NOT RUN: ${language} is not installed`);
if (!installed.get('python')) {
  console.error('Python is needed: its verifiers are promised to be run');
  failed++;
}
console.log(`${run} verifiers, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
