/** The sample fleet of the mock host: 24 hosts in all the states a table must show. Deterministic; times hang off `NOW`. */
import type { FrostError } from '../../../shared/errors.ts';
import { frostError } from '../../../shared/errors.ts';
import type { Host } from '../../../shared/model/host.ts';
import type { Facts, InstalledPackage, Scan, ScanSummary, Update } from '../../../shared/model/scan.ts';

export const id = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
export const hash = (n: number): string => `sha256:${n.toString(16).padStart(64, '0')}`;
export const sha = (n: number): string => n.toString(16).padStart(64, 'a');

/** Minutes before the moment the sample was made, as an instant. */
export const ago = (minutes: number, from: number = Date.now()): string =>
  new Date(from - minutes * 60_000).toISOString();

type Sample = {
  name: string;
  env: 'production' | 'staging' | 'test';
  tags: Record<string, string>;
  /** How the latest scan ended; `never`: there is none. */
  scan: 'ok' | 'partial' | 'failed' | 'never';
  error?: FrostError;
  /** Behind by this many of the sample's updates. */
  behind: number;
  reboot?: boolean;
  minutes: number;
  broken?: boolean;
  lock?: string;
};

const web = (n: number, more: Partial<Sample> = {}): Sample => ({
  name: `web-${String(n).padStart(2, '0')}`,
  env: n <= 2 ? 'staging' : 'production',
  tags: { web: '', rack: `r${1 + (n % 3)}` },
  scan: 'ok',
  behind: 6 + (n % 4),
  minutes: 14 + n,
  ...more,
});

const SAMPLES: Sample[] = [
  web(1, { behind: 0 }),
  web(2),
  web(3),
  web(4, { reboot: true }),
  web(5),
  web(6, {
    scan: 'failed',
    error: frostError('host.unreachable', 'No answer from 10.4.1.16 port 22 within 10 s.', {
      host: 'web-06',
      hint: 'Is it switched on and reachable from here? Try: ping 10.4.1.16',
    }),
  }),
  web(7),
  web(8, { behind: 11 }),
  { name: 'app-01', env: 'production', tags: { app: 'orders' }, scan: 'ok', behind: 9, minutes: 22 },
  { name: 'app-02', env: 'production', tags: { app: 'orders' }, scan: 'ok', behind: 9, minutes: 22 },
  {
    name: 'app-03',
    env: 'production',
    tags: { app: 'billing' },
    scan: 'ok',
    behind: 4,
    minutes: 23,
    reboot: true,
  },
  { name: 'app-04', env: 'staging', tags: { app: 'billing' }, scan: 'ok', behind: 12, minutes: 21 },
  {
    name: 'db-01',
    env: 'production',
    tags: { db: 'postgres' },
    scan: 'partial',
    error: frostError('host.no-root', 'Services that need a restart could not be read without root.', {
      host: 'db-01',
      hint: 'Give the account passwordless sudo for reading, or accept a partial picture.',
    }),
    behind: 7,
    minutes: 31,
  },
  {
    name: 'db-02',
    env: 'production',
    tags: { db: 'postgres' },
    scan: 'ok',
    behind: 7,
    minutes: 30,
    lock: 'pid 812 (apt-get upgrade)',
  },
  { name: 'db-03', env: 'staging', tags: { db: 'postgres' }, scan: 'ok', behind: 2, minutes: 30 },
  { name: 'build-01', env: 'test', tags: { ci: '' }, scan: 'ok', behind: 12, minutes: 6 * 60 },
  { name: 'build-02', env: 'test', tags: { ci: '' }, scan: 'ok', behind: 12, minutes: 6 * 60, broken: true },
  { name: 'mail-01', env: 'production', tags: { mail: '' }, scan: 'ok', behind: 5, minutes: 45 },
  { name: 'ns-01', env: 'production', tags: { dns: '' }, scan: 'ok', behind: 1, minutes: 44 },
  { name: 'ns-02', env: 'production', tags: { dns: '' }, scan: 'ok', behind: 1, minutes: 44 },
  {
    name: 'backup-01',
    env: 'production',
    tags: { backup: '' },
    scan: 'failed',
    error: frostError('host.key-changed', 'The host key of backup-01 is not the one that was trusted.', {
      host: 'backup-01',
      hint: 'If it was reinstalled on purpose, compare the fingerprint on its console, then forget the old key.',
    }),
    behind: 3,
    minutes: 50,
  },
  {
    name: 'edge-01',
    env: 'production',
    tags: { edge: '' },
    scan: 'failed',
    error: frostError('host.sudo-refused', 'sudo refused: deploy is not in the sudoers file.', {
      host: 'edge-01',
    }),
    behind: 8,
    minutes: 12,
  },
  { name: 'edge-02', env: 'production', tags: { edge: '' }, scan: 'never', behind: 0, minutes: 0 },
  {
    name: 'legacy-hp-microserver-basement',
    env: 'test',
    tags: { old: '' },
    scan: 'ok',
    behind: 12,
    minutes: 9 * 24 * 60,
    reboot: true,
  },
];

type Offer = Omit<Update, 'from'> & { from: string };
const offer = (
  name: string,
  from: string,
  to: string,
  security: boolean,
  more: Partial<Offer> = {},
): Offer => ({
  name,
  arch: 'amd64',
  from,
  to,
  origin: security ? 'Debian-Security:12/stable-security' : 'Debian:12.8/stable',
  severity: security ? 'important' : 'unknown',
  classification: security ? 'security' : 'bugfix',
  advisories: security ? ['DSA-5802-1'] : [],
  sizeBytes: 40_000 + name.length * 91_337,
  sha256: sha(name.length * 7919),
  ...more,
});

/** In the order the archive lists them; a host that is behind by n has the first n. */
export const OFFERS: readonly Offer[] = [
  offer('openssl', '3.0.14-1~deb12u2', '3.0.15-1~deb12u1', true, {
    severity: 'critical',
    advisories: ['DSA-5808-1', 'CVE-2024-9143'],
  }),
  offer('libssl3', '3.0.14-1~deb12u2', '3.0.15-1~deb12u1', true, {
    severity: 'critical',
    advisories: ['DSA-5808-1', 'CVE-2024-9143'],
  }),
  offer('nginx', '1.22.1-9', '1.22.1-9+deb12u1', true, { advisories: ['DSA-5799-1'] }),
  offer('tzdata', '2024a-0+deb12u1', '2024b-0+deb12u1', false, { arch: 'all' }),
  offer('base-files', '12.4+deb12u7', '12.4+deb12u8', false),
  offer('linux-image-amd64', '6.1.112-1', '6.1.115-1', true, {
    advisories: ['DSA-5810-1'],
    blocked: 'needs-new-packages',
  }),
  offer('curl', '7.88.1-10+deb12u7', '7.88.1-10+deb12u8', true, { severity: 'moderate' }),
  offer('libcurl4', '7.88.1-10+deb12u7', '7.88.1-10+deb12u8', true, { severity: 'moderate' }),
  offer('postgresql-15', '15.8-0+deb12u1', '15.9-0+deb12u1', true, { blocked: 'held' }),
  offer('systemd', '252.30-1~deb12u2', '252.31-1~deb12u1', false),
  offer('python3.11', '3.11.2-6+deb12u3', '3.11.2-6+deb12u4', true, { severity: 'low' }),
  offer('sudo', '1.9.13p3-1+deb12u1', '1.9.13p3-1+deb12u2', false, { blocked: 'phased' }),
];

const PLAIN_PACKAGES =
  `adduser apt apt-utils bash bind9-host bsdutils bzip2 ca-certificates coreutils cron dash dbus debconf
 debianutils diffutils dpkg e2fsprogs fdisk file findutils gcc-12-base gpgv grep gzip hostname ifupdown init iproute2 iputils-ping
 isc-dhcp-client kmod less libacl1 libapt-pkg6.0 libattr1 libaudit1 libblkid1 libbz2-1.0 libc-bin libc6 libcap-ng0 libcap2 libcom-err2
 libcrypt1 libdb5.3 libdebconfclient0 libelf1 libext2fs2 libffi8 libgcc-s1 libgcrypt20 libgmp10 libgnutls30 libgpg-error0
 libhogweed6 libidn2-0 libjansson4 libkmod2 liblz4-1 liblzma5 libmd0 libmnl0 libmount1 libncursesw6 libnettle8 libp11-kit0 libpam-modules
 libpcre2-8-0 libproc2-0 libreadline8 libseccomp2 libselinux1 libsemanage2 libsepol2 libsmartcols1 libsqlite3-0 libss2 libstdc++6
 libsystemd0 libtasn1-6 libtinfo6 libudev1 libunistring2 libuuid1 libxtables12 libxxhash0 libzstd1 locales login logrotate logsave
 man-db mawk mount nano ncurses-base ncurses-bin netbase nftables openssh-client openssh-server openssh-sftp-server passwd perl-base
 procps readline-common rsyslog sed sensible-utils sysvinit-utils tar tasksel ucf udev unattended-upgrades usr-is-merged util-linux vim-tiny
 wget whiptail zlib1g`
    .split(/\s+/)
    .filter((name) => name !== '');

const hostOf = (sample: Sample, n: number): Host => ({
  id: id(0x100 + n),
  name: sample.name,
  address: `10.4.${1 + Math.floor(n / 12)}.${11 + n}`,
  port: 22,
  user: 'deploy',
  transport: 'ssh',
  auth: n % 5 === 0 ? { kind: 'agent' } : { kind: 'key', keyFile: '~/.ssh/id_ed25519' },
  sudo: 'nopasswd',
  environment: sample.env,
  tags: sample.tags,
  ...(sample.name.startsWith('edge') ? { jump: 'ns-01' } : {}),
  legacyAlgorithms: sample.name.startsWith('legacy'),
  createdAt: ago(60 * 24 * 90),
  updatedAt: ago(60 * 24 * 3),
});

const factsOf = (sample: Sample, n: number): Facts => ({
  hostname: sample.name,
  os: 'debian',
  osName: 'Debian GNU/Linux 12 (bookworm)',
  release: '12',
  codename: 'bookworm',
  arch: 'amd64',
  kernel: sample.reboot ? '6.1.0-25-amd64' : '6.1.0-26-amd64',
  newestKernel: '6.1.0-26-amd64',
  bootId: id(0x900 + n),
  bootedAt: ago(60 * 24 * (20 + n)),
  clockSkewSeconds: n === 15 ? 94 : 0.2,
  manager: 'apt',
  managerVersion: '2.6.1',
  mounts: [
    { target: '/', availableBytes: 6.2e9 + n * 3e8, readOnly: false },
    { target: '/var', availableBytes: n === 15 ? 1.8e8 : 3.1e9, readOnly: false },
    { target: '/boot', availableBytes: 2.4e8, readOnly: false },
  ],
  lock: sample.lock === undefined ? { held: false } : { held: true, holder: sample.lock },
  broken: sample.broken ? [{ name: 'openssh-server', state: 'half-configured' }] : [],
  rebootRequired: sample.reboot ?? false,
  rebootReasons: sample.reboot ? ['linux-image-6.1.0-26-amd64', 'libc6'] : [],
  servicesToRestart: sample.behind > 8 ? ['nginx.service', 'ssh.service'] : [],
  failedUnits: n === 8 ? ['orders-report.timer'] : [],
  autoUpdaters: n % 3 === 0 ? ['unattended-upgrades', 'apt-daily-upgrade.timer'] : [],
  privilege: 'sudo',
  listsUpdatedAt: ago(60 * 5),
});

const scanOf = (
  sample: Sample,
  host: Host,
  n: number,
  minutes: number,
  good: boolean,
  scanId: string,
): Scan => {
  const base = {
    id: scanId,
    hostId: host.id,
    host: host.name,
    startedAt: ago(minutes + 0.05),
    finishedAt: ago(minutes),
  };
  if (!good)
    return {
      ...base,
      state: 'failed',
      ...(sample.error === undefined ? {} : { error: sample.error }),
      unseen: [],
      packages: [],
      updates: [],
      removals: [],
    };
  const updates = OFFERS.slice(0, sample.behind);
  const packages: InstalledPackage[] = [
    ...PLAIN_PACKAGES.map((name, index) => ({
      name,
      arch: 'amd64',
      version: `${1 + (index % 4)}.${index % 17}.${index % 9}-${1 + (index % 3)}`,
      source: name,
      sourceVersion: `${1 + (index % 4)}.${index % 17}.${index % 9}-${1 + (index % 3)}`,
      auto: name.startsWith('lib'),
      held: false,
    })),
    ...OFFERS.map((each, index) => ({
      name: each.name,
      arch: each.arch,
      version: index < sample.behind ? each.from : each.to,
      source: each.name.replace(/^lib(ssl3|curl4)$/, (_all, name) => (name === 'ssl3' ? 'openssl' : 'curl')),
      sourceVersion: each.from,
      auto: each.name.startsWith('lib'),
      held: each.blocked === 'held',
      ...(sample.broken && each.name === 'sudo' ? { brokenState: 'iF' } : {}),
    })),
  ].sort((a, b) => a.name.localeCompare(b.name));
  return {
    ...base,
    state: sample.scan === 'partial' ? 'partial' : 'ok',
    ...(sample.scan === 'partial' && sample.error !== undefined ? { error: sample.error } : {}),
    unseen: sample.scan === 'partial' ? ['services that need a restart', 'the holder of the lock'] : [],
    facts: factsOf(sample, n),
    packages,
    updates: [...updates],
    removals: [],
  };
};

export const summaryOf = (scan: Scan): ScanSummary => {
  const { packages, updates, removals: _removals, ...rest } = scan;
  return {
    ...rest,
    packageCount: packages.length,
    updateCount: updates.length,
    securityCount: updates.filter((update) => update.classification === 'security').length,
    blockedCount: updates.filter((update) => update.blocked !== undefined).length,
  };
};

export type SampleHost = { host: Host; scans: Scan[]; trusted: boolean; keyChanged: boolean };

/** `count` beyond 24 repeats the sample under other names. Scans newest first; their ids count up from `first`. */
export const sampleFleet = (count = SAMPLES.length, first = 0x2_0000): SampleHost[] =>
  Array.from({ length: count }, (_, n) => {
    const base = SAMPLES[n % SAMPLES.length];
    if (base === undefined) throw new Error('the sample is empty');
    const round = Math.floor(n / SAMPLES.length);
    const sample = round === 0 ? base : { ...base, name: `${base.name}-${String(round).padStart(3, '0')}` };
    const host = hostOf(sample, n % 200);
    const unique = {
      ...host,
      id: id(0x100 + n),
      ...(round === 0 ? {} : { address: `10.${5 + (n >> 8)}.${n % 256}.9` }),
    };
    const scans =
      sample.scan === 'never'
        ? []
        : [
            scanOf(sample, unique, n, sample.minutes, sample.scan !== 'failed', id(first + n * 2)),
            scanOf(sample, unique, n, sample.minutes + 1440, true, id(first + n * 2 + 1)),
          ];
    return {
      host: unique,
      scans,
      trusted: sample.scan !== 'never',
      keyChanged: sample.error?.code === 'host.key-changed',
    };
  });
