import type { Fault } from '../../fleet/server.ts';
import type { Case } from '../case.ts';
import type { BadRepository } from '../extras.ts';
import type { Row } from '../matrix.ts';

const group = 'The repository';
const on = ['apt', 'dnf', 'zypper'] as const;
const PLAIN = /lab-plain[_-]1\.1/;

const serve = (c: Case, fault: Omit<Fault, 'host'>): void => {
  const heal = c.fleet.repository.fault({ ...fault, host: c.host.name });
  c.defer(async () => heal());
};

/** The host forgets what is on offer, so that it must ask; and asks this one. */
const useRepository = async (c: Case, kind: BadRepository): Promise<void> => {
  await c.host.output(`sed -i 's,/debian$,/debian/${kind},' /etc/apt/sources.list.d/lab.sources`);
  await c.forgetLists();
};

const trustedAgain = async (c: Case): Promise<void> => {
  await c.host.output("sed -i 's,/debian/.*,/debian,' /etc/apt/sources.list.d/lab.sources");
};

const healed = {
  by: 'retry',
  after: 'repository well again',
  mend: (c: Case) => c.undoAll(),
  state: 'succeeded',
  packages: 'new',
} as const;

const failsToFetch = { exit: 1, state: 'failed', code: 'host.repository', packages: 'old' } as const;

const badRepository = (kind: BadRepository, fault: string, said: string): Row => ({
  id: `repository-${kind}`,
  group,
  fault,
  on: ['apt'],
  inject: (c) => useRepository(c, kind),
  ends: { exit: 1, state: 'not started', code: 'host.version-unavailable', message: said, packages: 'old' },
  next: { by: 'run', after: 'source set right', mend: trustedAgain, state: 'succeeded', packages: 'new' },
});

export const repositoryRows: readonly Row[] = [
  {
    id: 'package-gone',
    group,
    fault: 'The package is gone from the repository (404)',
    on,
    inject: async (c) => serve(c, { kind: 'missing', path: PLAIN }),
    ends: {
      ...failsToFetch,
      message:
        'The packages could not be downloaded: Failed to fetch http://repo.lab:18480/debian/pool/lab/lab-plain_1.1_all.deb 404 Not Found … · Some files failed to download',
    },
    differs: {
      dnf: {
        message:
          'The packages could not be downloaded: lab-plain-1.1-1.noarch: Cannot download, all mirrors were already tried without success',
      },
      zypper: {
        message:
          "The packages could not be downloaded: File './Packages/lab-plain-1.1-1.noarch.rpm' not found on medium …",
      },
    },
    next: healed,
  },
  {
    id: 'wrong-hash',
    group,
    fault: 'The package arrives with a wrong hash',
    on,
    inject: async (c) => serve(c, { kind: 'corrupt', path: PLAIN }),
    ends: {
      ...failsToFetch,
      message:
        'The packages could not be downloaded: Failed to fetch http://repo.lab:18480/debian/pool/lab/lab-plain_1.1_all.deb Hash Sum mismatch · Some files failed to download',
    },
    differs: {
      dnf: {
        message:
          'The packages could not be downloaded: lab-plain-1.1-1.noarch: Cannot download, all mirrors were already tried without success',
      },
      zypper: {
        message:
          'The packages could not be downloaded: Package lab-plain-1.1-1.noarch (Lab Leap) seems to be corrupted during transfer. …',
      },
    },
    next: healed,
  },
  {
    id: 'cut-off',
    group,
    fault: 'The download breaks off half-way, every time',
    on: ['apt'],
    brings: ['lab-big'],
    inject: async (c) => serve(c, { kind: 'cut', path: /lab-big[_-]1\.1/ }),
    ends: {
      ...failsToFetch,
      message:
        'The packages could not be downloaded: Failed to fetch http://repo.lab:18480/debian/pool/lab/lab-big_1.1….deb Error reading from server. Remote end closed connection … · …',
    },
    next: healed,
  },
  {
    id: 'repository-slow',
    group,
    fault: 'The repository is slow',
    on: ['apt'],
    brings: ['lab-big'],
    inject: async (c) => serve(c, { kind: 'slow', path: /lab-big[_-]1\.1/, bytesPerSecond: 4 * 1024 * 1024 }),
    ends: { exit: 0, state: 'succeeded', packages: 'new' },
    next: { by: 'run', state: 'compliant', packages: 'new' },
  },
  {
    id: 'repository-stalls',
    group,
    fault: 'The repository accepts connections and never answers',
    on: ['apt'],
    long: true,
    options: ['--prepare-timeout', '5s'],
    inject: async (c) => serve(c, { kind: 'stall', path: PLAIN }),
    ends: {
      exit: 1,
      state: 'failed',
      message: 'The host answers, but this phase took too long: A command on HOST did not end within 5 s.',
      packages: 'old',
    },
    next: {
      ...healed,
      by: 'run',
      options: [],
      mend: async (c) => {
        await c.undoAll();
        await c.managerGone();
      },
    },
  },
  {
    id: 'repository-unreachable',
    group,
    fault: 'The repository cannot be reached from the host',
    on,
    inject: (c) => c.host.network.interfere({ kind: 'refuse-out', port: c.fleet.repository.port }),
    ends: {
      ...failsToFetch,
      message:
        'Old versions could not be put aside: lab-plain 1.0 (E: Failed to fetch http://repo.lab:18480/debian/pool/lab/lab-plain_1.0_all.deb Could not connect to repo.lab:18480 …',
    },
    differs: {
      dnf: {
        message:
          'Old versions could not be put aside: lab-plain 1.0-1 (lab-plain-1.0-1.noarch: Cannot download, all mirrors were already tried without success)',
      },
      zypper: {
        message:
          'Old versions could not be put aside: lab-plain 1.0-1 (Download (curl) error for …lab-plain-1.0-1.noarch.rpm…',
      },
    },
    next: { ...healed, after: 'reachable again', mend: (c) => c.host.network.clear() },
  },
  {
    id: 'repository-dns',
    group,
    fault: 'The host has no name service',
    on: ['apt'],
    inject: async (c) =>
      void (await c.host.output(
        "cp /etc/hosts /run/hosts; sed -i '/repo/d' /etc/hosts; echo nameserver 192.0.2.1 > /etc/resolv.conf",
      )),
    ends: {
      ...failsToFetch,
      message:
        "Old versions could not be put aside: lab-plain 1.0 (E: Failed to fetch http://repo.lab:18480/debian/pool/lab/lab-plain_1.0_all.deb Temporary failure resolving 'repo.lab')",
    },
    next: {
      ...healed,
      after: 'names back',
      mend: async (c) => void (await c.host.output('cp /run/hosts /etc/hosts')),
    },
  },
  {
    id: 'lists-gone',
    group,
    fault: 'The repository is gone: its lists cannot be read any more (404)',
    on: ['apt'],
    inject: async (c) => {
      await c.forgetLists();
      serve(c, { kind: 'missing', path: /dists/ });
    },
    ends: {
      exit: 1,
      state: 'not started',
      code: 'host.version-unavailable',
      message:
        "Refused on HOST: lab-plain 1.1 is in none of this host's repositories. …The repository 'http://repo.lab…' does not have a Release file. …",
      packages: 'old',
    },
    next: { ...healed, by: 'run' },
  },
  badRepository(
    'expired',
    'The repository’s lists have expired',
    "Refused on HOST: lab-plain 1.1 is in none of this host's repositories. E: Release file for http://repo.lab…/InRelease is expired (invalid since …). Updates for this repository will not be applied. …",
  ),
  badRepository(
    'future',
    'The host’s clock is days behind: the repository’s lists are of the future',
    "Refused on HOST: lab-plain 1.1 is in none of this host's repositories. E: Release file for http://repo.lab…/InRelease is not valid yet (invalid for another …). Updates for this repository will not be applied. …",
  ),
  badRepository(
    'unsigned',
    'The repository is not signed',
    "Refused on HOST: lab-plain 1.1 is in none of this host's repositories. …E: The repository 'http://repo.lab… Release' is not signed. …",
  ),
  badRepository(
    'stranger',
    'The repository is signed by somebody else',
    "Refused on HOST: lab-plain 1.1 is in none of this host's repositories. …E: The repository 'http://repo.lab… InRelease' is not signed. …",
  ),
];
