/**
 * What a destination does with what is sent to it:
 *
 * - `delivers`: takes it. `delivers-late`: takes it after 200 ms or so.
 * - `fails`: breaks over it (HTTP 500, SMTP 451). `unreachable`: nothing listens there.
 * - `rejects`: is alive and says no (HTTP 400, SMTP 550). `gone`: says never again (HTTP 410).
 * - `overloads`: says too much, and to wait 2 s where the protocol can say that (HTTP 429 with `Retry-After: 2`).
 * - `forbidden`: is a place that the transport must not send to.
 * - `hangs-in-connect`: never takes the connection. `hangs-in-tls`: takes it, and never answers the TLS handshake.
 * - `hangs-before-answer`: takes the message, and never answers. `hangs-in-answer`: begins an answer, and goes silent.
 * - `answers-too-much`: takes it, and answers with more than `maxResponseBytes`; without end where the protocol can.
 */
export type DestinationBehaviour =
  | 'delivers'
  | 'delivers-late'
  | 'fails'
  | 'unreachable'
  | 'rejects'
  | 'gone'
  | 'overloads'
  | 'forbidden'
  | 'hangs-in-connect'
  | 'hangs-in-tls'
  | 'hangs-before-answer'
  | 'hangs-in-answer'
  | 'answers-too-much';

const BEHAVIOURS: readonly DestinationBehaviour[] = [
  'delivers',
  'delivers-late',
  'fails',
  'unreachable',
  'rejects',
  'gone',
  'overloads',
  'forbidden',
  'hangs-in-connect',
  'hangs-in-tls',
  'hangs-before-answer',
  'hangs-in-answer',
  'answers-too-much',
];

/**
 * What a case needs: a destination that behaves so; that `overloads` names a wait; that the transport has a `close`; that the
 * harness counts.
 */
export type TransportSubject = DestinationBehaviour | 'retryAfterMs' | 'close' | 'openConnections' | 'requests';

/** The subjects that a transport, or the harness around it, may be without. */
export const OPTIONAL_SUBJECTS: readonly TransportSubject[] = [
  ...BEHAVIOURS.filter((behaviour) => behaviour !== 'delivers'),
  'retryAfterMs',
  'close',
  'openConnections',
  'requests',
];
