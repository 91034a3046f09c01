import { spawn } from 'node:child_process';

const MAX_OUTPUT_CHARACTERS = 200_000;

/**
 * Runs a program to its end. Never rejects: a program that can't be started, or that outstays `timeoutMs`, has the code `null` and
 * says so in its output.
 *
 * @returns {Promise<{ code: number | null, stdout: string, output: string }>} `output` is stdout and stderr as they came
 */
export function run(command, args, { cwd, env = {}, timeoutMs = 60_000 }) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let output = '';
    const keep = (text, chunk) => (text + chunk).slice(-MAX_OUTPUT_CHARACTERS);
    child.stdout.on('data', (chunk) => {
      stdout = keep(stdout, chunk);
      output = keep(output, chunk);
    });
    child.stderr.on('data', (chunk) => {
      output = keep(output, chunk);
    });
    const timer = setTimeout(() => {
      output += `\nstopped: it ran longer than ${timeoutMs} ms`;
      child.kill('SIGKILL');
    }, timeoutMs);
    child.on('error', (error) => {
      output += `\n${error.message}`;
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, output });
    });
  });
}

/** Runs a program that must succeed; throws with its output when it does not. */
export async function runOrThrow(command, args, options) {
  const result = await run(command, args, options);
  if (result.code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${result.code}:\n${result.output.trim()}`);
  return result;
}

/** Runs `work` on every item, `width` at a time; the results stand in the order of the items. */
export async function inParallel(items, width, work) {
  const results = new Array(items.length);
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index], index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  return results;
}
