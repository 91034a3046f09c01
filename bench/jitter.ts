/**
 * Why decorrelated jitter is drawn below the cap: the share of delays that stand exactly at it, where a herd comes back together.
 * Base 200 ms, cap 10 s, 100,000 clients, a fixed seed. `npm run build && node bench/jitter.ts`
 */
import { ExponentialBackoff, type IBackoff } from 'cockatiel';
import { decorrelatedJitter, seededRandom } from 'ringback';
import { awsBackoffs } from './reproductions/aws-backoffs.ts';

const BASE_MS = 200;
const CAP_MS = 10_000;
const CLIENTS = 100_000;
const ATTEMPTS = 12;
const SHOWN = [4, 6, 8, 10, 12];

/** The delay after each attempt of one client. */
type Client = () => number[];

const random = seededRandom(1);

const below: Client = () => {
  const backoff = decorrelatedJitter({ baseMs: BASE_MS, capMs: CAP_MS });
  const delaysMs: number[] = [];
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    delaysMs.push(backoff.delayMs(attempt, delaysMs.at(-1) ?? 0, random) as number);
  }
  return delaysMs;
};

/** AWS's published formula: up to three times the last delay, cut at the cap. */
const cut: Client = () => {
  const { decorrelated } = awsBackoffs(BASE_MS, CAP_MS);
  const delaysMs: number[] = [];
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) delaysMs.push(decorrelated(attempt, delaysMs.at(-1) ?? 0, random));
  return delaysMs;
};

/** cockatiel's own, on Math.random: its figures differ a little from run to run. */
const cockatiel: Client = () => {
  const factory = new ExponentialBackoff({ initialDelay: BASE_MS, maxDelay: CAP_MS });
  const delaysMs: number[] = [];
  let step: IBackoff<unknown> | undefined;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    step = step === undefined ? factory.next() : step.next(undefined);
    delaysMs.push(step.duration);
  }
  return delaysMs;
};

function shareAtCap(client: Client): Record<string, string> {
  const atCap = new Array<number>(ATTEMPTS + 1).fill(0);
  for (let one = 0; one < CLIENTS; one++) {
    client().forEach((delayMs, index) => {
      if (delayMs >= CAP_MS) atCap[index + 1] = (atCap[index + 1] as number) + 1;
    });
  }
  return Object.fromEntries(
    SHOWN.map((attempt) => [`after attempt ${attempt}`, `${((100 * (atCap[attempt] as number)) / CLIENTS).toFixed(0)} %`]),
  );
}

console.table({
  'ringback, drawn below the cap': shareAtCap(below),
  'AWS’s formula, cut at the cap': shareAtCap(cut),
  'cockatiel’s ExponentialBackoff': shareAtCap(cockatiel),
});
