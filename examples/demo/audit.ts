/**
 * The audit, a program of its own: `node examples/demo/audit.ts <folder>`. It reads what the receivers wrote, what was
 * accepted and what was given up, knows nothing of the sender, and exits with 1 when the books don't balance.
 */
import { audit, readBooks, tellFindings } from './books.ts';

const folder = process.argv[2];
if (folder === undefined) {
  console.error('usage: node examples/demo/audit.ts <folder with the ledgers>');
  process.exit(2);
}
const books = readBooks(folder);
const twice = [...books.taken.values()].filter((times) => times > 1).length;
console.log(`audit of ${books.accepted.size} accepted callbacks, ${books.received.length} requests received:`);
const balances = tellFindings(audit(books));
console.log(`  ${books.taken.size} delivered, ${twice} of them more than once under one id, ${books.dead.size} dead letters`);
if (!balances) process.exitCode = 1;
