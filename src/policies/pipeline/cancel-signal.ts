/** What is told of an abort. */
export type AbortListener = (() => void) | { handleEvent(): void };

/**
 * What a pipeline needs of an AbortSignal. Whoever makes one for every call may bring something lighter: an AbortSignal with a
 * listener costs an event target and a map.
 */
export interface CancelSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: AbortListener, options?: { readonly once: boolean }): void;
  removeEventListener(type: 'abort', listener: AbortListener): void;
}
