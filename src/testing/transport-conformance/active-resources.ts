/** What keeps a process of Node's alive, by the kinds that a transport may leave behind. */
export type ActiveResources = ReadonlyMap<string, number>;

const KINDS = ['Timeout', 'TCPSocketWrap', 'TCPConnectWrap', 'TLSWrap', 'PipeConnectWrap', 'GetAddrInfoReqWrap'];

const { process } = globalThis as { readonly process?: { readonly getActiveResourcesInfo?: () => readonly string[] } };

/** Whether this runtime tells at all. */
export const TELLS_WHAT_IS_ACTIVE: boolean = typeof process?.getActiveResourcesInfo === 'function';

export function activeResources(): ActiveResources {
  const counts = new Map(KINDS.map((kind) => [kind, 0]));
  for (const kind of process?.getActiveResourcesInfo?.() ?? []) {
    const count = counts.get(kind);
    if (count !== undefined) counts.set(kind, count + 1);
  }
  return counts;
}

/** The kinds of which there are more than before, with how many more. */
export function newSince(before: ActiveResources): string[] {
  return [...activeResources()].flatMap(([kind, count]) => {
    const more = count - (before.get(kind) ?? 0);
    return more > 0 ? [`${more} ${kind}`] : [];
  });
}
