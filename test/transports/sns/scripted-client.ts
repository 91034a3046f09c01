import type { SnsClient } from '../../../src/transports/sns/index.js';

interface Entry {
  readonly Id?: string;
  readonly Message: string;
  readonly MessageGroupId?: string;
}

/** One call of the transport's, open until a test ends it. */
export class OpenCall {
  /** Undefined for a message alone. */
  readonly entries: readonly Entry[] | undefined;
  readonly messages: readonly string[];
  readonly topic: string;
  readonly signal: AbortSignal;
  readonly ended: Promise<unknown>;
  #resolve!: (output: unknown) => void;
  #reject!: (error: unknown) => void;

  constructor(command: unknown, signal: AbortSignal) {
    const { input } = command as {
      readonly input: { readonly TopicArn: string; readonly PublishBatchRequestEntries?: readonly Entry[] } & Entry;
    };
    this.topic = input.TopicArn;
    this.entries = input.PublishBatchRequestEntries;
    this.messages = (this.entries ?? [input]).map(({ Message }) => Message);
    this.signal = signal;
    this.ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** All of it was taken. */
  take(): void {
    if (this.entries === undefined) this.#resolve({ MessageId: 'm' });
    else this.#resolve({ Successful: this.entries.map(({ Id }) => ({ Id, MessageId: `m-${Id}` })) });
  }

  fail(error: unknown): void {
    this.#reject(error);
  }
}

/** A client that answers when a test says so, and not before; not even to an abort, as while the SDK waits for credentials. */
export class ScriptedClient implements SnsClient {
  readonly calls: OpenCall[] = [];
  readonly config: SnsClient['config'];

  constructor(config: Partial<SnsClient['config']> = {}) {
    this.config = { maxAttempts: async () => 1, ...config };
  }

  send(command: unknown, { abortSignal }: { readonly abortSignal: AbortSignal }): Promise<unknown> {
    const call = new OpenCall(command, abortSignal);
    this.calls.push(call);
    return call.ended;
  }

  get sent(): readonly (readonly string[])[] {
    return this.calls.map(({ messages }) => messages);
  }
}
