/** What the demo fleet's process tells about itself in `<dir>/fleet.json`, so that a restarted host process finds it again. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

export const DemoHost = z.object({
  name: z.string().max(63),
  address: z.string().max(255),
  port: z.int().min(1).max(65535),
  user: z.string().max(64),
  keyFile: z.string().max(4096),
  environment: z.string().max(63),
  tags: z.record(z.string(), z.string()),
  keyType: z.string().max(64),
  /** Base64 as in known_hosts. */
  publicKey: z.string().max(10_000),
  fingerprint: z.string().max(100),
});
export type DemoHost = z.infer<typeof DemoHost>;

export const DemoDescription = z.object({ pid: z.int().min(1), hosts: z.array(DemoHost).max(500) });
export type DemoDescription = z.infer<typeof DemoDescription>;

const fileOf = (dir: string) => join(dir, 'fleet.json');

export const readDescription = (dir: string): DemoDescription | null => {
  try {
    const parsed = DemoDescription.safeParse(JSON.parse(readFileSync(fileOf(dir), 'utf8')));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
};

export const writeDescription = (dir: string, description: DemoDescription): void => {
  const temporary = `${fileOf(dir)}.${process.pid}`;
  writeFileSync(temporary, JSON.stringify(description), { mode: 0o600 });
  renameSync(temporary, fileOf(dir));
};

export const removeDescription = (dir: string): void => rmSync(fileOf(dir), { force: true });

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
