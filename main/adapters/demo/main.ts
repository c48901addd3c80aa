/** The demo fleet's process: hosts on loopback until it is told to end, or until nobody has used them for a while. */

import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { fileLog } from '../log.ts';
import { isAlive, removeDescription, writeDescription } from './description.ts';
import { startDemoFleet } from './fleet.ts';

/** Without a host process beside it, it ends after this long. */
const ORPHAN_MS = 15 * 60_000;
const CHECK_MS = 10_000;

const Owner = z.object({ pid: z.int() });

const ownerAlive = (dir: string): boolean => {
  try {
    return isAlive(Owner.parse(JSON.parse(readFileSync(join(dirname(dir), 'host.json'), 'utf8'))).pid);
  } catch {
    return false;
  }
};

const main = async () => {
  const dir = resolve(process.argv[2] ?? '');
  const hosts = Number(process.argv[3] ?? '24');
  const log = fileLog(join(dir, 'demo.log'));
  const fleet = await startDemoFleet({ hosts, dir, log });
  if (!fleet.ok) {
    log.write('error', fleet.error.message);
    process.exit(1);
  }
  const end = async () => {
    removeDescription(dir);
    await fleet.value.stop();
    process.exit(0);
  };
  process.on('SIGTERM', () => void end());
  process.on('SIGINT', () => {});
  process.on('SIGHUP', () => {});
  writeDescription(dir, { pid: process.pid, hosts: fleet.value.hosts });
  let lastOwned = Date.now();
  setInterval(() => {
    if (ownerAlive(dir)) lastOwned = Date.now();
    else if (Date.now() - lastOwned > ORPHAN_MS) void end();
  }, CHECK_MS);
  if (process.connected) process.send?.({ ready: true }, () => process.disconnect());
};

main().catch(() => process.exit(1));
