import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { isRingbackError, RingbackError } from '../src/errors.js';

describe('RingbackError', () => {
  it('is an Error with a code, a message and a cause', () => {
    const cause = new Error('socket hang up');
    const error = new RingbackError('transport-failed', 'no answer', { cause });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ code: 'transport-failed', message: 'no answer', cause });
  });

  it('has no cause of its own where none is given', () => {
    expect('cause' in new RingbackError('closed', 'closed')).toBe(false);
  });

  it.each([
    ['cancelled', 'AbortError'],
    ['attempt-timeout', 'TimeoutError'],
    ['deadline-exceeded', 'TimeoutError'],
    ['transport-failed', 'RingbackError'],
    ['circuit-open', 'RingbackError'],
    ['invalid-option', 'RingbackError'],
  ] as const)('with the code %s is named %s', (code, name) => {
    const error = new RingbackError(code, 'for a reason');
    expect(error.name).toBe(name);
    expect(String(error)).toBe(`${name}: for a reason`);
  });

  it('shows code and message when it is inspected, and its brand never', () => {
    const shown = inspect(new RingbackError('rate-limited', 'no token for 80 ms'));
    expect(shown).toContain('no token for 80 ms');
    expect(shown).toContain("code: 'rate-limited'");
    expect(shown).not.toContain('ringback.error');
  });

  it('keeps what it was not given out of its JSON', () => {
    expect(JSON.parse(JSON.stringify(new RingbackError('closed', 'closed')))).toEqual({ code: 'closed' });
  });
});

describe('isRingbackError', () => {
  it('holds for each of ours, subclasses too, and for the code asked for', () => {
    class Special extends RingbackError {}
    const error: unknown = new Special('outbox-full', 'full');
    expect(isRingbackError(error)).toBe(true);
    expect(isRingbackError(error, 'outbox-full')).toBe(true);
    expect(isRingbackError(error, 'closed')).toBe(false);
  });

  it.each([
    ['another error', new Error('no')],
    ['an error with one of our codes', Object.assign(new Error('no'), { code: 'closed' })],
    ['undefined', undefined],
    ['null', null],
    ['text', 'closed'],
    ['a function', () => {}],
  ])('does not hold for %s', (_, thrown) => expect(isRingbackError(thrown)).toBe(false));

  it('holds across two copies of the package, where instanceof does not', async () => {
    // A query makes the module system load the file a second time, as a second installed copy would be.
    const path = '../src/errors.js?copy';
    const copy = (await import(/* @vite-ignore */ path)) as typeof import('../src/errors.js');
    expect(copy.RingbackError).not.toBe(RingbackError);
    const theirs = new copy.RingbackError('closed', 'closed');
    expect(theirs).not.toBeInstanceOf(RingbackError);
    expect(isRingbackError(theirs, 'closed')).toBe(true);
    expect(copy.isRingbackError(new RingbackError('closed', 'closed'), 'closed')).toBe(true);
  });
});
