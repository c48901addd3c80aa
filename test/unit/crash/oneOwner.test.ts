/** Two host processes, one data folder: the real program, started twice. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { createClient } from '../../../main/adapters/rpc/client.ts';
import { connectLocal } from '../../../main/adapters/rpc/socket.ts';
import { readPresence } from '../../../main/shells/process/folder.ts';

vi.setConfig({ testTimeout: 60_000 });

const PROGRAM = join(import.meta.dirname, '../../../main/shells/process/main.ts');
const Told = z.discriminatedUnion('ready', [
  z.object({ ready: z.literal(true) }),
  z.object({ ready: z.literal(false), error: z.object({ code: z.string(), message: z.string() }) }),
]);

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const folder = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'frostline-owner-'));
  ends.push(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
};

const kill = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
};

/** What it tells its starter. */
const start = async (dir: string): Promise<{ child: ChildProcess; told: z.infer<typeof Told> }> => {
  const child = spawn(process.execPath, [PROGRAM, dir], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  ends.push(() => kill(child));
  const [told] = await once(child, 'message');
  return { child, told: Told.parse(told) };
};

const pidThatAnswers = async (dir: string): Promise<number> => {
  const presence = readPresence(dir);
  const channel = await connectLocal(presence?.socket ?? '');
  if (presence === null || !channel.ok) throw new Error('nobody answers');
  const client = createClient(channel.value, { actor: 'test', token: presence.token });
  const status = await client.call('system.status', {});
  client.close();
  if (!status.ok) throw new Error(status.error.message);
  return status.value.pid;
};

test('the second is refused with the first one’s pid, and leaves it as it was', async () => {
  const dir = folder();
  const first = await start(dir);
  expect(first.told).toEqual({ ready: true });
  const second = await start(dir);
  expect(second.told).toMatchObject({
    ready: false,
    error: { code: 'store.busy', message: expect.stringContaining(`(pid ${first.child.pid})`) },
  });
  if (second.child.exitCode === null) await once(second.child, 'exit');
  expect(await pidThatAnswers(dir)).toBe(first.child.pid);
});

test('of several started at once exactly one gets it; killed, it makes room for the next', async () => {
  const dir = folder();
  const started = await Promise.all([start(dir), start(dir), start(dir)]);
  const owners = started.filter(({ told }) => told.ready);
  expect(owners).toHaveLength(1);
  for (const { told } of started) if (!told.ready) expect(told.error.code).toBe('store.busy');
  const [owner] = owners;
  if (owner === undefined) throw new Error('nobody got it');
  expect(await pidThatAnswers(dir)).toBe(owner.child.pid);
  await kill(owner.child);
  const next = await start(dir);
  expect(next.told).toEqual({ ready: true });
  expect(await pidThatAnswers(dir)).toBe(next.child.pid);
});
