import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { type Callback, type Random, seededRandom } from 'ringback';
import { HANGING_DEADLINE_MS, PARTNERS, type PartnerName } from './partners.ts';
import type { ReceiverPorts } from './receivers.ts';

/** One callback of the demo, before it is handed over. */
export interface DemoCallback {
  readonly id: string;
  /** GitHub's own id of an event, sent as `x-github-delivery`: it finds one event sent under two callback ids. */
  readonly event: string;
  readonly type: string;
  readonly payload: object;
  /** SHA-256 of the payload's JSON: what must arrive. */
  readonly sha256: string;
  readonly partner: PartnerName;
  /** How it is handed over: most are enqueued, some delivered while the caller waits. */
  readonly way: 'enqueue' | 'deliver';
}

interface Example {
  readonly type: string;
  readonly payload: object;
  readonly sha256: string;
}

/** Where `deliver` is used, for one callback in twenty: the caller waits, so the receiver should be one that answers. */
const WAITED_FOR: readonly PartnerName[] = ['healthy', 'slow'];
const SHARE_WAITED_FOR = 0.05;

/** `count` callbacks of real GitHub webhook payloads. The same seed gives the same callbacks to the same receivers. */
export function makeCallbacks(count: number, seed: number): readonly DemoCallback[] {
  const random = seededRandom(`callbacks ${seed}`);
  const examples = readExamples();
  return Array.from({ length: count }, () => {
    const example = examples[Math.floor(random() * examples.length)] as Example;
    const partner = pickPartner(random);
    const isWaitedFor = WAITED_FOR.includes(partner) && random() < SHARE_WAITED_FOR;
    return { id: `msg_${hex(random)}`, event: hex(random), ...example, partner, way: isWaitedFor ? 'deliver' : 'enqueue' };
  });
}

function readExamples(): readonly Example[] {
  const require = createRequire(import.meta.url);
  const events = require('@octokit/webhooks-examples') as readonly {
    readonly name: string;
    readonly examples: readonly object[];
  }[];
  return events.flatMap(({ name, examples }) =>
    examples.map((payload) => {
      const sha256 = createHash('sha256').update(JSON.stringify(payload)).digest('hex');
      return { type: `github.${name}`, payload, sha256 };
    }),
  );
}

function pickPartner(random: Random): PartnerName {
  let rest = random() * PARTNERS.reduce((sum, { share }) => sum + share, 0);
  for (const { name, share } of PARTNERS) {
    rest -= share;
    if (rest < 0) return name;
  }
  return 'healthy';
}

/** 24 hexadecimal digits, of two draws. */
function hex(random: Random): string {
  return [random(), random()]
    .map((draw) =>
      Math.floor(draw * 16 ** 12)
        .toString(16)
        .padStart(12, '0'),
    )
    .join('');
}

/** As it is handed to ringback, to the receiver at its port. */
export function callbackTo(ports: ReceiverPorts, { id, event, type, payload, partner }: DemoCallback): Callback {
  return {
    to: `http://127.0.0.1:${ports[partner]}/hooks`,
    id,
    type,
    data: payload,
    headers: { 'x-github-event': type, 'x-github-delivery': event },
    ...(partner === 'hanging' && { deadlineMs: HANGING_DEADLINE_MS }),
  };
}
