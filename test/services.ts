import { connect } from 'node:net';

/** The servers that tests may ask for: where they are looked for, and the variable that says otherwise. */
const SERVICES = {
  redis: { name: 'Redis', variable: 'TEST_REDIS_URL', url: 'redis://127.0.0.1:6379' },
  postgres: { name: 'PostgreSQL', variable: 'TEST_POSTGRES_URL', url: 'postgres://postgres@127.0.0.1:5432/postgres' },
  smtp: { name: 'Postfix', variable: 'TEST_SMTP_URL', url: 'smtp://127.0.0.1:2525' },
} as const;

const ANSWER_MS = 1_000;

/**
 * The URL of a server that answers. Where none does, one line says so and undefined comes back, for `describe.skipIf`;
 * under CI that is an error, so that no test is left out there.
 */
export async function serviceUrl(service: keyof typeof SERVICES): Promise<string | undefined> {
  const { name, variable, url: usual } = SERVICES[service];
  const url = process.env[variable] ?? usual;
  const { hostname } = new URL(url);
  const port = new URL(url).port || new URL(usual).port;
  if (await answers(hostname, Number(port))) return url;
  const fault = `no ${name} answers at ${hostname}:${port}; start one (compose.yaml) or set ${variable}`;
  if (process.env.CI === 'true') throw new Error(fault);
  process.stderr.write(`\nNOT RUN, ${fault}\n`);
  return undefined;
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (isUp: boolean): void => {
      socket.destroy();
      resolve(isUp);
    };
    socket.setTimeout(ANSWER_MS, () => end(false));
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}
