/** Restarts of demo hosts: one that has asked for it goes down with everything on it, and comes up anew a moment later. */
import { existsSync, type FSWatcher, watch } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../../core/ports.ts';
import { bootMachine, endJobs, type Machine } from './machine.ts';
import type { HostServer } from './server.ts';
import { REBOOT_ASKED } from './standins/system.ts';

export type Restarts = { stop(): Promise<void> };

/** Its port may be held for a moment by a connection of another program that was given the same one. */
const PORT_RETRY_MS = 200;

/** `downMs`: how long the host answers nobody. */
export const watchRestarts = (o: {
  machine: Machine;
  dir: string;
  root: string;
  server: HostServer;
  downMs: number;
  log: Log;
}): Restarts => {
  const { machine, root, server, log } = o;
  const ending = new AbortController();
  const { signal } = ending;
  const asked = join(root, REBOOT_ASKED);
  let watcher: FSWatcher | undefined;
  let restarting: Promise<void> | undefined;

  const pause = async (ms: number): Promise<boolean> => {
    try {
      await delay(ms, undefined, { signal });
      return true;
    } catch {
      return false;
    }
  };

  const restart = async (): Promise<void> => {
    log.write('info', 'a demo host goes down to restart', { host: machine.name });
    await server.down();
    endJobs(o.dir, log, machine.name);
    // What ended with the host is not asked for once more; the file itself goes with the rest of /run.
    bootMachine(root);
    if (machine.staysDown === true) {
      log.write('info', 'a demo host stays down', { host: machine.name });
      return;
    }
    for (let ms = o.downMs; await pause(ms); ms = PORT_RETRY_MS) {
      if (!(await server.up())) continue;
      log.write('info', 'a demo host is up again', { host: machine.name });
      return;
    }
  };

  const look = (): void => {
    if (restarting !== undefined || signal.aborted || !existsSync(asked)) return;
    restarting = restart()
      .catch((error: unknown) =>
        log.write('error', 'a demo host could not restart', { host: machine.name, error: String(error) }),
      )
      .finally(() => {
        restarting = undefined;
        look();
      });
  };

  watcher = watch(join(root, 'run'), look);
  watcher.on('error', () => watcher?.close());
  // Asked for when the fleet was just ending.
  look();
  return {
    stop: async () => {
      ending.abort();
      watcher?.close();
      await restarting;
    },
  };
};
