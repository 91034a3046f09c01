import type { Buffer } from 'node:buffer';
import { isRingbackError, RingbackError } from '../errors.js';
import { equalBytes } from './encoded-bytes.js';
import { areParts } from './hmac-coverage.js';
import type { HmacDigest } from './hmac-digest.js';
import { type Covered, type HmacParts, hmacMessage, type KnownMessage, type SignedParts } from './hmac-message.js';
import { receivedBody, singleHeader } from './received.js';
import type { ReceivedMessage, Signable, SignatureScheme, Verified } from './scheme.js';
import { checkUntaken } from './scheme-headers.js';
import { type KeySource, withKeys } from './secrets.js';
import type { SignatureFormat } from './signature-format.js';
import { checkAge, unixSeconds, unixSecondsText } from './timestamp.js';

/** A dialect of HMAC, checked: what `hmac`, `stripe` and `github` come down to. Header names are in lower case. */
export interface HmacDialect {
  readonly name: string;
  /** Carries the signature. */
  readonly header: string;
  readonly format: SignatureFormat;
  readonly signed: SignedParts;
  /** What `signed` covers. */
  readonly covered: Covered;
  /** Carries the timestamp, where the signature's own header does not. */
  readonly timestampHeader?: string | undefined;
  /** Carries the id, signed or not. */
  readonly idHeader?: string | undefined;
  readonly toleranceMs: number;
}

/** Visible ASCII, as every id is. */
const ID = /^[!-~]{1,255}$/;
/** An id beside other parts must not be able to run into them: `a.1` and `a` with a body `1.…` would sign alike. */
const SIGNED_ID = /^[A-Za-z0-9_-]{1,255}$/;

/** Makes the error for a fault of the message: which one depends on whether it is signed or verified. */
type Refuse = (fault: string, cause?: unknown) => RingbackError;

const refusal =
  (code: 'invalid-callback' | 'invalid-signature'): Refuse =>
  (fault, cause) =>
    new RingbackError(code, fault, cause === undefined ? undefined : { cause });

const toSign = refusal('invalid-callback');
const toVerify = refusal('invalid-signature');

/** The scheme of a dialect. The keys live in this closure alone, so that no inspection of the scheme shows them. */
export function hmacScheme(dialect: HmacDialect, source: KeySource<HmacDigest>): SignatureScheme {
  const { name, header, timestampHeader, idHeader, format, covered } = dialect;
  const isTimed = timestampHeader !== undefined || format.hasTimestamp;
  const names = [header, timestampHeader, idHeader].filter((name) => name !== undefined);
  return {
    name,
    check: ({ id, to, headers, body }) => {
      checkId(dialect, id, toSign);
      checkUntaken(headers, names);
      // The method is the transport's, and not known yet.
      hmacMessage({ id, timestamp: '', method: 'POST', url: to, headers, body }, covered, toSign);
    },
    sign: (message: Signable) => {
      const { id, method, to, headers, body } = message;
      checkId(dialect, id, toSign);
      checkUntaken(headers, names);
      const timestamp = isTimed ? unixSecondsText(message.timestampMs) : '';
      const parts = partsOf(dialect, { id, timestamp, method, url: to, headers, body }, toSign);
      return withKeys(source.forSigning(message), (keys) => ({
        ...(idHeader === undefined ? {} : { [idHeader]: id }),
        ...(timestampHeader === undefined ? {} : { [timestampHeader]: timestamp }),
        [header]: format.write(signaturesOf(dialect, keys, parts), timestamp),
      }));
    },
    verify: (received: ReceivedMessage) => withKeys(source.forVerifying(received), (keys) => verify(dialect, received, keys)),
  };
}

function checkId({ idHeader, covered }: HmacDialect, id: string, refuse: Refuse): void {
  if (idHeader !== undefined && !ID.test(id)) throw refuse('the id must be 1 to 255 visible ASCII characters');
  if (covered.id && !SIGNED_ID.test(id)) throw refuse('an id that is signed must be 1 to 255 letters, digits, "_" and "-"');
}

/** What the user's function gives for a message. It may meet one that no sample was like. */
function partsOf({ signed, covered }: HmacDialect, known: KnownMessage, refuse: Refuse): HmacParts {
  const message = hmacMessage(known, covered, refuse);
  let parts: unknown;
  try {
    parts = signed(message);
  } catch (cause) {
    throw isRingbackError(cause) ? cause : refuse('signed threw for this message', cause);
  }
  if (areParts(parts)) return parts;
  throw refuse('signed gave no array of strings and Uint8Arrays for this message');
}

function signaturesOf({ format }: HmacDialect, keys: readonly HmacDigest[], parts: HmacParts): readonly string[] {
  const signing = format.takesSeveral ? keys : keys.slice(0, 1);
  return signing.map((key) => key.text(parts, format.encoding));
}

function verify(dialect: HmacDialect, received: ReceivedMessage, keys: readonly HmacDigest[]): Verified {
  const { header, timestampHeader, idHeader, format, covered } = dialect;
  const { headers, method, url } = received;
  const body = receivedBody(received);
  const claimed = format.read(header, singleHeader(headers, header));
  const timestampText = timestampHeader === undefined ? claimed.timestamp : singleHeader(headers, timestampHeader);
  const timestamp = timestampText === undefined ? undefined : unixSeconds(timestampHeader ?? header, timestampText);
  // An id that is not signed may be anybody's: it is not even read.
  const id = idHeader !== undefined && covered.id ? singleHeader(headers, idHeader) : undefined;
  if (id !== undefined) checkId(dialect, id, toVerify);
  const known = { id: id ?? '', timestamp: timestamp?.text ?? '', method, url, headers, body };
  if (!fitsAny(keys, claimed.signatures, partsOf(dialect, known, toVerify))) {
    throw toVerify(`no signature in ${header} fits the message`);
  }
  if (timestamp !== undefined) checkAge(timestampHeader ?? header, timestamp.ms, received.nowMs, dialect.toleranceMs);
  return { ...(id === undefined ? {} : { id }), ...(timestamp === undefined ? {} : { timestampMs: timestamp.ms }) };
}

/** Compares every signature with every key's, whatever has matched before: the time it takes tells nothing about which. */
function fitsAny(keys: readonly HmacDigest[], signatures: readonly Buffer[], parts: HmacParts): boolean {
  let fits = false;
  for (const key of keys) {
    const expected = key.bytes(parts);
    for (const signature of signatures) fits = equalBytes(expected, signature) || fits;
  }
  return fits;
}
