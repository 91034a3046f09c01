import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  dictionaryText,
  innerListText,
  itemText,
  type ParameterEntry,
} from '../../../src/signing/http-message-signatures/structured-field-text.js';
import { type Item, parseDictionary } from '../../../src/signing/http-message-signatures/structured-fields.js';

const entries = (parameters: ReadonlyMap<string, unknown>): unknown[] => [...parameters];

describe('parseDictionary', () => {
  it('reads what signatures are written in', () => {
    const text =
      'sig1=("@method" "@query-param";name="a b");created=1618884473;keyid="k\\"1\\\\";req, digest=:AAEC:;x=-5, on;a=?0';
    const members = parseDictionary(text);
    expect([...(members ?? [])].map(([label]) => label)).toEqual(['sig1', 'digest', 'on']);
    const [signature, digest, on] = [...(members?.values() ?? [])];
    if (signature === undefined || !('items' in signature)) throw new Error('no inner list');
    expect(signature.items.map(({ value }) => value)).toEqual(['@method', '@query-param']);
    expect(entries(signature.items[1]?.parameters ?? new Map())).toEqual([['name', 'a b']]);
    expect(entries(signature.parameters)).toEqual([
      ['created', 1618884473],
      ['keyid', 'k"1\\'],
      ['req', true],
    ]);
    expect(signature.text).toBe(text.slice(5, text.indexOf(', digest')));
    expect(digest).toMatchObject({ value: Buffer.from([0, 1, 2]), parameters: new Map([['x', -5]]) });
    expect(on).toMatchObject({ value: true, parameters: new Map([['a', false]]) });
  });

  it('reads the empty text as an empty dictionary, and () as an empty list', () => {
    expect(parseDictionary('')?.size).toBe(0);
    expect(parseDictionary('a=()')?.get('a')).toEqual({ items: [], parameters: new Map(), text: '()' });
  });

  it('lets any spaces and tabs stand around the comma between members, where lines may have been joined', () => {
    for (const comma of [',', ', ', ' ,', '\t, \t']) expect(parseDictionary(`a=1${comma}b=2`)?.size).toBe(2);
  });

  it.each([
    [' a=1'],
    ['a=1 '],
    ['a=1,'],
    [',a=1'],
    ['a=1,,b=2'],
    ['a=1;'],
    ['a =1'],
    ['a= 1'],
    ['a'.toUpperCase()],
    ['1a=1'],
    ['a=1 b=2'],
    ['a=1, a=2'],
    ['a=1;b=1;b=2'],
    ['a=1; b=1'],
    ['a=1;b'.concat('=')],
    ['a=()()'],
    ['a=01'],
    ['a=-0'],
    ['a=+1'],
    ['a=1.5'],
    ['a=1e3'],
    ['a=1618884473abc'],
    ['a=1000000000000000'],
    ['a=--1'],
    ['a=-'],
    ['a="'],
    ['a="b'],
    ['a="b\\c"'],
    ['a="b\nc"'],
    ['a="ä"'],
    ['a="\t"'],
    ["a='b'"],
    ['a=:AAEC'],
    ['a=AAEC:'],
    ['a=:AAE:'],
    ['a=:AAF=:'],
    ['a=:AA EC:'],
    ['a=:AA-_:'],
    ['a=:====:'],
    ['a=?1'],
    ['a=1;b=?1'],
    ['a=?2'],
    ['a=token'],
    ['a=@1'],
    ['a=%"b"'],
    ['a=( "b")'],
    ['a=("b" )'],
    ['a=("b"  "c")'],
    ['a=("b"\t"c")'],
    ['a=("b""c")'],
    ['a=("b","c")'],
    ['a=("b"'],
    ['a=(("b"))'],
    ['a="b")'],
  ])('refuses %j, which is no dictionary or has a shorter spelling', (text) => {
    expect(parseDictionary(text)).toBeUndefined();
  });

  it('has bounds for members, items and parameters', () => {
    const many = (count: number, one: (index: number) => string, between: string): string =>
      Array.from({ length: count }, (_, index) => one(index)).join(between);
    expect(parseDictionary(many(32, (index) => `a${index}`, ','))?.size).toBe(32);
    expect(parseDictionary(many(33, (index) => `a${index}`, ','))).toBeUndefined();
    expect(parseDictionary(`a=(${many(64, String, ' ')})`)?.size).toBe(1);
    expect(parseDictionary(`a=(${many(65, String, ' ')})`)).toBeUndefined();
    expect(parseDictionary(`a${many(16, (index) => `;b${index}`, '')}`)?.size).toBe(1);
    expect(parseDictionary(`a${many(17, (index) => `;b${index}`, '')}`)).toBeUndefined();
  });
});

const key = fc.stringMatching(/^[a-z*][a-z0-9_\-.*]{0,10}$/);
const bareItem = fc.oneof(
  fc.integer({ min: -999_999_999_999_999, max: 999_999_999_999_999 }),
  fc.stringMatching(/^[ -~]{0,20}$/),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  fc.constant(false),
);
const parameters = fc.uniqueArray(fc.tuple(key, fc.oneof(bareItem, fc.constant(true))), {
  selector: ([name]) => name,
  maxLength: 4,
});
const item = fc.record({ value: bareItem, parameters: parameters.map((list) => new Map(list)) });
const innerList = fc.record({ items: fc.array(item, { maxLength: 5 }), parameters });
const member = fc.oneof(
  item.map((one) => ({ one, text: itemText(one) })),
  innerList.map(({ items, parameters: own }) => ({
    one: { items, parameters: new Map(own) },
    text: innerListText(
      items.map((each: Item) => itemText(each)),
      own as readonly ParameterEntry[],
    ),
  })),
);
const dictionary = fc.uniqueArray(fc.tuple(key, member), { selector: ([label]) => label, maxLength: 5 });

describe('a round trip', () => {
  it('reads back what was written, whatever it was', () => {
    fc.assert(
      fc.property(dictionary, (members) => {
        const text = dictionaryText(members.map(([label, { text }]) => [label, text]));
        const read = parseDictionary(text);
        expect([...(read?.keys() ?? [])]).toEqual(members.map(([label]) => label));
        for (const [label, { one }] of members) expect(read?.get(label)).toMatchObject(one);
      }),
      { numRuns: 2_000 },
    );
  });

  it('writes what it reads in the same characters, so that nothing has two spellings', () => {
    const mutation = fc.record({ at: fc.nat(), to: fc.stringMatching(/^[ -~]{0,2}$/), drop: fc.nat({ max: 2 }) });
    fc.assert(
      fc.property(dictionary, mutation, (members, { at, to, drop }) => {
        const original = dictionaryText(members.map(([label, { text }]) => [label, text]));
        const start = at % (original.length + 1);
        const text = original.slice(0, start) + to + original.slice(start + drop);
        const read = parseDictionary(text);
        if (read === undefined) return;
        const again = [...read].map(([label, one]): string => {
          if ('items' in one) return `${label}=${innerListText(one.items.map(itemText), one.parameters)}`;
          return one.value === true ? `${label}${itemText(one).slice(2)}` : `${label}=${itemText(one)}`;
        });
        expect(again.join(',')).toBe(commasAlone(text));
      }),
      { numRuns: 5_000 },
    );
  });
});

/** The text without what may stand around the commas between members. */
function commasAlone(text: string): string {
  const parts = text.match(/"(?:[^"\\]|\\.)*"|[ \t]*,[ \t]*|[^",]/g) ?? [];
  return parts.map((part) => (/^[ \t]*,[ \t]*$/.test(part) ? ',' : part)).join('');
}
