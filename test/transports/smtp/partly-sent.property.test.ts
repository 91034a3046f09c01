import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { smtp } from '../../../src/transports/smtp/index.js';
import { attempt, FROM, messageTo } from './mail.js';

/** What a server says to a recipient, each time it is asked; at last it takes the mail. */
const replies = fc.array(fc.constantFrom(250, 421, 432, 450, 451, 452, 454, 550, 552, 553), { maxLength: 4 });

/** A server with a script for each recipient, which keeps the rules of RFC 5321 as nodemailer tells of them. */
function modelServer(scripts: readonly (readonly number[])[]) {
  const left = scripts.map((script) => [...script]);
  const taken = scripts.map(() => 0);
  const asked: number[][] = [];
  const sendMail = async ({ envelope }: { envelope: { to: readonly string[] } }): Promise<unknown> => {
    const users = envelope.to.map((address) => Number(address.split('@')[0]));
    asked.push(users);
    const ends = users.map((user) => ({ user, status: left[user]?.shift() ?? 250 }));
    const refused = ends.filter(({ status }) => status !== 250);
    const rejectedErrors = refused.map(({ user, status }) => ({
      recipient: `${user}@x.example`,
      responseCode: status,
      command: 'RCPT TO',
    }));
    for (const { user, status } of ends) if (status === 250) taken[user] = (taken[user] ?? 0) + 1;
    if (refused.length === ends.length) throw Object.assign(new Error('all refused'), { code: 'EENVELOPE', rejectedErrors });
    return { rejectedErrors, response: '250 Ok' };
  };
  return { transporter: { sendMail }, taken, asked };
}

describe('a mail to several recipients, whatever the server says to each', () => {
  it('comes to nobody twice, and is delivered exactly when everybody has it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(replies, { minLength: 1, maxLength: 5 }), async (scripts) => {
        const { transporter, taken, asked } = modelServer(scripts);
        const transport = smtp({ transporter, from: FROM });
        const message = messageTo(`mailto:${scripts.map((_, user) => `${user}@x.example`).join(',')}`);
        let delivered = false;
        for (let number = 1; !delivered; number++) {
          const before = [...taken];
          const { outcome } = await transport.send(message, attempt(undefined, number));
          delivered = outcome.kind === 'delivered';
          expect(delivered).toBe(taken.every((count) => count === 1));
          expect(Math.max(...taken)).toBeLessThanOrEqual(1);
          expect(asked.at(-1)?.filter((user) => before[user] === 1)).toEqual([]);
          expect(number).toBeLessThan(scripts.flat().length + 3);
        }
      }),
      { numRuns: 300 },
    );
  });
});
