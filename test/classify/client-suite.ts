import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AttemptEnd, Classify, Outcome } from '../../src/outcome.js';
import { AnsweringServer, deadUrl } from './answering-server.js';

/** One real HTTP client, as the suite calls it. */
export interface Client {
  /** One call, without retries and redirects of the client's own. */
  call(url: string, options: { readonly signal?: AbortSignal; readonly timeoutMs?: number }): Promise<unknown>;
}

/** How a call ended. */
export async function endOf(call: () => Promise<unknown>): Promise<AttemptEnd> {
  try {
    return { value: await call() };
  } catch (error) {
    return { error: error as Error };
  }
}

/** What every classifier must make of its real client's results and errors, over real sockets. */
export function describeClassifier(name: string, classify: Classify, client: Client): void {
  describe(`${name} on the real client`, () => {
    let server: AnsweringServer;

    beforeAll(async () => {
      server = await AnsweringServer.start();
    });

    afterAll(() => server.close());

    const outcomeAt = async (path: string, options = {}): Promise<ReturnType<Classify>> =>
      classify(await endOf(() => client.call(server.url + path, options)));

    it.each<[string, Outcome]>([
      ['/200', { kind: 'delivered', status: 200 }],
      ['/503/after/3', { kind: 'overloaded', status: 503, retryAfterMs: 3_000, reason: 'answered 503' }],
      [
        '/503/date/Sun, 06 Nov 1994 08:49:47 GMT',
        { kind: 'overloaded', status: 503, retryAfterMs: 10_000, reason: 'answered 503' },
      ],
      ['/429', { kind: 'overloaded', status: 429, reason: 'answered 429' }],
      ['/404', { kind: 'rejected', status: 404, reason: 'answered 404' }],
      ['/410', { kind: 'gone', status: 410, reason: 'answered 410' }],
      ['/408', { kind: 'failed', status: 408, reason: 'answered 408' }],
      ['/500', { kind: 'failed', status: 500, reason: 'answered 500' }],
      ['/302', { kind: 'failed', status: 302, reason: 'answered 302, a redirect that was not followed' }],
    ])('%s', async (path, outcome) => {
      expect(await outcomeAt(path)).toEqual(outcome);
    });

    it('connection refused', async () => {
      const url = await deadUrl();
      expect(classify(await endOf(() => client.call(url, {})))).toEqual({ kind: 'failed', reason: 'connection refused' });
    });

    it('connection reset', async () => {
      expect(await outcomeAt('/reset')).toMatchObject({
        kind: 'failed',
        reason: expect.stringMatching(/^connection (reset|closed)$/),
      });
    });

    it.each([
      ['breaks off', '/cut'],
      ['is no gzip though it says so', '/corrupt/gzip'],
      ['is no brotli though it says so', '/corrupt/br'],
    ])('an answer that %s', async (_what, path) => {
      const end = await endOf(async () => {
        const value = await client.call(server.url + path, {});
        return value instanceof Response ? await value.text() : value;
      });
      expect(classify(end)).toMatchObject({ kind: 'failed' });
    });

    it('an answer that is no HTTP', async () => {
      expect(await outcomeAt('/garbage')).toEqual({ kind: 'failed', reason: 'malformed HTTP answer' });
    });

    it("the client's own timeout", async () => {
      expect(await outcomeAt('/hang', { timeoutMs: 30 })).toMatchObject({ kind: 'timed-out' });
    });

    it('an abort', async () => {
      const controller = new AbortController();
      server.expectArrival();
      const end = endOf(() => client.call(`${server.url}/hang`, { signal: controller.signal }));
      await server.arrival;
      controller.abort();
      expect(classify(await end)).toEqual({ kind: 'cancelled', reason: 'aborted' });
    });
  });

  it(`${name} has no opinion of what is not its client's`, () => {
    const others = [undefined, null, 42, 'text', {}, [], { status: 'active' }, { status: 1 }, { statusCode: 'x', headers: {} }];
    for (const value of others) expect(classify({ value })).toBeUndefined();
    for (const error of [new Error('mine'), new TypeError('mine'), 'text', undefined, null]) {
      expect(classify({ error: error as Error })).toBeUndefined();
    }
  });
}
