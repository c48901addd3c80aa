/** Takes a data folder, says whether it got it, and keeps it until it is killed. Argument: folder. */
import { acquireDataFolder } from '../../../main/adapters/sqlite/lock.ts';

const got = acquireDataFolder(process.argv[2] ?? '');
process.stdout.write(`${got.ok ? 'got it' : got.error.message}\n`);
if (got.ok) setInterval(() => undefined, 1000);
