/**
 * `npm run ssrf`: a corpus of URLs goes through ringback's guard and two published ones, with a scripted resolver. Prints how many each
 * got right, then what each got wrong. No packet leaves: connects are caught at the kernel's door.
 */
import { http } from 'ringback/http';
import { interceptConnects } from './connects.ts';
import { PEERS, ringbackGuard } from './guards.ts';
import { renderTable, renderWrong, scores } from './table.ts';

const all = await scores([ringbackGuard(http), ...PEERS], await interceptConnects());
console.log(`${renderTable(all)}\n\n${renderWrong(all)}`);
if (all.some(({ guard, wrong }) => guard === 'ringback' && wrong.length > 0)) process.exitCode = 1;
