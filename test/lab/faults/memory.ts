/** A host with little memory: a memory control group around all its processes, whose limit makes the kernel's OOM killer choose. */
import { readFileSync } from 'node:fs';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { LabHost } from '../fleet/host.ts';

const MiB = 1024 * 1024;

type Controller = { root: string; limit: string; usage: string };

/** The memory controller, in the old hierarchy or the new one. */
const controller = (): Controller => {
  const mounts = readFileSync('/proc/self/mounts', 'utf8');
  const old = /^\S+ (\S+) cgroup \S*\bmemory\b/m.exec(mounts)?.[1];
  if (old !== undefined) return { root: old, limit: 'memory.limit_in_bytes', usage: 'memory.usage_in_bytes' };
  const unified = /^\S+ (\S+) cgroup2 /m.exec(mounts)?.[1];
  if (unified === undefined) throw new Error('there is no memory controller');
  return { root: unified, limit: 'memory.max', usage: 'memory.current' };
};

/**
 * Leaves `room` bytes above what the host's processes need from now on; `victim`, a process's name, is the one the kernel ends
 * first. Returned: back as it was.
 */
export const shortOfMemory = async (
  host: LabHost,
  room: number,
  victim?: string,
): Promise<() => Promise<void>> => {
  const { root, limit } = controller();
  const group = join(root, `frostline-lab-oom-${host.address}`);
  await mkdir(group, { recursive: true });
  for (const pid of await host.processes())
    await writeFile(join(group, 'cgroup.procs'), String(pid)).catch(() => {});
  await writeFile(join(group, limit), String(Math.max(room, 4 * MiB)));
  if (victim !== undefined)
    await host.output(`for p in $(pgrep -x ${victim}); do echo 1000 > /proc/$p/oom_score_adj; done`);
  return async () => {
    await writeFile(join(group, limit), '-1').catch(() => writeFile(join(group, limit), 'max'));
    for (const pid of (await readFile(join(group, 'cgroup.procs'), 'utf8')).split('\n').filter(Boolean))
      await writeFile(join(root, 'cgroup.procs'), pid).catch(() => {});
    for (let tries = 1; ; tries += 1) {
      try {
        return await rmdir(group);
      } catch (error) {
        // A process that ends just now still counts for a moment.
        if (tries === 100) throw error;
        await delay(50);
      }
    }
  };
};
