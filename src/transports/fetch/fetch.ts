/** What the transport hands to `fetch` beside the URL. It names nothing that a platform's `fetch` may refuse as unknown. */
export interface FetchInit {
  readonly method: string;
  /** Name and value in turn, in the order that http sends them. The platform may sort them, and add its own. */
  readonly headers: [string, string][];
  readonly body: Uint8Array<ArrayBuffer>;
  /** Redirects are not followed. */
  readonly redirect: 'manual';
  /** The attempt's. */
  readonly signal: AbortSignal;
}

/** What is looked at of an answer: what every platform's `Response` has. */
export interface FetchedResponse {
  readonly status: number;
  /** `opaqueredirect` where the platform hides a redirect, as browsers do. */
  readonly type?: string;
  /** True where a redirect was followed after all. */
  readonly redirected?: boolean;
  readonly headers: { forEach(each: (value: string, name: string) => void): void };
  /** Null where the answer has no body. */
  readonly body: ResponseStream | null;
}

/** A `ReadableStream` of bytes. */
export interface ResponseStream {
  getReader(): {
    read(): Promise<{ readonly done: false; readonly value: Uint8Array } | { readonly done: true; readonly value?: unknown }>;
    cancel(): Promise<void>;
  };
}

/** Any `fetch`: the platform's, undici's, one that you wrapped, a mock. It must heed `init.signal`. */
export type Fetch = (url: string, init: FetchInit) => Promise<FetchedResponse>;
