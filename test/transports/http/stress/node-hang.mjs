/**
 * What hangs Node, without ringback: `timeout 5 node test/transports/http/stress/node-hang.mjs close-and-destroy`. It prints how the streams
 * closed, and `ended`, unless Node loops for ever meanwhile. The ways to end a stream whose body is not written:
 *
 * - `close-and-destroy`, as undici 8.12 does: Node 24.21 hangs. `close()` without a code waits for the body before it tells the peer, `destroy()` does
 *   not wait, and then nghttp2 asks a stream for data that Node has forgotten.
 * - `cancel`, as ringback does: `close` with a code tells the peer first.
 */
import { connect, constants, createServer } from 'node:http2';

const ways = {
  'close-and-destroy': (stream) => {
    stream.close();
    stream.destroy();
  },
  cancel: (stream) => stream.close(constants.NGHTTP2_CANCEL),
};
const end = ways[process.argv[2]];

const server = createServer().on('stream', (stream) => {
  stream.on('error', () => {}).resume();
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const session = connect(`http://127.0.0.1:${server.address().port}`);
await new Promise((resolve) => session.once('remoteSettings', resolve));

const closed = Array.from({ length: 3 }, () => {
  const stream = session.request({ ':method': 'POST' });
  stream.on('error', () => {});
  stream.end(Buffer.alloc(300_000));
  end(stream);
  return new Promise((resolve) => stream.on('close', () => resolve(stream.rstCode)));
});
console.log('closed', ...(await Promise.all(closed)));
// The loop is entered when the session writes again.
for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
console.log('ended');
session.destroy();
server.close();
