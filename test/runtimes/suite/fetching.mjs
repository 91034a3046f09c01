import { constant, createRingback } from 'ringback';
import { fetchTransport } from 'ringback/fetch';

/** By then a request has reached the server, on a slow machine. */
const REACHED_MS = 500;
const NO_RETRY = { retry: { maxAttempts: 1 } };

/** The fetch transport on the runtime's own fetch, over real sockets. */
export function fetching({ test, assert, url }) {
  /** One attempt to a path of the server, as it is told in the record; `response` where it was delivered. */
  async function attempt(path, { callback = {}, options = {}, pipeline = NO_RETRY } = {}) {
    const transport = fetchTransport({ allowPrivate: true, ...options });
    const ringback = createRingback({ transports: [transport], pipeline });
    const to = path.startsWith('http') ? path : url + path;
    const end = await ringback.deliver({ to, data: { id: 'in_42' }, ...callback }).catch((thrown) => thrown);
    await ringback.close();
    return { ...end.attempts?.at(-1), response: end.response, end };
  }

  test('fetch carries method, headers and bytes as they are', async () => {
    const body = Uint8Array.of(0, 255, 128, 10);
    const callback = { data: undefined, body, headers: { 'X-Token': 'abc', 'content-type': 'application/x-own' } };
    const { response } = await attempt('/echo?a=1', { callback, options: { method: 'PUT', headers: { 'x-static': 's' } } });
    const { method, path, headers, bytes } = JSON.parse(new TextDecoder().decode(response.body));
    assert.deepEqual([method, path, bytes], ['PUT', '/echo?a=1', [0, 255, 128, 10]]);
    assert.equal(headers['content-type'], 'application/x-own');
    assert.deepEqual([headers['x-token'], headers['x-static'], headers['content-length']], ['abc', 's', '4']);
    assert.match(headers['user-agent'], /^ringback\//);
  });

  test('what an answer means goes by its status', async () => {
    const meant = { 204: 'delivered', 400: 'rejected', 410: 'gone', 500: 'failed', 503: 'overloaded' };
    for (const [status, kind] of Object.entries(meant)) {
      assert.equal((await attempt(`/status/${status}`)).outcome, kind, status);
    }
  });

  test('Retry-After is waited for', async () => {
    const pipeline = { retry: { maxAttempts: 2 }, deadlineMs: 1_000 };
    const { end } = await attempt('/status/429', { pipeline });
    assert.equal(end.attempts.length, 1, 'two seconds do not fit into the deadline');
    assert.match(end.attempts[0].why, /deadline/);
  });

  test('headers come in lower case, repeated ones joined', async () => {
    const { headers } = (await attempt('/cookies')).response;
    assert.deepEqual([headers['x-answer'], headers['set-cookie']], ['yes', 'a=1, b=2']);
  });

  test('a failure is tried again until it is delivered', async () => {
    const pipeline = { retry: { maxAttempts: 3, backoff: constant({ delayMs: 1 }) } };
    const { end } = await attempt(`/flaky/${crypto.randomUUID()}`, { pipeline });
    assert.deepEqual(
      end.attempts.map(({ outcome }) => outcome),
      ['failed', 'delivered'],
    );
  });

  test('a redirect is not followed', async () => {
    const { outcome, status, reason } = await attempt('/redirect');
    assert.deepEqual([outcome, status], ['failed', 307]);
    assert.equal(reason, `answered 307, a redirect to ${url} that was not followed`);
  });

  test('a body without end is cut at the cap, and its connection closed', async () => {
    const id = crypto.randomUUID();
    const { outcome, response } = await attempt(`/endless/${id}`);
    assert.deepEqual([outcome, response.body.length, response.truncated], ['delivered', 65_536, true]);
    assert.equal((await fetch(`${url}/closed/${id}`)).status, 204);
  });

  test('a compressed body is held to the cap as it is handed out', async () => {
    const { response } = await attempt('/bomb');
    assert.deepEqual([response.body.length, response.truncated], [65_536, true]);
  });

  test('an answer that never comes is timed out, and its connection closed', async () => {
    const id = crypto.randomUUID();
    const { outcome, reason } = await attempt(`/silent/${id}`, { pipeline: { ...NO_RETRY, attemptTimeoutMs: REACHED_MS } });
    assert.deepEqual([outcome, reason], ['timed-out', 'no answer in time: connecting, or waiting for the answer']);
    assert.equal((await fetch(`${url}/closed/${id}`)).status, 204);
  });

  test('a body that goes silent is timed out, and its connection closed', async () => {
    const id = crypto.randomUUID();
    const { outcome, reason } = await attempt(`/stalled/${id}`, { pipeline: { ...NO_RETRY, attemptTimeoutMs: REACHED_MS } });
    assert.deepEqual([outcome, reason], ['timed-out', 'no answer in time: reading the answer']);
    assert.equal((await fetch(`${url}/closed/${id}`)).status, 204);
  });

  test('an answer that breaks off is a failure', async () => {
    assert.equal((await attempt('/broken')).outcome, 'failed');
  });

  test('where nobody listens is a failure, whose reason names no address', async () => {
    const port = await (await fetch(`${url}/unused-port`)).text();
    const { outcome, reason } = await attempt(`http://127.0.0.1:${port}/?canary`);
    assert.equal(outcome, 'failed');
    assert.match(reason, /^(connection refused|network error)$/);
  });

  test('a loopback address is forbidden unless it is allowed', async () => {
    // Should the guard fail, nothing leaves this machine all the same.
    const options = { allowPrivate: false, fetch: () => Promise.reject(new Error('it was sent')) };
    for (const to of [url, 'http://localhost:9/', 'http://[::1]:9/', 'http://2130706433/', 'http://169.254.169.254/']) {
      assert.equal((await attempt(to, { options })).outcome, 'forbidden', to);
    }
  });
}
