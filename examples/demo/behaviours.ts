import { seededRandom } from 'ringback';
import type { PartnerName } from './partners.ts';

/** How a receiver answers one request. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly afterMs?: number;
}

/** Decides on the reply to a callback that has come `seenBefore` times already; null never answers. */
export type Behaviour = (id: string, seenBefore: number) => Reply | null;

const ACCEPTED: Reply = { status: 204 };

const SHARE_FAILING = 0.3;
/** No callback fails more often than this in a row, so that every one of them can be delivered, whatever the seed. */
const MOST_FAILURES_OF_ONE = 4;

/** What the limited receiver takes in a second is this share of all that comes to it: a fifth, so it needs five seconds. */
const LIMITED_SHARE_A_SECOND = 0.2;

/** The behaviours, by partner. Where chance decides, it is the seed, the callback's id and how often it came. */
export function behaviourOf(partner: PartnerName, seed: number, expected: number): Behaviour {
  switch (partner) {
    case 'failing':
      return (id, seenBefore) => {
        const fails = seenBefore < MOST_FAILURES_OF_ONE && seededRandom(`${seed} ${id} ${seenBefore}`)() < SHARE_FAILING;
        return fails ? { status: 503, headers: { 'retry-after': '1' } } : ACCEPTED;
      };
    case 'slow':
      return (id) => ({ status: 204, afterMs: 100 + 200 * seededRandom(`${seed} ${id}`)() });
    case 'hanging':
      return () => null;
    case 'limited':
      return limited(Math.max(5, expected * LIMITED_SHARE_A_SECOND));
    case 'gone':
      return () => ({ status: 410 });
    default:
      return () => ACCEPTED;
  }
}

/** A token bucket over real time, one second deep. */
function limited(perSecond: number): Behaviour {
  let tokens = perSecond;
  let lastMs = performance.now();
  return () => {
    const nowMs = performance.now();
    tokens = Math.min(perSecond, tokens + ((nowMs - lastMs) * perSecond) / 1_000);
    lastMs = nowMs;
    if (tokens < 1) return { status: 429, headers: { 'retry-after': '1' } };
    tokens -= 1;
    return ACCEPTED;
  };
}
