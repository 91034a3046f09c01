import type { Answer } from '../../callback.js';
import type { SendAttempt } from '../transport.js';
import type { Caller } from './call.js';
import type { Publication } from './publication.js';
import { type LineSettings, TopicLine } from './topic-line.js';

/** A line for each topic that has something on its way, and for no other. */
export class TopicLines {
  private readonly settings: LineSettings;
  private readonly caller: Caller;
  private readonly lines = new Map<string, TopicLine>();
  private readonly waitingForEmpty: (() => void)[] = [];

  constructor(settings: LineSettings, caller: Caller) {
    this.settings = settings;
    this.caller = caller;
  }

  send(publication: Publication, attempt: SendAttempt): Promise<Answer> {
    const { arn } = publication.topic;
    let line = this.lines.get(arn);
    if (line === undefined) {
      line = new TopicLine(this.settings, this.caller, () => this.drop(arn));
      this.lines.set(arn, line);
    }
    return line.send(publication, attempt);
  }

  /** Publishes what waits, and resolves once all has ended. */
  async end(): Promise<void> {
    for (const line of [...this.lines.values()]) line.flush();
    if (this.lines.size === 0) return;
    await new Promise<void>((resolve) => {
      this.waitingForEmpty.push(resolve);
    });
  }

  private drop(arn: string): void {
    this.lines.delete(arn);
    if (this.lines.size > 0) return;
    for (const resolve of this.waitingForEmpty.splice(0)) resolve();
  }
}
