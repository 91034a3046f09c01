/** A callback by mail, to two mailboxes of which one is greylisted at first: `node examples/smtp.ts`. */
import type { AddressInfo } from 'node:net';
import { createRingback } from 'ringback';
import { type Mail, smtp } from 'ringback/smtp';
import { SMTPServer } from 'smtp-server';

// The mail server: in production your own, or that of your mail provider.
let isKnown = false;
const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  onRcptTo: ({ address }, _session, callback) => {
    if (!address.startsWith('bob') || isKnown) return callback();
    isKnown = true;
    callback(Object.assign(new Error('4.7.1 Greylisted, try again later'), { responseCode: 451 }));
  },
  onData: (stream, { envelope }, callback) => {
    const to = envelope.rcptTo.map(({ address }) => address).join(', ');
    console.log(`the server took a mail to ${to}`);
    stream.resume().on('end', () => callback(null, 'queued as 4F2A'));
  },
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.server.address() as AddressInfo;

const ringback = createRingback({
  transports: [
    smtp({
      server: { host: '127.0.0.1', port },
      from: { name: 'Billing', address: 'billing@company.example' },
      retryFloorMs: 100, // five minutes, if left out: so long do greylisting servers ask for
    }),
  ],
});

const mail: Mail = {
  subject: 'Invoice in_42 is paid',
  text: 'Thank you.',
  attachments: [{ filename: 'in_42.csv', content: 'item,price\nbook,12\n' }],
};
const receipt = await ringback.deliver({ to: 'mailto:ann@customer.example,bob@customer.example', id: 'msg_42', data: mail });
for (const { attempt, outcome, reason = 'taken by all' } of receipt.attempts)
  console.log(`attempt ${attempt}: ${outcome}, ${reason}`);
console.log(new TextDecoder().decode(receipt.response?.body));

await ringback.close();
server.close();
