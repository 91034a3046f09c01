import type { Answer } from '../../callback.js';
import type { Clock, TimerHandle } from '../../clock.js';
import type { SendAttempt } from '../transport.js';
import { nextBatch } from './batch.js';
import { type Caller, publish } from './call.js';
import type { Publication } from './publication.js';
import { Sending } from './sending.js';

/** What all lines have in common. */
export interface LineSettings {
  readonly clock: Clock;
  readonly gatherMs: number;
  readonly maxBytes: number;
}

/**
 * The messages that wait to be published to one topic. They go when a batch is full, or when the first has waited for `gatherMs`. On a
 * FIFO topic only one call at a time has messages of a group; what it holds back goes when that call ends. The line is no longer
 * than the sends that wait for it, and those are bounded by who sends.
 */
export class TopicLine {
  private readonly settings: LineSettings;
  private readonly caller: Caller;
  private readonly onIdle: () => void;
  private line: Sending[] = [];
  private readonly groupsInFlight = new Set<string>();
  private calls = 0;
  private timer: TimerHandle | undefined = undefined;

  /** `onIdle` is called when nothing waits any more and nothing is in flight. */
  constructor(settings: LineSettings, caller: Caller, onIdle: () => void) {
    this.settings = settings;
    this.caller = caller;
    this.onIdle = onIdle;
  }

  send(publication: Publication, attempt: SendAttempt): Promise<Answer> {
    const sending = new Sending(publication, attempt.signal, (aborted) => this.leave(aborted));
    attempt.progress = sending;
    this.line.push(sending);
    const canGoLater = this.publish('full batches');
    if (canGoLater) this.timer ??= this.settings.clock.setTimer(() => this.flush(), this.settings.gatherMs);
    return sending.ended;
  }

  /** Waits for nobody else. */
  flush(): void {
    this.stopTimer();
    this.publish('all');
  }

  /** Begins calls, and tells whether there is somebody left who could go. */
  private publish(what: 'full batches' | 'all'): boolean {
    const { gatherMs, maxBytes } = this.settings;
    for (;;) {
      const { places, isFull } = nextBatch(this.line, this.groupsInFlight, { gathers: gatherMs > 0, maxBytes });
      if (places.length === 0) return false;
      if (!isFull && what === 'full batches') return true;
      this.begin(places);
    }
  }

  private begin(places: readonly number[]): void {
    const going = new Set(places.map((place) => this.line[place] as Sending));
    this.line = this.line.filter((sending) => !going.has(sending));
    if (this.line.length === 0) this.stopTimer();
    const groups = [...going].flatMap(({ publication }) => publication.fields.MessageGroupId ?? []);
    for (const group of groups) this.groupsInFlight.add(group);
    this.calls++;
    void this.run([...going], groups);
  }

  private async run(going: readonly Sending[], groups: readonly string[]): Promise<void> {
    await publish(going, this.caller);
    this.calls--;
    for (const group of groups) this.groupsInFlight.delete(group);
    // Who waits without a timer was held back, and has waited long enough.
    if (this.timer === undefined) this.publish('all');
    this.tellIdle();
  }

  /** An abort before the batch went. The others stay. */
  private leave(sending: Sending): void {
    this.line.splice(this.line.indexOf(sending), 1);
    if (this.line.length === 0) this.stopTimer();
    this.tellIdle();
  }

  private tellIdle(): void {
    if (this.line.length === 0 && this.calls === 0) this.onIdle();
  }

  private stopTimer(): void {
    if (this.timer === undefined) return;
    this.settings.clock.clearTimer(this.timer);
    this.timer = undefined;
  }
}
