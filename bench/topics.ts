/** Every topic of the benchmark, in the order in which they are run and shown; the file is the section that measures it. */
export const TOPICS = {
  'no-op': { file: './policies.ts', title: 'Around an async no-op' },
  signal: { file: './policies.ts', title: 'Signal touched and one listener added' },
  refusal: { file: './policies.ts', title: 'Refused by an open circuit, a fresh error each time' },
  signing: { file: './signing.ts', title: 'Signing 1 KB, each scheme before the package for it' },
  verifying: { file: './signing.ts', title: 'Verifying the same' },
  http: { file: './http.ts', title: 'A signed callback of 1 KB over HTTP, 64 at once' },
  wide: { file: './wide.ts', title: 'A signed callback of 1 KB to 5,000 TLS origins, one a minute to each' },
  destinations: {
    file: './destinations.ts',
    title: 'A signed callback of 1 KB over the scripted transport, destinations at random',
  },
  smallest: { file: './destinations.ts', title: 'The smallest callback there is: unsigned, 14 bytes' },
  churn: { file: './churn.ts', title: 'Destinations that come and go, with room for 10,000' },
  'each-policy': { file: './each-policy.ts', title: 'One policy alone around an async no-op' },
  outbox: { file: './outbox.ts', title: 'Taken in and delivered over the scripted transport, in bursts' },
  'enqueue-latency': { file: './outbox.ts', title: 'Taken in at 10,000 a second' },
  stores: { file: './stores.ts', title: 'Idempotency keys claimed and completed, 32 at once' },
  bundles: { file: './bundles.ts', title: 'What each subpath weighs, and how long it takes to import' },
  installs: { file: './installs.ts', title: 'What npm installs' },
} as const satisfies Readonly<Record<string, { readonly file: string; readonly title: string }>>;

export type Topic = keyof typeof TOPICS;

export const TOPIC_NAMES: readonly Topic[] = Object.keys(TOPICS) as Topic[];
