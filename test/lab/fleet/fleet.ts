import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createCgroup, removeCgroups } from './cgroup.ts';
import {
  fleetsDir,
  hostAddress,
  KEY_PASSPHRASE,
  MAX_HOSTS,
  REPOSITORY_HOST,
  REPOSITORY_PORT,
  repositoryAddress,
} from './config.ts';
import { type HostSetup, LabHost } from './host.ts';
import { copyRepositories, type Image, type Manager, openImage, type Profile } from './image.ts';
import {
  createBridge,
  createHostNetwork,
  networkAddress,
  networkRepositoryAddress,
  removeNetworks,
} from './network.ts';
import { debFileName, nativeArchitecture } from './packages.ts';
import { LabError, type Lock, lock, must } from './process.ts';
import { addPackages, indexRepository } from './repository.ts';
import { rpmArchitecture } from './rpm.ts';
import { openRpmRepository, type RpmRepository } from './rpmRepository.ts';
import { type RepositoryServer, serveRepository } from './server.ts';
import type { PackageVersion } from './shapes.ts';

export interface FleetOptions {
  /** Debian hosts. Default 12. They are named h01, h02 … */
  readonly hosts?: number;
  /** How many of them (the last ones) run real systemd as PID 1. Default 0; a few are enough, they cost more. */
  readonly systemd?: number;
  /** RPM hosts besides, named r01, r02 …: dnf4 on a "lablinux" that calls itself a relative of RHEL. Default 0. */
  readonly dnf?: number;
  /** How many of those (the last ones) run real systemd. Default 0. */
  readonly dnfSystemd?: number;
  /** And named z01, z02 …: zypper on a "Lab Leap" that calls itself a relative of openSUSE. Default 0. */
  readonly zypper?: number;
  /** How many of those (the last ones) run real systemd. Default 0. */
  readonly zypperSystemd?: number;
  /** 1…200: hosts get 127.0.<block>.N. Default: the first block no other fleet on this machine has. */
  readonly block?: number;
  /** Gives every host a network namespace, so that its link can break (`host.network`). Default: they share the machine's loopback. */
  readonly networks?: boolean;
  /** Size of each host's disk (it takes memory only as far as it is used). Default 300. */
  readonly diskMiB?: number;
}

export interface ClientKeys {
  /** Private key files (OpenSSH format); the public ones end in `.pub`. */
  readonly client: string;
  /** Needs `passphrase`. */
  readonly protected: string;
  readonly passphrase: string;
  /** No host accepts it. */
  readonly stranger: string;
}

export interface FleetRepository extends RepositoryServer {
  /** Adds package versions; hosts see them after their next `apt-get update`. */
  publish(versions: readonly PackageVersion[]): Promise<void>;
  /** Takes package versions out, files and all. */
  withdraw(versions: readonly PackageVersion[]): Promise<void>;
  /** The RPM repository; throws when the fleet has no RPM hosts. */
  readonly rpms: RpmRepository;
}

export interface Fleet {
  readonly block: number;
  readonly dir: string;
  readonly hosts: readonly LabHost[];
  readonly keys: ClientKeys;
  readonly repository: FleetRepository;
  host(name: string): LabHost;
  /** The hosts' present keys as known_hosts lines. */
  knownHosts(): string;
  /** Removes every process, mount and file of the fleet. Idempotent. */
  stop(): Promise<void>;
}

/** Promise.all that lets every one come to its end first: what still goes on cannot be cleaned up. */
const all = async <T>(tasks: readonly Promise<T>[]): Promise<T[]> => {
  await Promise.allSettled(tasks);
  return Promise.all(tasks);
};

const blockDir = (block: number): string => join(fleetsDir, String(block));

/** Removes what a session that was killed left in a block. The caller holds the block's lock, so nobody lives there. */
const cleanBlock = async (block: number): Promise<void> => {
  await removeCgroups(`${block}-`);
  await removeNetworks(block);
  const dir = blockDir(block);
  const mounts = (await readFile('/proc/self/mounts', 'utf8'))
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(`${dir}/`));
  for (const path of mounts.reverse()) await must('umount', ['-l', path]);
  await rm(dir, { recursive: true, force: true });
};

interface Claim {
  readonly block: number;
  readonly held: Lock;
}

const claimBlock = async (wanted: number | undefined, taken: ReadonlySet<number>): Promise<Claim> => {
  for (let block = wanted ?? 1; block <= 200; block += 1) {
    const held = taken.has(block) ? null : await lock(`block-${block}`, 'exclusive', false);
    if (held !== null) {
      await cleanBlock(block);
      return { block, held };
    }
    if (wanted !== undefined) break;
  }
  throw new LabError(
    wanted === undefined ? 'no free address block' : `block ${wanted} is in use by another fleet`,
  );
};

/** Claims a block and serves the repository on its .254: that the address can be bound proves the block is really free. */
const claimAndServe = async (
  image: Image,
  wanted: number | undefined,
): Promise<Claim & { server: RepositoryServer }> => {
  const taken = new Set<number>();
  for (;;) {
    const claim = await claimBlock(wanted, taken);
    try {
      await mkdir(blockDir(claim.block), { recursive: true });
      const repository = join(blockDir(claim.block), 'repository');
      const rpms = join(blockDir(claim.block), 'rpms');
      await copyRepositories(image, repository, rpms);
      const address = repositoryAddress(claim.block);
      const server = await serveRepository(
        { '/debian/': join(repository, 'public'), '/rpm/': join(rpms, 'public') },
        address,
        REPOSITORY_PORT,
      );
      return { ...claim, server };
    } catch (error) {
      await cleanBlock(claim.block);
      await claim.held.release();
      if (wanted !== undefined || taken.size >= 5) throw error;
      taken.add(claim.block);
    }
  }
};

const fleetRepository = (
  server: RepositoryServer,
  dir: string,
  rpms: RpmRepository | null,
): FleetRepository => ({
  ...server,
  publish: async (versions) => {
    await addPackages(dir, versions);
    await indexRepository(dir);
  },
  withdraw: async (versions) => {
    const arch = await nativeArchitecture();
    for (const p of versions) await rm(join(dir, 'public', 'pool', p.suite, debFileName(p, arch)));
    await indexRepository(dir);
  },
  get rpms() {
    if (rpms === null) throw new LabError('this fleet has no RPM hosts');
    return rpms;
  },
});

type PlannedHost = Pick<HostSetup, 'name' | 'manager' | 'flavour'>;

/** `count` hosts of one manager, the last `systemd` of them with systemd as PID 1. */
const planned = (letter: string, manager: Manager, count: number, systemd: number): PlannedHost[] =>
  Array.from({ length: count }, (_, i) => ({
    name: `${letter}${String(i + 1).padStart(2, '0')}`,
    manager,
    flavour: i >= count - systemd ? 'systemd' : 'plain',
  }));

/**
 * Builds the image if need be and boots a fleet of real Debian hosts. Should this process be killed, the kernel ends the hosts
 * with it, and the next fleet that takes the block removes the mounts.
 */
export const startFleet = async (options: FleetOptions = {}): Promise<Fleet> => {
  const plans = [
    ...planned('h', 'apt', options.hosts ?? 12, options.systemd ?? 0),
    ...planned('r', 'dnf', options.dnf ?? 0, options.dnfSystemd ?? 0),
    ...planned('z', 'zypper', options.zypper ?? 0, options.zypperSystemd ?? 0),
  ];
  const count = plans.length;
  if (!Number.isInteger(count) || count < 1 || count > MAX_HOSTS)
    throw new LabError(`1 to ${MAX_HOSTS} hosts, not ${count}`);
  const profileOf = (plan: PlannedHost): Profile => `${plan.manager}-${plan.flavour}`;
  const image = await openImage(plans.map(profileOf));
  const hosts: LabHost[] = [];
  let claim: Awaited<ReturnType<typeof claimAndServe>> | null = null;
  let stopping: Promise<void> | null = null;

  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      // One host that cannot be ended in order must not keep the rest: the block's cleaning ends what is left.
      await Promise.allSettled(hosts.map((host) => host.remove()));
      if (claim !== null) {
        await claim.server.close();
        await cleanBlock(claim.block);
        await claim.held.release();
      }
      await image.release();
    })();
    return stopping;
  };

  try {
    claim = await claimAndServe(image, options.block);
    const { block, server } = claim;
    const dir = blockDir(block);
    await writeFile(join(dir, 'pid'), `${process.pid}\n`);
    const networks = options.networks ?? false;
    if (networks) {
      await createBridge(block);
      await server.alsoAt(networkRepositoryAddress(block));
    }
    const created = await all(
      plans.map(async (plan, i) =>
        LabHost.create({
          ...plan,
          ...(networks
            ? {
                address: networkAddress(block, i + 1),
                repositoryAddress: networkRepositoryAddress(block),
                network: await createHostNetwork(block, i + 1),
              }
            : { address: hostAddress(block, i + 1), repositoryAddress: server.address }),
          repositoryHost: REPOSITORY_HOST,
          dir: join(dir, 'hosts', plan.name),
          lower: image.lower.get(profileOf(plan)) ?? '',
          diskBytes: (options.diskMiB ?? 300) * 1024 * 1024,
          cgroup: await createCgroup(`${block}-${plan.name}`),
        }),
      ),
    );
    hosts.push(...created);
    await all(hosts.map((host) => host.boot()));
    return {
      block,
      dir,
      hosts,
      keys: {
        client: join(image.keys, 'client'),
        protected: join(image.keys, 'protected'),
        passphrase: KEY_PASSPHRASE,
        stranger: join(image.keys, 'stranger'),
      },
      repository: fleetRepository(
        server,
        join(dir, 'repository'),
        image.rpms === null ? null : openRpmRepository(join(dir, 'rpms'), await rpmArchitecture()),
      ),
      host: (name) => {
        const host = hosts.find((one) => one.name === name);
        if (host === undefined) throw new LabError(`no host ${name}`);
        return host;
      },
      knownHosts: () =>
        hosts.map((h) => `[${h.address}]:${h.port} ${h.hostKey.type} ${h.hostKey.blob}\n`).join(''),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
};

/** Removes what killed sessions left in any block; blocks of living fleets are left alone. Returns the cleaned blocks. */
export const cleanStale = async (blocks: readonly number[]): Promise<number[]> => {
  const cleaned: number[] = [];
  for (const block of blocks) {
    const held = await lock(`block-${block}`, 'exclusive', false);
    if (held === null) continue;
    await cleanBlock(block);
    await held.release();
    cleaned.push(block);
  }
  return cleaned;
};
