/**
 * The demo fleet: hosts on loopback in this process, each a real SSH server that runs the very scripts Frostline sends in a
 * real shell, over stand-ins of the package manager that keep state in the host's folder. No root, no network.
 *
 * Everything is kept under one folder: keys, ports and hosts are the same after a restart, and a job that was running goes on
 * meanwhile, as it would on a real host. `FROSTLINE_DEMO_PACE` is how long a package takes to install, in milliseconds.
 *
 * A host restarts when its `sbin/frostline-reboot` is run as root. `FROSTLINE_DEMO_STAYS_DOWN` names hosts, by commas, that do
 * not come back from that; they bear the tag `restart=stays-down`. Their disks are as they were; the fleet's next start brings
 * them up.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ssh2, { type ParsedKey } from 'ssh2';
import { z } from 'zod';
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { Log } from '../../core/ports.ts';
import { fingerprintOf } from '../ssh/hostKeys.ts';
import type { Role } from './catalogue.ts';
import type { DemoHost } from './description.ts';
import { endJobs, type Machine, prepareMachine, type Trouble } from './machine.ts';
import { makeRepository, writeWhole } from './repository.ts';
import { type Restarts, watchRestarts } from './restart.ts';
import { closedPort, DEMO_USER, type HostServer, startHostServer } from './server.ts';
import { installStandIns } from './standins/install.ts';

export type DemoFleet = {
  hosts: DemoHost[];
  /** Ends servers, commands and jobs, as if the power went. */
  stop(): Promise<void>;
};

const ROLES: Role[] = ['web', 'app', 'db', 'cache', 'web', 'web', 'app', 'db', 'cache', 'web', 'web', 'app'];
const TROUBLES: Trouble[] = ['failing', 'slow', 'reboot', 'unreachable', 'forgetful'];
/** From here on there are enough hosts that most have no trouble. */
const FIRST_TROUBLE = 5;
const DEFAULT_PACE_MS = 150;
/** A package is prepared, unpacked and configured. */
const STEPS_PER_PACKAGE = 3;
const SLOWER = 5;
/** A restart takes as long as this many packages, and never less than a moment that a console can notice. */
const PACKAGES_PER_BOOT = 20;
const SHORTEST_BOOT_MS = 300;

/** Nobody's hosts stay down unless somebody asked for it. */
const staysDown = (): ReadonlySet<string> =>
  new Set((process.env.FROSTLINE_DEMO_STAYS_DOWN ?? '').split(',').filter((name) => name !== ''));

/** The same for the same number of hosts. One of each trouble, where there are hosts enough; a small fleet has it at its end. */
export const machinesOf = (count: number, lost: ReadonlySet<string> = new Set()): Machine[] => {
  const seen = new Map<Role, number>();
  const from = Math.min(FIRST_TROUBLE, Math.max(1, count - TROUBLES.length + 1));
  return Array.from({ length: count }, (_, index) => {
    const role = ROLES[index % ROLES.length] ?? 'web';
    const number = (seen.get(role) ?? 0) + 1;
    seen.set(role, number);
    const trouble = TROUBLES[index - from];
    const site = index % 2 === 0 ? 'north' : 'south';
    const environment = number === 1 ? 'test' : number === 2 ? 'staging' : 'production';
    const name = `${role}-${String(number).padStart(2, '0')}`;
    return {
      name,
      role,
      environment,
      tags: { role, site, ...(lost.has(name) ? { restart: 'stays-down' } : {}) },
      ...(trouble === undefined ? {} : { trouble }),
      ...(lost.has(name) ? { staysDown: true } : {}),
    };
  });
};

const Ports = z.record(z.string(), z.int().min(1).max(65535));

const readPorts = (file: string): Record<string, number> => {
  try {
    const parsed = Ports.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    return parsed.success ? parsed.data : {};
  } catch {
    return {};
  }
};

const asKey = (text: string): ParsedKey | Error => {
  const parsed = ssh2.utils.parseKey(text);
  return Array.isArray(parsed) ? (parsed[0] ?? new Error('no key')) : parsed;
};

/** A few in a thousand of the Ed25519 keys that ssh2 1.17 makes, it cannot read itself: such a one is not kept. */
const newKey = (type: 'ed25519' | 'ecdsa'): string => {
  const pair =
    type === 'ed25519'
      ? ssh2.utils.generateKeyPairSync('ed25519', { comment: 'frostline-demo' })
      : ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256, comment: 'frostline-demo' });
  return asKey(pair.private) instanceof Error ? newKey(type) : pair.private;
};

const keptKey = (file: string, type: 'ed25519' | 'ecdsa'): string => {
  if (!existsSync(file)) writeWhole(file, newKey(type), 0o600);
  return readFileSync(file, 'utf8');
};

const parsedKey = (text: string): ParsedKey => {
  const key = asKey(text);
  if (key instanceof Error) throw new Error('a key of the demo fleet cannot be read');
  return key;
};

/** From the environment, in milliseconds; nonsense is the default. */
const paceMs = (): number => {
  const asked = Number(process.env.FROSTLINE_DEMO_PACE ?? DEFAULT_PACE_MS);
  return Number.isFinite(asked) && asked >= 0 && asked <= 60_000 ? asked : DEFAULT_PACE_MS;
};

const environmentOf = (o: {
  root: string;
  dir: string;
  bin: string;
  pace: number;
}): Record<string, string> => ({
  PATH: `${o.bin}:${process.env.PATH ?? '/usr/bin:/bin'}`,
  HOME: join(o.root, 'home/demo'),
  USER: DEMO_USER,
  LOGNAME: DEMO_USER,
  SHELL: '/bin/sh',
  LANG: 'C',
  ...(process.env.TMPDIR === undefined ? {} : { TMPDIR: process.env.TMPDIR }),
  FROSTLINE_ROOT: o.root,
  FROSTLINE_DEMO: o.dir,
  FROSTLINE_DEMO_UID: '1000',
  FROSTLINE_DEMO_NAP: o.pace === 0 ? '0' : (o.pace / STEPS_PER_PACKAGE / 1000).toFixed(3),
});

/** Starts `hosts` hosts under `dir` (absolute). Error: `not-available` where the folder or a port cannot be had. */
export const startDemoFleet = async (o: {
  hosts: number;
  dir: string;
  log: Log;
}): Promise<Result<DemoFleet>> => {
  const { dir, log } = o;
  const servers: HostServer[] = [];
  const restarts: Restarts[] = [];
  const stop = async () => {
    await Promise.all(restarts.map((each) => each.stop()));
    await Promise.all(servers.map((server) => server.stop()));
    endJobs(dir, log);
  };
  try {
    const keys = join(dir, 'keys');
    mkdirSync(keys, { recursive: true, mode: 0o700 });
    makeRepository(dir);
    const bin = installStandIns(dir);
    const keyFile = join(keys, 'client');
    const clientKey = parsedKey(keptKey(keyFile, 'ed25519'));
    const portFile = join(dir, 'ports.json');
    const ports = readPorts(portFile);
    const pace = paceMs();
    const hosts: DemoHost[] = [];
    for (const [index, machine] of machinesOf(o.hosts, staysDown()).entries()) {
      const root = prepareMachine(machine, dir);
      const hostKey = keptKey(join(keys, `host-${machine.name}`), index % 4 === 3 ? 'ecdsa' : 'ed25519');
      const known = parsedKey(hostKey);
      const wanted = ports[machine.name] ?? 0;
      let port: number;
      if (machine.trouble === 'unreachable') port = await closedPort(wanted);
      else {
        const own = machine.trouble === 'slow' ? pace * SLOWER : pace;
        const env = environmentOf({ root, dir, bin, pace: own });
        const server = await startHostServer({ port: wanted, hostKey, clientKey, root, env });
        servers.push(server);
        const downMs = Math.max(SHORTEST_BOOT_MS, pace * PACKAGES_PER_BOOT);
        restarts.push(watchRestarts({ machine, dir, root, server, downMs, log }));
        port = server.port;
      }
      ports[machine.name] = port;
      hosts.push({
        name: machine.name,
        address: '127.0.0.1',
        port,
        user: DEMO_USER,
        keyFile,
        environment: machine.environment,
        tags: machine.tags,
        keyType: known.type,
        publicKey: known.getPublicSSH().toString('base64'),
        fingerprint: fingerprintOf(known.getPublicSSH()),
      });
    }
    writeWhole(portFile, JSON.stringify(ports));
    log.write('info', 'demo fleet started', { hosts: hosts.length });
    return ok({ hosts, stop });
  } catch (error) {
    await stop();
    return fail(
      'not-available',
      `The demo fleet could not be started: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
};
