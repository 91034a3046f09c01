import type { Clock } from '../clock.js';
import type { Random } from '../random.js';
import { type SimulatedFailure, simulatedFailure } from './failure.js';
import type { Conditions } from './faults.js';
import type { Receiver, ReceiverPlan } from './receiver.js';
import type { Request } from './request.js';

/** A receiver on the virtual clock, and the way to it: when services end, when answers arrive, what outages do. */
export class Destination {
  readonly receiver: Receiver<Request>;
  readonly #plan: ReceiverPlan;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(receiver: Receiver<Request>, plan: ReceiverPlan, clock: Clock, random: Random) {
    this.receiver = receiver;
    this.#plan = plan;
    this.#clock = clock;
    this.#random = random;
  }

  /** Takes an attempt in; the request hears of its end, or in a silent outage never. */
  send(request: Request): void {
    const { outage } = this.receiver.conditions;
    if (outage === 'silent') return;
    if (outage === 'refused') {
      this.#answer(request, simulatedFailure('ECONNREFUSED'));
      return;
    }
    const admission = this.receiver.arrive(request, this.#clock.monotonic());
    if (admission === 'queued') return;
    if (admission === 'started') this.#serve(request);
    else if (admission === 'full') this.#answer(request, simulatedFailure(503));
    else this.#answer(request, simulatedFailure(429, admission.retryAfterSeconds));
  }

  /** A fault begins or ends. An outage that begins takes all that the receiver held with it. */
  change(conditions: Conditions): void {
    const begins = conditions.outage !== undefined && conditions.outage !== this.receiver.conditions.outage;
    this.receiver.conditions = conditions;
    if (!begins) return;
    for (const request of this.receiver.crash(this.#clock.monotonic())) {
      if (request.serving !== undefined) this.#clock.clearTimer(request.serving);
      if (conditions.outage === 'refused') this.#answer(request, simulatedFailure('ECONNRESET'));
    }
  }

  #serve(request: Request): void {
    request.serving = this.#clock.setTimer(() => this.#served(request), request.serviceMs);
  }

  #served(request: Request): void {
    const next = this.receiver.finish(request, this.#clock.monotonic());
    if (next !== undefined) this.#serve(next);
    const errorRate = 1 - (1 - this.#plan.errorRate) * (1 - this.receiver.conditions.errorRate);
    this.#answer(request, errorRate > 0 && this.#random() < errorRate ? simulatedFailure(500) : undefined);
  }

  #answer(request: Request, failure: SimulatedFailure | undefined): void {
    const delayMs = this.#plan.latencyMs + this.receiver.conditions.addMs;
    if (delayMs === 0) request.answered(failure);
    else this.#clock.setTimer(() => request.answered(failure), delayMs);
  }
}
