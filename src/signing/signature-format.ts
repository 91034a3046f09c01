import type { Buffer } from 'node:buffer';
import type { RingbackError } from '../errors.js';
import { invalidOption } from '../options.js';
import { decodeStrictly, type Encoding } from './encoded-bytes.js';
import { invalidSignature } from './received.js';
import { checkTemplate, filled, patternOf, SIGNATURE, TIMESTAMP } from './signature-template.js';

/** What stands between the signatures of a header that has room for several. */
export type SignatureSeparator = ',' | ';' | ' ';

/** How the value of a signature's header is written. */
export interface FormatSpec {
  /** The value with `{signature}` in it, and `{timestamp}` where it is carried there. */
  readonly template: string;
  /** Splits the template into pieces; the one with the signature may come several times. Without it there is one signature. */
  readonly separator: SignatureSeparator | undefined;
  readonly encoding: Encoding;
  /** How many bytes a signature has. */
  readonly bytes: number;
  /** Pieces among the signatures that are passed over: those of other versions. */
  readonly passedOver?: RegExp;
}

/** What a header holds, in its grammar. Nothing of it is proven yet. */
export interface ClaimedSignatures {
  /** Undefined where the template has no `{timestamp}`. */
  readonly timestamp: string | undefined;
  /** One or more, each of the right length. */
  readonly signatures: readonly Buffer[];
}

const MAX_LENGTH = 8_192;
const MAX_PIECES = 40;
const SEPARATORS: readonly unknown[] = [undefined, ',', ';', ' '];

/** Characters of a signature in its one canonical spelling. */
function encodedLength({ encoding, bytes }: FormatSpec): number {
  if (encoding === 'hex') return 2 * bytes;
  return encoding === 'base64' ? 4 * Math.ceil(bytes / 3) : Math.ceil((4 * bytes) / 3);
}

/** Writes the value of a signature's header and reads it back, by one template: what it does not say is refused. */
export class SignatureFormat {
  /** True where the header carries the timestamp, too. */
  readonly hasTimestamp: boolean;
  /** True where it has room for a signature of every secret; else it takes the first one's. */
  readonly takesSeveral: boolean;
  /** How a signature is spelt. */
  readonly encoding: Encoding;
  readonly #spec: FormatSpec;
  readonly #pieces: readonly string[];
  /** Beside each piece, what reads it. */
  readonly #patterns: readonly RegExp[];
  /** Which of the pieces has the signature. */
  readonly #repeated: number;

  /** @throws RingbackError `invalid-option` for a template that can't be read back. */
  constructor(spec: FormatSpec) {
    const { template, separator } = spec;
    checkTemplate(template);
    if (!SEPARATORS.includes(separator)) throw invalidOption('separator', '",", ";" or " "', separator);
    this.#spec = spec;
    this.encoding = spec.encoding;
    this.#pieces = separator === undefined ? [template] : template.split(separator);
    this.#repeated = this.#pieces.findIndex((piece) => piece.includes(SIGNATURE));
    this.#patterns = this.#pieces.map((piece) => patternOf(piece, encodedLength(spec)));
    this.hasTimestamp = template.includes(TIMESTAMP);
    this.takesSeveral = separator !== undefined;
    if (this.takesSeveral && this.#pieces[this.#repeated]?.includes(TIMESTAMP)) {
      throw invalidOption('format', `a template whose separator parts ${TIMESTAMP} from ${SIGNATURE}`, template);
    }
  }

  /** The header's value: with every signature, or the one there is. */
  write(signatures: readonly string[], timestamp: string): string {
    const written = this.#pieces.flatMap((piece, index) =>
      index === this.#repeated
        ? signatures.map((signature) => filled(piece, signature, timestamp))
        : filled(piece, '', timestamp),
    );
    return written.join(this.#spec.separator);
  }

  /** Throws `invalid-signature` for a value that is not exactly of the template's form. */
  read(name: string, text: string): ClaimedSignatures {
    const { separator, passedOver } = this.#spec;
    if (text.length > MAX_LENGTH) throw invalidSignature(`${name} must be at most ${MAX_LENGTH} characters`);
    const texts = separator === undefined ? [text] : text.split(separator);
    if (texts.length > MAX_PIECES) throw invalidSignature(`${name} must hold at most ${MAX_PIECES} pieces`);
    const more = texts.length - this.#pieces.length;
    let timestamp: string | undefined;
    const signatures: Buffer[] = [];
    for (const [at, piece] of texts.entries()) {
      // What stands before the signatures is counted from the front, what stands after them from the end.
      const index = at <= this.#repeated ? at : Math.max(this.#repeated, at - more);
      if (index === this.#repeated && passedOver?.test(piece)) continue;
      const found = this.#patterns[index]?.exec(piece);
      if (found === null || found === undefined) throw this.#unlike(name);
      timestamp = found.groups?.timestamp ?? timestamp;
      if (found.groups?.signature !== undefined) signatures.push(this.#decode(name, found.groups.signature));
    }
    if (more < 0 || signatures.length === 0) throw this.#unlike(name);
    return { timestamp, signatures };
  }

  #decode(name: string, text: string): Buffer {
    const bytes = decodeStrictly(text, this.#spec.encoding);
    if (bytes?.length !== this.#spec.bytes) throw this.#unlike(name);
    return bytes;
  }

  #unlike(name: string): RingbackError {
    const { template, encoding, bytes } = this.#spec;
    return invalidSignature(`${name} must be of the form ${template}, each signature the ${encoding} of ${bytes} bytes`);
  }
}
