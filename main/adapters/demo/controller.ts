/**
 * Starts and stops the demo fleet's process and keeps its hosts in the inventory. The fleet is a process of its own, so that
 * the host process can die and come back as it would with real hosts.
 */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import type { Caller } from '../../../shared/contract/contract.ts';
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { HostsService } from '../../core/fleet/hosts.ts';
import type { Ports } from '../../core/ports.ts';
import {
  type DemoDescription,
  type DemoHost,
  isAlive,
  readDescription,
  removeDescription,
} from './description.ts';

export type DemoController = {
  state(): { running: boolean; hosts: number };
  start(hosts: number): Promise<Result<void>>;
  stop(): Promise<Result<void>>;
  /** At process start: the fleet runs again if it was not stopped. */
  resume(): Promise<void>;
};

const SETTING = 'demo.hosts';
const TAG = 'demo';
const START_TIMEOUT_MS = 30_000;
const caller: Caller = { signal: new AbortController().signal, actor: 'demo' };

export const createDemoController = (o: {
  ports: Ports;
  hosts: HostsService;
  dir: string;
  command: string[];
}): DemoController => {
  const { store, clock, log } = o.ports;

  const running = (): DemoDescription | null => {
    const description = readDescription(o.dir);
    return description !== null && isAlive(description.pid) ? description : null;
  };

  const launch = async (count: number): Promise<Result<DemoDescription>> => {
    const already = running();
    if (already !== null && already.hosts.length === count) return ok(already);
    await end();
    mkdirSync(o.dir, { recursive: true, mode: 0o700 });
    const [program, ...args] = o.command;
    if (program === undefined) return fail('not-available', 'The demo fleet is not part of this build.');
    const ready = await new Promise<boolean>((resolve) => {
      const child = spawn(program, [...args, o.dir, String(count)], {
        detached: true,
        stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      });
      const settle = (well: boolean) => {
        clearTimeout(timer);
        child.removeAllListeners();
        if (child.connected) child.disconnect();
        child.unref();
        resolve(well);
      };
      const timer = setTimeout(() => settle(false), START_TIMEOUT_MS);
      child.once('message', () => settle(true));
      child.once('exit', () => settle(false));
      child.once('error', () => settle(false));
    });
    const description = running();
    return ready && description !== null
      ? ok(description)
      : fail('not-available', 'The demo fleet could not be started.', { hint: `See ${o.dir}/demo.log.` });
  };

  const end = async () => {
    const description = running();
    removeDescription(o.dir);
    if (description === null) return;
    process.kill(description.pid, 'SIGTERM');
    while (isAlive(description.pid)) await clock.wait(20);
  };

  /** The key is known first hand: it was made a moment ago in a folder of ours. */
  const trust = (host: DemoHost) => {
    store.removeTrustedKeys(host.address, host.port);
    store.addTrustedKey({
      address: host.address,
      port: host.port,
      keyType: host.keyType,
      publicKey: host.publicKey,
      fingerprint: host.fingerprint,
      addedAt: new Date(clock.now()).toISOString(),
    });
  };

  const adopt = async (description: DemoDescription): Promise<Result<void>> => {
    const known = new Map(store.hosts().map((host) => [host.name, host]));
    for (const host of description.hosts) {
      trust(host);
      const place = {
        address: host.address,
        port: host.port,
        user: host.user,
        auth: { kind: 'key' as const, keyFile: host.keyFile },
      };
      const present = known.get(host.name);
      if (present !== undefined && present.tags[TAG] === undefined) {
        return fail(
          'already-exists',
          `A host named ${host.name} is already in the fleet and is not a demo host.`,
          { hint: 'Rename it, or use another data folder for the demo.' },
        );
      }
      const tags = { ...host.tags, [TAG]: '' };
      const done =
        present === undefined
          ? await o.hosts.add(
              {
                host: {
                  name: host.name,
                  ...place,
                  sudo: 'nopasswd',
                  environment: host.environment,
                  tags,
                  transport: 'ssh',
                  legacyAlgorithms: false,
                },
              },
              caller,
            )
          : await o.hosts.change({ change: { id: present.id, ...place } }, caller);
      if (!done.ok) return done;
    }
    return ok(undefined);
  };

  return {
    state: () => {
      const description = running();
      return { running: description !== null, hosts: description?.hosts.length ?? 0 };
    },
    start: async (count) => {
      const launched = await launch(count);
      if (!launched.ok) return launched;
      const adopted = await adopt(launched.value);
      if (!adopted.ok) {
        await end();
        return adopted;
      }
      store.putSetting(SETTING, String(count));
      return ok(undefined);
    },
    stop: async () => {
      const names = store
        .hosts()
        .filter((host) => host.tags[TAG] !== undefined)
        .map((host) => host.name);
      if (names.length > 0) {
        const removed = await o.hosts.remove({ selectors: names }, caller);
        if (!removed.ok) return removed;
      }
      store.putSetting(SETTING, null);
      await end();
      return ok(undefined);
    },
    resume: async () => {
      const count = Number(store.setting(SETTING));
      if (!Number.isInteger(count) || count < 1) return;
      const launched = await launch(count);
      const adopted = launched.ok ? await adopt(launched.value) : launched;
      if (!adopted.ok) log.write('warn', 'the demo fleet could not be resumed', { code: adopted.error.code });
    },
  };
};
