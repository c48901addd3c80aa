/** What the host process leaves in its data folder so that others find it: where it listens, and the token they must show. */
import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const Presence = z.object({
  pid: z.int().min(1),
  socket: z.string().max(4096),
  token: z.string().min(32).max(200),
  build: z.string().max(200),
});
export type Presence = z.infer<typeof Presence>;

const fileOf = (dataDir: string) => join(dataDir, 'host.json');

export const newToken = (): string => randomBytes(32).toString('hex');

export const readPresence = (dataDir: string): Presence | null => {
  try {
    const parsed = Presence.safeParse(JSON.parse(readFileSync(fileOf(dataDir), 'utf8')));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
};

export const writePresence = (dataDir: string, presence: Presence): void => {
  const temporary = `${fileOf(dataDir)}.${process.pid}`;
  writeFileSync(temporary, JSON.stringify(presence), { mode: 0o600 });
  renameSync(temporary, fileOf(dataDir));
};

export const removePresence = (dataDir: string): void => {
  if (readPresence(dataDir)?.pid === process.pid) rmSync(fileOf(dataDir), { force: true });
};
