/**
 * What the demo fleet's hosts run: packages with names, versions and dependencies as Debian 12 has them, old and new. Sizes of
 * the largest are made smaller, since their files really lie on the disk. In one piece because it is one table.
 */

export type Suite = 'main' | 'security' | 'updates';
/** `suite` absent: no repository offers this version any more. */
export type Release = { version: string; suite?: Suite; depends?: string };
export type CataloguePackage = {
  name: string;
  source?: string;
  arch?: 'all';
  section: string;
  /** Of the package file. */
  bytes: number;
  installedKiB: number;
  summary: string;
  multiArch?: 'same' | 'foreign';
  depends?: string;
  /** Oldest first. The first is what hosts have installed unless they say otherwise. */
  releases: Release[];
  /** Came in as a dependency. */
  auto?: boolean;
  reboot?: boolean;
  service?: string;
};
export type Role = 'web' | 'app' | 'db' | 'cache';

const KIB = 1024;
type Options = Omit<CataloguePackage, 'name' | 'section' | 'bytes' | 'installedKiB' | 'summary' | 'releases'>;

const pkg = (
  name: string,
  section: string,
  kib: number,
  summary: string,
  releases: (string | Release)[],
  options: Options = {},
): CataloguePackage => ({
  name,
  section,
  bytes: kib * KIB,
  installedKiB: kib * 4,
  summary,
  releases: releases.map((release, index) =>
    typeof release === 'string' ? { version: release, suite: index === 0 ? 'main' : 'updates' } : release,
  ),
  ...options,
});
const security = (version: string, depends?: string): Release => ({
  version,
  suite: 'security',
  ...(depends === undefined ? {} : { depends }),
});
const lib: Options = { multiArch: 'same', auto: true, depends: 'libc6 (>= 2.36)' };

const BASE: CataloguePackage[] = [
  pkg('adduser', 'admin', 140, 'add and remove users and groups', ['3.134'], { arch: 'all' }),
  pkg('apt', 'admin', 1340, 'commandline package manager', ['2.6.1'], { depends: 'libc6 (>= 2.34), gpgv' }),
  pkg('base-files', 'admin', 70, 'Debian base system miscellaneous files', ['12.4+deb12u7', '12.4+deb12u8']),
  pkg('base-passwd', 'admin', 50, 'Debian base system master password and group files', ['3.6.1']),
  pkg('bash', 'shells', 1460, 'GNU Bourne Again SHell', ['5.2.15-2+b7'], { depends: 'libc6 (>= 2.36)' }),
  pkg(
    'bind9-host',
    'net',
    300,
    'DNS lookup utility',
    ['1:9.18.24-1', security('1:9.18.28-1~deb12u2', 'bind9-libs (= 1:9.18.28-1~deb12u2)')],
    { source: 'bind9', depends: 'bind9-libs (= 1:9.18.24-1)' },
  ),
  pkg(
    'bind9-libs',
    'libs',
    1380,
    'shared libraries used by BIND 9',
    ['1:9.18.24-1', security('1:9.18.28-1~deb12u2')],
    { source: 'bind9', auto: true, multiArch: 'same', depends: 'libc6 (>= 2.36), libssl3 (>= 3.0.0)' },
  ),
  pkg('bsdutils', 'utils', 96, 'basic utilities from 4.4BSD-Lite', ['1:2.38.1-5+deb12u1'], {
    source: 'util-linux',
  }),
  pkg('ca-certificates', 'misc', 150, 'common CA certificates', ['20230311'], {
    arch: 'all',
    depends: 'openssl (>= 1.1.1)',
  }),
  pkg('coreutils', 'utils', 2900, 'GNU core utilities', ['9.1-1'], { depends: 'libc6 (>= 2.36)' }),
  pkg('cron', 'admin', 110, 'process scheduling daemon', ['3.0pl1-162'], { depends: 'libc6 (>= 2.36)' }),
  pkg(
    'curl',
    'web',
    310,
    'command line tool for transferring data with URL syntax',
    ['7.88.1-10+deb12u6', security('7.88.1-10+deb12u8', 'libc6 (>= 2.36), libcurl4 (= 7.88.1-10+deb12u8)')],
    { depends: 'libc6 (>= 2.36), libcurl4 (= 7.88.1-10+deb12u6)' },
  ),
  pkg('dash', 'shells', 96, 'POSIX-compliant shell', ['0.5.12-2']),
  pkg('dbus', 'admin', 96, 'simple interprocess messaging system', ['1.14.10-1~deb12u1']),
  pkg('debian-archive-keyring', 'misc', 160, 'GnuPG archive keys of the Debian archive', ['2023.3+deb12u1'], {
    arch: 'all',
  }),
  pkg('debianutils', 'utils', 100, 'miscellaneous utilities specific to Debian', ['5.7-0.5~deb12u1']),
  pkg('diffutils', 'utils', 380, 'file comparison utilities', ['1:3.8-4']),
  pkg('dpkg', 'admin', 1530, 'Debian package management system', ['1.21.22']),
  pkg('e2fsprogs', 'admin', 590, 'ext2/ext3/ext4 file system utilities', ['1.47.0-2']),
  pkg('findutils', 'utils', 690, 'utilities for finding files', ['4.9.0-4']),
  pkg('gpgv', 'utils', 640, 'GNU privacy guard - signature verification tool', ['2.2.40-1.1'], {
    source: 'gnupg2',
    auto: true,
  }),
  pkg('grep', 'utils', 430, 'GNU grep, egrep and fgrep', ['3.8-5']),
  pkg('gzip', 'utils', 120, 'GNU compression utilities', ['1.12-1']),
  pkg('init-system-helpers', 'admin', 60, 'helper tools for all init systems', ['1.65.2'], { arch: 'all' }),
  pkg('less', 'text', 130, 'pager program similar to more', ['590-2', security('590-2.1~deb12u2')], {
    depends: 'libc6 (>= 2.34)',
  }),
  pkg(
    'libc-bin',
    'libs',
    600,
    'GNU C Library: Binaries',
    ['2.36-9+deb12u9', security('2.36-9+deb12u10', 'libc6 (>= 2.36-9+deb12u10)')],
    { source: 'glibc' },
  ),
  pkg(
    'libc6',
    'libs',
    2700,
    'GNU C Library: Shared libraries',
    ['2.36-9+deb12u9', security('2.36-9+deb12u10')],
    { source: 'glibc', multiArch: 'same', reboot: true },
  ),
  pkg(
    'libcurl4',
    'libs',
    380,
    'easy-to-use client-side URL transfer library',
    ['7.88.1-10+deb12u6', security('7.88.1-10+deb12u8')],
    { ...lib, source: 'curl', depends: 'libc6 (>= 2.36), libssl3 (>= 3.0.0)' },
  ),
  pkg(
    'libexpat1',
    'libs',
    100,
    'XML parsing C library - runtime library',
    ['2.5.0-1', security('2.5.0-1+deb12u1')],
    { ...lib, source: 'expat' },
  ),
  pkg(
    'libgnutls30',
    'libs',
    1370,
    'GNU TLS library - main runtime library',
    ['3.7.9-2+deb12u2', '3.7.9-2+deb12u3'],
    { ...lib, source: 'gnutls28' },
  ),
  pkg('liblzma5', 'libs', 200, 'XZ-format compression library', ['5.4.1-0.2'], {
    ...lib,
    source: 'xz-utils',
  }),
  pkg('libpam-modules', 'admin', 290, 'pluggable authentication modules for PAM', ['1.5.2-6+deb12u1'], {
    ...lib,
    source: 'pam',
  }),
  pkg('libsqlite3-0', 'libs', 820, 'SQLite 3 shared library', ['3.40.1-2'], { ...lib, source: 'sqlite3' }),
  pkg(
    'libssl3',
    'libs',
    1970,
    'Secure Sockets Layer toolkit - shared libraries',
    ['3.0.14-1~deb12u2', security('3.0.15-1~deb12u1')],
    { ...lib, source: 'openssl' },
  ),
  pkg('libsystemd0', 'libs', 320, 'systemd utility library', ['252.30-1~deb12u2'], {
    ...lib,
    source: 'systemd',
  }),
  pkg('libxml2', 'libs', 670, 'GNOME XML library', ['2.9.14+dfsg-1.3~deb12u1'], lib),
  pkg('linux-image-6.1.0-26-amd64', 'kernel', 9000, 'Linux 6.1 for 64-bit PCs', ['6.1.112-1'], {
    source: 'linux-signed-amd64',
    auto: true,
    reboot: true,
  }),
  pkg('linux-image-6.1.0-27-amd64', 'kernel', 9100, 'Linux 6.1 for 64-bit PCs', [security('6.1.115-1')], {
    source: 'linux-signed-amd64',
    auto: true,
    reboot: true,
  }),
  pkg(
    'linux-image-amd64',
    'kernel',
    2,
    'Linux for 64-bit PCs (meta-package)',
    ['6.1.112-1', security('6.1.115-1', 'linux-image-6.1.0-27-amd64 (= 6.1.115-1)')],
    { source: 'linux-signed-amd64', depends: 'linux-image-6.1.0-26-amd64 (= 6.1.112-1)' },
  ),
  pkg('login', 'admin', 620, 'system login tools', ['1:4.13+dfsg1-1+b1'], {
    source: 'shadow (1:4.13+dfsg1-1)',
  }),
  pkg('logrotate', 'admin', 60, 'Log rotation utility', ['3.21.0-1'], { depends: 'cron' }),
  pkg('mount', 'admin', 130, 'tools for mounting and manipulating filesystems', ['2.38.1-5+deb12u1'], {
    source: 'util-linux',
  }),
  pkg(
    'openssh-client',
    'net',
    980,
    'secure shell (SSH) client',
    ['1:9.2p1-2+deb12u2', security('1:9.2p1-2+deb12u3')],
    { source: 'openssh', depends: 'libc6 (>= 2.36), libssl3 (>= 3.0.11)' },
  ),
  pkg(
    'openssh-server',
    'net',
    450,
    'secure shell (SSH) server',
    [
      '1:9.2p1-2+deb12u2',
      security('1:9.2p1-2+deb12u3', 'libc6 (>= 2.36), openssh-client (= 1:9.2p1-2+deb12u3)'),
    ],
    {
      source: 'openssh',
      depends: 'libc6 (>= 2.36), openssh-client (= 1:9.2p1-2+deb12u2)',
      service: 'ssh.service',
    },
  ),
  pkg(
    'openssl',
    'utils',
    1400,
    'Secure Sockets Layer toolkit - cryptographic utility',
    ['3.0.14-1~deb12u2', security('3.0.15-1~deb12u1', 'libc6 (>= 2.34), libssl3 (>= 3.0.15)')],
    { depends: 'libc6 (>= 2.34), libssl3 (>= 3.0.14)' },
  ),
  pkg('passwd', 'admin', 970, 'change and administer password and group data', ['1:4.13+dfsg1-1+b1'], {
    source: 'shadow (1:4.13+dfsg1-1)',
  }),
  pkg('perl-base', 'perl', 1600, 'minimal Perl system', ['5.36.0-7+deb12u1'], { source: 'perl' }),
  pkg('procps', 'admin', 690, '/proc file system utilities', ['2:4.0.2-3']),
  pkg('rsyslog', 'admin', 710, 'reliable system and kernel logging daemon', ['8.2302.0-1'], {
    service: 'rsyslog.service',
  }),
  pkg('sed', 'utils', 320, 'GNU stream editor for filtering/transforming text', ['4.9-1']),
  pkg(
    'sudo',
    'admin',
    1880,
    'Provide limited super user privileges to specific users',
    ['1.9.13p3-1+deb12u1'],
    { depends: 'libc6 (>= 2.34)' },
  ),
  pkg('systemd', 'admin', 3000, 'system and service manager', ['252.30-1~deb12u2'], {
    depends: 'libsystemd0 (= 252.30-1~deb12u2)',
  }),
  pkg('tar', 'utils', 950, 'GNU version of the tar archiving utility', ['1.34+dfsg-1.2+deb12u1']),
  pkg(
    'tzdata',
    'localization',
    290,
    'time zone and daylight-saving time data',
    [{ version: '2024a-0+deb12u1' }, { version: '2024b-0+deb12u1', suite: 'updates' }],
    { arch: 'all' },
  ),
  pkg('util-linux', 'utils', 1180, 'miscellaneous system utilities', ['2.38.1-5+deb12u1']),
  pkg('vim-tiny', 'editors', 720, 'Vi IMproved - compact version', ['2:9.0.1378-2'], {
    source: 'vim',
    depends: 'libc6 (>= 2.34)',
  }),
  pkg('wget', 'web', 970, 'retrieves files from the web', ['1.21.3-1+b2', '1.21.3-1+deb12u1'], {
    source: 'wget (1.21.3-1)',
    depends: 'libc6 (>= 2.34), libgnutls30 (>= 3.7.9)',
  }),
  pkg('zlib1g', 'libs', 90, 'compression library - runtime', ['1:1.2.13.dfsg-1'], { ...lib, source: 'zlib' }),
];

const ROLES: Record<Role, CataloguePackage[]> = {
  web: [
    pkg(
      'nginx',
      'httpd',
      520,
      'small, powerful, scalable web/proxy server',
      [
        '1.22.1-9',
        security(
          '1.22.1-9+deb12u1',
          'libc6 (>= 2.34), libssl3 (>= 3.0.0), iproute2, nginx-common (= 1.22.1-9+deb12u1)',
        ),
      ],
      { depends: 'libc6 (>= 2.34), libssl3 (>= 3.0.0), nginx-common (= 1.22.1-9)', service: 'nginx.service' },
    ),
    pkg(
      'nginx-common',
      'httpd',
      110,
      'small, powerful, scalable web/proxy server - common files',
      ['1.22.1-9', security('1.22.1-9+deb12u1')],
      { source: 'nginx', arch: 'all', auto: true },
    ),
    pkg('logwatch', 'admin', 390, 'log analyser with nice output written in Perl', ['7.5.6-1'], {
      arch: 'all',
      depends: 'perl-base',
    }),
  ],
  app: [
    pkg(
      'libnode108',
      'libs',
      5200,
      'evented I/O for V8 javascript - runtime library',
      ['18.19.0+dfsg-6~deb12u1', security('18.19.0+dfsg-6~deb12u2')],
      { ...lib, source: 'nodejs' },
    ),
    pkg(
      'libpython3.11-stdlib',
      'python',
      1780,
      'Interactive high-level object-oriented language (standard library)',
      ['3.11.2-6+deb12u2', security('3.11.2-6+deb12u4')],
      { ...lib, source: 'python3.11' },
    ),
    pkg(
      'nodejs',
      'javascript',
      320,
      'evented I/O for V8 javascript - runtime executable',
      [
        '18.19.0+dfsg-6~deb12u1',
        security('18.19.0+dfsg-6~deb12u2', 'libc6 (>= 2.34), libnode108 (= 18.19.0+dfsg-6~deb12u2)'),
      ],
      { depends: 'libc6 (>= 2.34), libnode108 (= 18.19.0+dfsg-6~deb12u1)', service: 'orders.service' },
    ),
    pkg(
      'python3.11',
      'python',
      570,
      'Interactive high-level object-oriented language (version 3.11)',
      ['3.11.2-6+deb12u2', security('3.11.2-6+deb12u4', 'libpython3.11-stdlib (= 3.11.2-6+deb12u4)')],
      { depends: 'libpython3.11-stdlib (= 3.11.2-6+deb12u2)' },
    ),
  ],
  db: [
    pkg(
      'libpq5',
      'libs',
      190,
      'PostgreSQL C client library',
      ['15.8-0+deb12u1', security('15.10-0+deb12u1')],
      { ...lib, source: 'postgresql-15' },
    ),
    pkg(
      'postgresql-15',
      'database',
      4100,
      'The World’s Most Advanced Open Source Relational Database',
      [
        '15.8-0+deb12u1',
        security(
          '15.10-0+deb12u1',
          'libc6 (>= 2.34), libpq5 (>= 15~beta3), postgresql-client-15, postgresql-common (>= 229~)',
        ),
      ],
      {
        depends: 'libc6 (>= 2.34), libpq5 (>= 15~beta3), postgresql-client-15, postgresql-common (>= 229~)',
        service: 'postgresql@15-main.service',
      },
    ),
    pkg(
      'postgresql-client-15',
      'database',
      1720,
      'front-end programs for PostgreSQL 15',
      ['15.8-0+deb12u1', security('15.10-0+deb12u1')],
      { source: 'postgresql-15', auto: true, depends: 'libpq5 (>= 15.8)' },
    ),
    pkg('postgresql-common', 'database', 180, 'PostgreSQL database-cluster manager', ['248'], {
      arch: 'all',
      auto: true,
    }),
  ],
  cache: [
    pkg(
      'redis-server',
      'database',
      72,
      'Persistent key-value database with network interface',
      ['5:7.0.15-1~deb12u1', security('5:7.0.15-1~deb12u2', 'redis-tools (= 5:7.0.15-1~deb12u2)')],
      { source: 'redis', depends: 'redis-tools (= 5:7.0.15-1~deb12u1)', service: 'redis-server.service' },
    ),
    pkg(
      'redis-tools',
      'database',
      970,
      'Persistent key-value database with network interface (client)',
      ['5:7.0.15-1~deb12u1', security('5:7.0.15-1~deb12u2')],
      { source: 'redis', auto: true, depends: 'libc6 (>= 2.36)' },
    ),
    pkg('memcached', 'web', 270, 'high-performance in-memory object caching system', ['1.6.18-1'], {
      depends: 'libc6 (>= 2.34)',
      service: 'memcached.service',
    }),
  ],
};

/** From a vendor whose repository keeps the newest version only; on the host that has forgotten the old one. */
const AGENT = pkg(
  'acme-agent',
  'admin',
  2300,
  'Acme monitoring agent',
  [{ version: '4.1.7' }, { version: '4.2.0', suite: 'updates' }],
  { depends: 'libc6 (>= 2.36)', service: 'acme-agent.service' },
);

/** In the repositories, on no host: what the new nginx brings along. */
const ELSEWHERE: CataloguePackage[] = [
  pkg('iproute2', 'net', 1020, 'networking and traffic control tools', ['6.1.0-3'], {
    depends: 'libc6 (>= 2.34), libbpf1 (>= 1:1.0.0)',
  }),
  pkg('libbpf1', 'libs', 140, 'eBPF helper library (shared library)', ['1:1.1.0-1'], {
    ...lib,
    source: 'libbpf (1.1.0-1)',
  }),
];

export const CATALOGUE: CataloguePackage[] = [...BASE, ...Object.values(ROLES).flat(), AGENT, ...ELSEWHERE];

/** The package whose new version's post-install fails on the host that has such trouble, by role. */
export const FRAGILE: Record<Role, string> = {
  web: 'nginx',
  app: 'nodejs',
  db: 'postgresql-15',
  cache: 'redis-server',
};

export type Installed = { entry: CataloguePackage; release: Release };

/** A restart is due on the hosts of this role only, not on all of them at once. */
const OLD_LIBC: Role = 'cache';

/** What a host has at first. `oldKernel`: the kernel's update is still to come; `agent`: it has the vendor's package. */
export const installedOn = (o: { role: Role; oldKernel: boolean; agent: boolean }): Installed[] => {
  const isNew = (name: string): boolean =>
    (name === 'linux-image-amd64' && !o.oldKernel) ||
    ((name === 'libc6' || name === 'libc-bin') && o.role !== OLD_LIBC);
  return [...BASE, ...ROLES[o.role], ...(o.agent ? [AGENT] : [])]
    .flatMap((entry): Installed[] => {
      if (entry.name === 'linux-image-6.1.0-27-amd64' && o.oldKernel) return [];
      const release = isNew(entry.name) ? entry.releases.at(-1) : entry.releases[0];
      return release === undefined ? [] : [{ entry, release }];
    })
    .sort((a, b) => (a.entry.name < b.entry.name ? -1 : 1));
};
