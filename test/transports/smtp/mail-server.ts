import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

/** A mail that the server took. */
export interface TakenMail {
  readonly from: string;
  readonly to: readonly string[];
  /** As it came, byte by byte. */
  readonly raw: string;
  /** The session that it came in. */
  readonly session: string;
}

/** A real SMTP server on the loopback, by smtp-server, which takes what it is sent. */
export interface MailServer {
  readonly port: number;
  readonly mails: TakenMail[];
  /** Sessions that are open. */
  readonly sessions: Set<string>;
  close(): Promise<void>;
}

/** An error that smtp-server answers with. */
export const refusal = (responseCode: number, message: string): Error => Object.assign(new Error(message), { responseCode });

export async function mailServer(options: SMTPServerOptions = {}): Promise<MailServer> {
  const mails: TakenMail[] = [];
  const sessions = new Set<string>();
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 100,
    onConnect: (session, callback) => {
      sessions.add(session.id);
      callback();
    },
    onClose: (session) => sessions.delete(session.id),
    onData: (stream, { id, envelope }, callback) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = envelope;
        const from = mailFrom === false ? '' : mailFrom.address;
        mails.push({ from, to: rcptTo.map(({ address }) => address), raw: Buffer.concat(chunks).toString(), session: id });
        callback(null, `queued as ${mails.length}`);
      });
    },
    ...options,
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  return { port, mails, sessions, close: () => new Promise((resolve) => server.close(() => resolve())) };
}
