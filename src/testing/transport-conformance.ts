import { checkNames, functionOption, invalidOption, numberOption } from '../options.js';
import { aborts } from './transport-conformance/aborts.js';
import { TELLS_WHAT_IS_ACTIVE } from './transport-conformance/active-resources.js';
import { closing } from './transport-conformance/closing.js';
import { OPTIONAL_SUBJECTS, type TransportSubject } from './transport-conformance/destination-behaviour.js';
import { leavesNothing, leftovers } from './transport-conformance/leftovers.js';
import { listeners } from './transport-conformance/listeners.js';
import { outcomes } from './transport-conformance/outcomes.js';
import { type CreateTransport, TransportCase, type TransportChecks } from './transport-conformance/transport-case.js';

/** What {@link transportConformance} is given. */
export interface TransportConformanceOptions {
  /** The runner's: of vitest, node:test, jest or mocha. */
  readonly describe: (name: string, body: () => void) => unknown;
  /** The runner's. A case fails by a rejected promise. */
  readonly it: (name: string, body: () => Promise<void>) => unknown;
  /** Opens a transport, and what it sends to. Called once in each case. */
  readonly createTransport: CreateTransport;
  /**
   * What the protocol, or the harness, is without, and why: `{ gone: 'SMTP has no reply for it' }`. The cases that need it are
   * declared all the same, with this reason in their names, and hold nothing.
   */
  readonly leftOut?: Readonly<Partial<Record<Exclude<TransportSubject, 'delivers'>, string>>>;
  /** The cap on a response's body that the transport was opened with, in bytes. Default 65,536. */
  readonly maxResponseBytes?: number;
}

/**
 * The contract of `Transport` as a test-suite: run it on a transport of your own. It declares its cases by the `describe`
 * and `it` it is given, brings its own checks, and needs nothing else.
 *
 * You bring what the transport sends to: `createTransport` opens a transport and tells, for each of a set of behaviours (takes it,
 * says no, hangs before an answer, …), the URI of a destination that behaves so. What your protocol can't do is named in
 * `leftOut`. It waits really, well under a second in each case, so don't hand in a fake clock; and it looks at what
 * keeps the process alive, so run nothing beside it in one process.
 *
 * @throws RingbackError `invalid-option` for an unknown option or a wrong one.
 * @example
 * ```ts
 * import { describe, it } from 'node:test';
 * import type { Transport } from 'ringback';
 * import { transportConformance } from 'ringback/testing';
 *
 * let prints = 0;
 * const printer: Transport = {
 *   name: 'printer',
 *   accepts: (to) => to.protocol === 'print:',
 *   send: async (message, { signal }) => {
 *     signal.throwIfAborted();
 *     prints++;
 *     if (message.to === 'print:tray-1') return { outcome: { kind: 'delivered' } };
 *     return { outcome: { kind: 'rejected', reason: 'no such tray' } };
 *   },
 * };
 * const [atOnce, noNetwork] = ['it prints at once', 'there is no network'];
 * transportConformance({
 *   describe,
 *   it,
 *   createTransport: () => {
 *     prints = 0;
 *     const trays = { delivers: 'print:tray-1', rejects: 'print:tray-9' };
 *     return { transport: printer, destination: (behaviour) => trays[behaviour as 'delivers' | 'rejects'], requests: () => prints };
 *   },
 *   leftOut: {
 *     'delivers-late': atOnce,
 *     'hangs-before-answer': atOnce,
 *     'hangs-in-answer': atOnce,
 *     'hangs-in-connect': noNetwork,
 *     'hangs-in-tls': noNetwork,
 *     unreachable: noNetwork,
 *     openConnections: noNetwork,
 *     fails: 'a printer on fire says nothing',
 *     overloads: 'its queue has no end',
 *     gone: 'a tray can be put back',
 *     forbidden: 'all trays are ours',
 *     'answers-too-much': 'it answers nothing',
 *     close: 'it holds nothing open',
 *   },
 * });
 * ```
 */
export function transportConformance(options: TransportConformanceOptions): void {
  const { describe, it, createTransport, leftOut = {}, maxResponseBytes = 65_536 } = checked(options);
  const groups: readonly (readonly [group: string, cases: TransportChecks, around?: Around])[] = [
    ['how a send ends', outcomes(maxResponseBytes)],
    ['what ends a send from outside', aborts],
    ['what close does', closing],
    ['what a send leaves on its signal', listeners],
    ['what is left of it', leftovers, leavesNothing],
  ];
  describe('a transport', () => {
    for (const [group, cases, around = asItIs] of groups) {
      describe(group, () => {
        for (const [name, { needs, run }] of Object.entries(cases)) {
          const why = missing(needs, leftOut) ?? (around === leavesNothing ? UNTOLD : undefined);
          if (why === undefined) it(name, () => around(() => inCase(createTransport, run)));
          else it(`${name} (left out, ${why})`, async () => {});
        }
      });
    }
  });
}

/** What is done around a case. */
type Around = (runCase: () => Promise<void>) => Promise<void>;

const asItIs: Around = (runCase) => runCase();

const UNTOLD: string | undefined = TELLS_WHAT_IS_ACTIVE ? undefined : 'as this runtime does not tell what does';

/** Why a case that needs these is left out; undefined where nothing is missing. */
function missing(
  needs: readonly TransportSubject[],
  leftOut: NonNullable<TransportConformanceOptions['leftOut']>,
): string | undefined {
  for (const need of needs) {
    if (need !== 'delivers' && leftOut[need] !== undefined) return `${need}: ${leftOut[need]}`;
  }
  return undefined;
}

/** Runs a case on a transport of its own. */
async function inCase(createTransport: CreateTransport, run: (given: TransportCase) => Promise<void>): Promise<void> {
  const given = new TransportCase(await createTransport());
  try {
    await run(given);
  } finally {
    await given.end();
  }
}

function checked(options: TransportConformanceOptions): TransportConformanceOptions {
  const owner = 'transportConformance';
  checkNames(owner, options, ['describe', 'it', 'createTransport', 'leftOut', 'maxResponseBytes']);
  for (const name of ['describe', 'it', 'createTransport'] as const) functionOption(name, options[name] ?? null, undefined);
  checkNames('leftOut', options.leftOut ?? {}, OPTIONAL_SUBJECTS);
  for (const [subject, why] of Object.entries(options.leftOut ?? {})) {
    if (typeof why !== 'string' || why === '') throw invalidOption(`leftOut.${subject}`, 'text that says why', why);
  }
  numberOption('maxResponseBytes', options.maxResponseBytes, 0, { from: 0, integer: true });
  return options;
}
