import type { Buffer } from 'node:buffer';
import { decodeStrictly } from '../encoded-bytes.js';

/**
 * Structured fields (RFC 9651) as far as signatures use them: dictionaries of items and inner lists, with integers, strings,
 * byte sequences and booleans. Read only in the one spelling that RFC 9651 §4.1 gives them: what is signed is how they are
 * written, so a second spelling could only serve whoever changes messages on their way.
 */

/** What an item can be. */
export type BareItem = number | string | boolean | Buffer;

export type Parameters = ReadonlyMap<string, BareItem>;

export interface Item {
  readonly value: BareItem;
  readonly parameters: Parameters;
}

export interface InnerList {
  readonly items: readonly Item[];
  readonly parameters: Parameters;
  /** As it was written, which is the spelling that it is signed in. */
  readonly text: string;
}

export type Dictionary = ReadonlyMap<string, Item | InnerList>;

const MAX_MEMBERS = 32;
const MAX_ITEMS = 64;
const MAX_PARAMETERS = 16;

const KEY = /[a-z*][a-z0-9_\-.*]*/y;
const INTEGER = /0|-?[1-9][0-9]{0,14}/y;
const STRING = /"((?:[ !#-[\]-~]|\\["\\])*)"/y;
const BYTES = /:([A-Za-z0-9+/=]*):/y;
const FALSE = /\?0/y;
const BETWEEN_MEMBERS = /[ \t]*,[ \t]*/y;

/** Where the text leaves the grammar; it never gets out of this file. */
class Fault extends Error {}

/** The members of a dictionary, each once; undefined for any other text. An empty text is an empty dictionary. */
export function parseDictionary(text: string): Dictionary | undefined {
  try {
    return new Reader(text).dictionary();
  } catch (fault) {
    if (fault instanceof Fault) return undefined;
    throw fault;
  }
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  dictionary(): Dictionary {
    const members = new Map<string, Item | InnerList>();
    if (this.#text === '') return members;
    do {
      const key = this.#match(KEY)[0];
      if (members.has(key) || members.size === MAX_MEMBERS) throw new Fault();
      members.set(key, this.#member());
    } while (this.#at < this.#text.length && this.#match(BETWEEN_MEMBERS));
    return members;
  }

  #member(): Item | InnerList {
    if (!this.#skip('=')) return { value: true, parameters: this.#parameters() };
    return this.#text[this.#at] === '(' ? this.#innerList() : this.#item();
  }

  #innerList(): InnerList {
    const start = this.#at;
    const items: Item[] = [];
    this.#at++;
    while (!this.#skip(')')) {
      if ((items.length > 0 && !this.#skip(' ')) || items.length === MAX_ITEMS) throw new Fault();
      items.push(this.#item());
    }
    const parameters = this.#parameters();
    return { items, parameters, text: this.#text.slice(start, this.#at) };
  }

  #item(): Item {
    return { value: this.#bareItem(), parameters: this.#parameters() };
  }

  #parameters(): Parameters {
    const parameters = new Map<string, BareItem>();
    while (this.#skip(';')) {
      const key = this.#match(KEY)[0];
      if (parameters.has(key) || parameters.size === MAX_PARAMETERS) throw new Fault();
      parameters.set(key, this.#skip('=') ? this.#bareItem() : true);
    }
    return parameters;
  }

  #bareItem(): BareItem {
    switch (this.#text[this.#at]) {
      case '"':
        return (this.#match(STRING)[1] as string).replace(/\\(.)/g, '$1');
      case ':':
        return this.#bytes();
      case '?':
        // True is written by leaving the value out, and nothing signed has a bare boolean elsewhere.
        this.#match(FALSE);
        return false;
      default:
        return Number(this.#match(INTEGER)[0]);
    }
  }

  #bytes(): Buffer {
    const bytes = decodeStrictly(this.#match(BYTES)[1] as string, 'base64');
    if (bytes === undefined) throw new Fault();
    return bytes;
  }

  #skip(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #match(pattern: RegExp): RegExpExecArray {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) throw new Fault();
    this.#at += found[0].length;
    return found;
  }
}
