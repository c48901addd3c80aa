import { readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LabError } from './process.ts';

/** A host's control group: it holds every process of the host, so all of them can be frozen or ended at once. */
export interface Cgroup {
  readonly path: string;
  freeze(frozen: boolean): Promise<void>;
  /** Ends all processes and removes the group. */
  remove(): Promise<void>;
}

const PARENT = 'frostline-lab';

/** Where cgroup2 is mounted (unified or hybrid), or null. */
export const cgroup2Mount = (): string | null => {
  const mounts = readFileSync('/proc/self/mounts', 'utf8');
  return /^\S+ (\S+) cgroup2 /m.exec(mounts)?.[1] ?? null;
};

const root = (): string => {
  const mount = cgroup2Mount();
  if (mount === null) throw new LabError('no cgroup2 mount');
  return join(mount, PARENT);
};

const waitFor = async (path: string, line: string): Promise<void> => {
  for (let tries = 0; tries < 500; tries += 1) {
    const events = await readFile(join(path, 'cgroup.events'), 'utf8');
    if (events.split('\n').includes(line)) return;
    await delay(10);
  }
  throw new LabError(`${path}: never became "${line}"`);
};

const removeTree = async (path: string): Promise<void> => {
  const entries = await readdir(path, { withFileTypes: true });
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(path, entry.name));
  await rmdir(path);
};

const remove = async (path: string): Promise<void> => {
  await writeFile(join(path, 'cgroup.freeze'), '0');
  await writeFile(join(path, 'cgroup.kill'), '1');
  await waitFor(path, 'populated 0');
  await removeTree(path);
};

export const createCgroup = async (name: string): Promise<Cgroup> => {
  const path = join(root(), name);
  await mkdir(path, { recursive: true });
  return {
    path,
    freeze: async (frozen) => {
      await writeFile(join(path, 'cgroup.freeze'), frozen ? '1' : '0');
      await waitFor(path, `frozen ${frozen ? 1 : 0}`);
    },
    remove: () => remove(path),
  };
};

/** Ends and removes what a killed session left in groups whose names start with `prefix`. */
export const removeCgroups = async (prefix: string): Promise<void> => {
  const parent = root();
  const names = await readdir(parent).catch(() => []);
  for (const name of names.filter((one) => one.startsWith(prefix))) await remove(join(parent, name));
};
