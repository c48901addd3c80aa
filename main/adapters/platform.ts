/** The small ports that Node itself answers: clock, random, hash, and where an application's data belongs. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Clock, Hasher, Random } from '../core/ports.ts';

export const systemClock: Clock = {
  now: () => Date.now(),
  wait: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve(false);
      const stop = () => {
        clearTimeout(timer);
        resolve(false);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', stop);
        resolve(true);
      }, ms);
      signal?.addEventListener('abort', stop, { once: true });
    }),
};

export const systemRandom: Random = {
  id: () => randomUUID(),
  hex: (bytes) => randomBytes(bytes).toString('hex'),
};

export const systemHasher: Hasher = {
  sha256: (text) => createHash('sha256').update(text, 'utf8').digest('hex'),
};

/** The platform's folder for an application's data (XDG Base Directory, Apple's and Microsoft's guidelines). */
export const defaultDataDir = (
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string => {
  if (platform === 'win32') return join(env.APPDATA ?? join(homedir(), 'AppData', 'Roaming'), 'Frostline');
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'Frostline');
  const data = env.XDG_DATA_HOME;
  return join(data?.startsWith('/') ? data : join(homedir(), '.local', 'share'), 'frostline');
};

/** The user's known_hosts files, read only (ssh_config(5) UserKnownHostsFile, GlobalKnownHostsFile). */
export const knownHostsFiles = (platform: NodeJS.Platform = process.platform): string[] => {
  const user = join(homedir(), '.ssh', 'known_hosts');
  return platform === 'win32' ? [user] : [user, '/etc/ssh/ssh_known_hosts'];
};
