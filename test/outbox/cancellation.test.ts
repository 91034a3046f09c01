import { expect, it } from 'vitest';
import { Cancellation } from '../../src/outbox/cancellation.js';

it('tells its one listener once, with the first reason', () => {
  const heard: unknown[] = [];
  const cancellation = new Cancellation();
  cancellation.addEventListener('abort', () => heard.push(cancellation.reason));
  expect([cancellation.aborted, cancellation.reason]).toEqual([false, undefined]);
  cancellation.abort('enough');
  cancellation.abort('again');
  expect([cancellation.aborted, cancellation.reason]).toEqual([true, 'enough']);
  expect(heard).toEqual(['enough']);
});

it('takes an object for a listener, too', () => {
  let heard = 0;
  const cancellation = new Cancellation();
  cancellation.addEventListener('abort', { handleEvent: () => heard++ });
  cancellation.abort('enough');
  expect(heard).toBe(1);
});

it('forgets the listener that leaves, and no other', () => {
  const heard: string[] = [];
  const cancellation = new Cancellation();
  const first = (): void => void heard.push('first');
  const other = (): void => void heard.push('other');
  cancellation.addEventListener('abort', first);
  cancellation.removeEventListener('abort', other);
  cancellation.abort('enough');
  expect(heard).toEqual(['first']);

  const left = new Cancellation();
  left.addEventListener('abort', other);
  left.removeEventListener('abort', other);
  left.abort('enough');
  expect(heard).toEqual(['first']);
});

it('is aborted with its caller, for the caller’s reason', () => {
  const controller = new AbortController();
  const cancellation = new Cancellation(controller.signal);
  controller.signal.addEventListener('abort', cancellation);
  controller.abort('enough');
  expect([cancellation.aborted, cancellation.reason]).toEqual([true, 'enough']);
});
