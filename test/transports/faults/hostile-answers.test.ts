import type { Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { OutcomeKind } from '../../../src/outcome.js';
import { listeningRaw } from '../listening.js';
import { LANES } from './lanes.js';
import { rigOn } from './rig.js';

/** Begins with the first text, then says the second one for ever, as fast as it is read. */
const endless =
  (beginning: string, more: string) =>
  (socket: Socket): void => {
    const chunk = more.repeat(Math.ceil(16_384 / more.length));
    const write = (): void => {
      while (!socket.destroyed && socket.write(chunk));
    };
    socket.on('drain', write).write(beginning, write);
  };

/** Waits for a request first. */
const answering =
  (answer: (socket: Socket) => void) =>
  (socket: Socket): void => {
    socket.once('data', () => answer(socket));
  };

/** Name, what the server does with a connection, and what a callback to it comes to. */
type Hostile = readonly [name: string, onConnection: (socket: Socket) => void, outcome: OutcomeKind];

const OK = 'HTTP/1.1 200 OK\r\n';

const HTTP: readonly Hostile[] = [
  ['a flood of 100', answering(endless('', 'HTTP/1.1 100 Continue\r\n\r\n')), 'failed'],
  ['a flood of 102', answering(endless('', 'HTTP/1.1 102 Processing\r\n\r\n')), 'timed-out'],
  ['a flood of 103 with headers', answering(endless('', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n')), 'timed-out'],
  ['a 200 with an endless body', answering(endless(`${OK}\r\n`, 'x')), 'delivered'],
  ['a 200 with endless chunks', answering(endless(`${OK}transfer-encoding: chunked\r\n\r\n`, '1\r\nx\r\n')), 'delivered'],
  ['a 500 with an endless body', answering(endless('HTTP/1.1 500 No\r\n\r\n', 'x')), 'failed'],
  ['endless headers', answering(endless(OK, 'x-bomb: x\r\n')), 'failed'],
  ['one endless header', answering(endless(`${OK}x-bomb: `, 'x')), 'failed'],
  ['an endless name of a header', answering(endless(OK, 'x')), 'failed'],
  ['an endless status line', answering(endless('HTTP/1.1 200 ', 'x')), 'timed-out'],
  ['endless line breaks', answering(endless('', '\r\n')), 'timed-out'],
  ['an endless extension of a chunk', answering(endless(`${OK}transfer-encoding: chunked\r\n\r\n1;`, 'x')), 'timed-out'],
  ['endless trailers', answering(endless(`${OK}transfer-encoding: chunked\r\n\r\n0\r\n`, 'x-bomb: x\r\n')), 'failed'],
];

const SMTP: readonly Hostile[] = [
  ['an endless greeting', endless('', '220-welcome\r\n'), 'failed'],
  ['an endless line', endless('220 ', 'x'), 'failed'],
  ['an endless reply', answering(endless('220 welcome\r\n', '250-more\r\n')), 'timed-out'],
];

/** What is read at full speed and kept takes more in a second. */
const MAX_GROWTH_BYTES = 128 * 2 ** 20;

/** What SNS answers is read by the AWS SDK, whose client has no cap; its endpoint is Amazon's, and no stranger's. */
describe.each(LANES.filter(({ name }) => name !== 'sns'))('$name', (each) => {
  it.each(each.name === 'smtp' ? SMTP : HTTP)('comes to an end within bounds at %s', async (_, onConnection, outcome) => {
    const lane = await each.open();
    const hostile = await listeningRaw(onConnection);
    onTestFinished(async () => {
      await hostile.close();
      await lane.close();
    });
    const before = process.memoryUsage().rss;
    const rig = rigOn(lane, { port: hostile.port, connections: 8 }, hostile.openConnections, 1);
    expect(await rig.outcomes('msg_1')).toEqual([outcome]);
    expect(process.memoryUsage().rss - before).toBeLessThan(MAX_GROWTH_BYTES);
    await rig.closesClean();
  });
});
