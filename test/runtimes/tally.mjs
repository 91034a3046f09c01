const TEST_MS = 15_000;

/** Runs a suite's tests one after another. What comes of it is plain JSON, which every runtime can hand out. */
export async function tally(suite, given) {
  const tests = [];
  suite({ ...given, test: (name, body) => tests.push({ name, body }) });
  const failures = [];
  for (const { name, body } of tests) {
    const error = await errorOf(body);
    if (error !== undefined) failures.push({ name, error });
  }
  return { run: tests.length, failures };
}

/** What a body fails with, as text; undefined where it does not. */
export async function errorOf(body) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end in ${TEST_MS} ms`)), TEST_MS);
  });
  try {
    await Promise.race([(async () => body())(), late]);
    return undefined;
  } catch (error) {
    return String(error?.stack ?? error);
  } finally {
    clearTimeout(timer);
  }
}
