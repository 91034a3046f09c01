/** One receiver of the demo, by what it does to the callbacks that come to it. */
export interface Partner {
  readonly name: PartnerName;
  /** Its share of all callbacks, in parts of a hundred. */
  readonly share: number;
  readonly behaves: string;
  /** True when nothing that is sent to it can be delivered: all of it must end as dead letters. */
  readonly hopeless: boolean;
}

export type PartnerName = 'healthy' | 'failing' | 'slow' | 'hanging' | 'away' | 'limited' | 'gone';

/** How long the receiver that goes away stays away. */
export const AWAY_MS = 3_000;

/** What is not delivered to the hanging receiver by then is of no use to it: a deadline ends what would never end. */
export const HANGING_DEADLINE_MS = 8_000;

export const PARTNERS: readonly Partner[] = [
  { name: 'healthy', share: 40, behaves: 'answers 204', hopeless: false },
  { name: 'failing', share: 16, behaves: 'fails 30 % with 503 and Retry-After', hopeless: false },
  { name: 'slow', share: 12, behaves: 'takes 100 to 300 ms', hopeless: false },
  { name: 'hanging', share: 2, behaves: 'takes the request and never answers', hopeless: true },
  { name: 'away', share: 14, behaves: `closes its port for ${AWAY_MS / 1_000} s`, hopeless: false },
  { name: 'limited', share: 12, behaves: 'answers 429 above its rate', hopeless: false },
  { name: 'gone', share: 4, behaves: 'answers 410', hopeless: true },
];
