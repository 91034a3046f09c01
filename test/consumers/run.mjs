// `npm run test:consumers [case …]`: packs the tarball and uses it as others will. Exits 1 when one of them could not.
import { join } from 'node:path';
import { emptyFolder, installFixture, nodes, pack } from '../packed/package.mjs';
import { inParallel, run } from '../packed/process.mjs';
import { CASES } from './cases.mjs';

const STEP_TIMEOUT_MS = 120_000;
/** Installs wait for the network and the disk, steps for the processor: two cases at once keep both busy on two cores. */
const CASES_AT_ONCE = 2;

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !CASES.some((one) => one.name === name));
if (unknown.length > 0) {
  console.error(`no such case: ${unknown.join(', ')}; there are ${CASES.map(({ name }) => name).join(', ')}`);
  process.exit(1);
}

const workspace = await emptyFolder('consumers');
try {
  const tarball = await pack(workspace.folder);
  const [least, newest] = await nodes();
  console.log(`packed ${tarball.split('/').at(-1)}; it runs under ${least.label} and ${newest.label}`);
  const cases = CASES.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  const failures = (await inParallel(cases, CASES_AT_ONCE, (one) => runCase(one, { tarball, least, newest }))).flat();
  const steps = cases.reduce((sum, one) => sum + one.steps.length, 0);
  for (const failure of failures) console.error(`\n${failure}`);
  console.log(`\n${steps} steps in ${cases.length} cases, ${failures.length} failed`);
  process.exitCode = failures.length === 0 ? 0 : 1;
} finally {
  await workspace.remove();
}

/** Runs one case in its own empty folder. Returns what went wrong. */
async function runCase({ name, fixture = name, copies, versions, steps }, { tarball, least, newest }) {
  const { folder, remove } = await emptyFolder(name);
  try {
    await installFixture(join(import.meta.dirname, fixture), folder, tarball, { copies, versions });
    const failures = [];
    for (const step of steps) {
      const node = step.node === 'least' ? least : newest;
      const title = `${name}: ${step.label} (${node.label})`;
      const result = await run(node.path, step.args, { cwd: folder, env: step.env, timeoutMs: STEP_TIMEOUT_MS });
      const wrong = complaint(step, result);
      console.log(`${wrong === undefined ? 'ok    ' : 'FAILED'} ${title}`);
      if (wrong !== undefined) failures.push(`${title}: ${wrong}\n${result.output.trim()}`);
    }
    return failures;
  } catch (error) {
    console.log(`FAILED ${name}: it could not be installed`);
    return [`${name}: ${error.message}`];
  } finally {
    await remove();
  }
}

function complaint({ prints = [], fails }, { code, output }) {
  if (fails !== undefined) {
    if (code === 0) return `it should fail with ${fails}, but it passed: docs/consumers.md states a limit that is none`;
    return output.includes(fails) ? undefined : `it should fail with ${fails}, but failed otherwise`;
  }
  if (code !== 0) return `it ended with ${code}`;
  let from = 0;
  for (const line of prints) {
    const found = output.indexOf(line, from);
    if (found < 0) return `it should print ${JSON.stringify(line)}`;
    from = found + line.length;
  }
  return undefined;
}
