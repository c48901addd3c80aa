import {
  BROKEN_OK_FILE,
  EDITED_CONFFILE,
  floodScript,
  noisyScript,
  SERVICE_VERSION_FILE,
  slowScript,
  UNTOUCHED_CONFFILE,
} from './shapes.ts';

/**
 * The packages of the lab's RPM repository: those of shapes.ts as far as they make sense, under the same names, and what only an
 * RPM host meets. Versions are `[epoch:]version-release`. Old versions stay on offer, but for `lab-vanished`.
 */
export type RpmManager = 'dnf' | 'zypper';

export interface RpmVersion {
  readonly name: string;
  /** `[epoch:]version-release`, as rpm shows it. */
  readonly version: string;
  /** `native` is the machine's own rpm architecture. */
  readonly arch: 'noarch' | 'native';
  /** The name in `SOURCERPM`. */
  readonly source: string;
  /** Part of the profile layer: installed on every RPM host at its first boot. */
  readonly installed: boolean;
  /** Its hosts are those of one manager only. */
  readonly only?: RpmManager;
  /** Offered by the repository. */
  readonly offered: boolean;
  /** Further tags of the spec file, e.g. `['Requires', 'lab-lib >= 2.0']`. */
  readonly tags: readonly (readonly [tag: string, value: string])[];
  /** Absolute path → content. Paths below /usr/sbin, /usr/bin and /etc/init.d are executable. */
  readonly files: Readonly<Record<string, string>>;
  /** Symbolic links: absolute path → target. */
  readonly links: Readonly<Record<string, string>>;
  /** Of `files`, those that are `%config(noreplace)`. */
  readonly config: readonly string[];
  /** Bodies for /bin/sh; `$1` is the number of instances that will be installed afterwards. */
  readonly scripts: Readonly<Partial<Record<'pre' | 'post' | 'preun' | 'postun' | 'posttrans', string>>>;
  /** Bytes of incompressible payload. */
  readonly payloadBytes: number;
}

/** An entry of updateinfo.xml. */
export interface Advisory {
  readonly id: string;
  readonly type: 'security' | 'bugfix' | 'enhancement';
  /** As Red Hat writes it; null where the type has none. */
  readonly severity: 'Critical' | 'Important' | 'Moderate' | 'Low' | null;
  readonly title: string;
  readonly cves: readonly string[];
  /** Names and versions out of `rpmVersions`. */
  readonly packages: readonly (readonly [name: string, version: string])[];
}

const version = (
  name: string,
  number: string,
  rest: Partial<Omit<RpmVersion, 'name' | 'version'>> = {},
): RpmVersion => ({
  name,
  version: number,
  arch: 'noarch',
  source: name,
  installed: false,
  offered: true,
  tags: [],
  files: { [`/usr/share/${name}/version`]: `${number}\n` },
  links: {},
  config: [],
  scripts: {},
  payloadBytes: 0,
  ...rest,
});

/** rpm runs %post with 1 at the first installation and with 2 or more at an update. */
const whenUpgraded = (body: string): string => `if [ "$1" -gt 1 ]; then\n${body.trim()}\nfi`;

const conf = (number: string, installed: boolean): RpmVersion =>
  version('lab-conf', number, {
    installed,
    files: {
      [EDITED_CONFFILE]: `# lab-conf ${number}\nworkers = 2\n`,
      [UNTOUCHED_CONFFILE]: `# lab-conf ${number}\ntimeout = ${number}\n`,
    },
    config: [EDITED_CONFFILE, UNTOUCHED_CONFFILE],
  });

/** The file whose presence makes the %pre of `lab-prefail` 1.1 succeed. */
export const PREFAIL_OK_FILE = '/etc/lab-prefail.ok';

const service = (number: string, installed: boolean): RpmVersion =>
  version('lab-service', number, {
    arch: 'native',
    installed,
    files: {
      '/usr/sbin/lab-serviced': `#!/bin/sh\necho ${number} > ${SERVICE_VERSION_FILE}\nwhile :; do sleep 3600; done\n`,
      '/usr/lib/systemd/system/lab-service.service':
        '[Unit]\nDescription=a service of the lab\n[Service]\nExecStart=/usr/sbin/lab-serviced\n[Install]\nWantedBy=multi-user.target\n',
      '/etc/init.d/lab-service': `#!/bin/sh
pid=/run/lab-service.pid
start() { start-stop-daemon --start --quiet --oknodo --background --make-pidfile --pidfile $pid --startas /usr/sbin/lab-serviced; }
stop() { start-stop-daemon --stop --quiet --oknodo --remove-pidfile --retry 5 --pidfile $pid; }
case "$1" in
  start) start ;;
  stop) stop ;;
  restart|force-reload) stop; start ;;
  status) start-stop-daemon --status --pidfile $pid ;;
  *) echo "usage: $0 start|stop|restart|status" >&2; exit 2 ;;
esac
`,
    },
    links: {
      '/etc/rc2.d/S01lab-service': '../init.d/lab-service',
      '/etc/systemd/system/multi-user.target.wants/lab-service.service':
        '/usr/lib/systemd/system/lab-service.service',
    },
    scripts: {
      // On hosts with systemd and on those without; not while the image is being built.
      post: `if [ -d /run/systemd/system ]; then systemctl daemon-reload; systemctl restart lab-service
elif [ -p /run/lab/control ]; then /etc/init.d/lab-service restart; fi`,
      preun: `[ "$1" -gt 0 ] || if [ -d /run/systemd/system ]; then systemctl stop lab-service
else /etc/init.d/lab-service stop; fi`,
    },
  });

/** `uname -r` of the two kernels, without the architecture that rpm's kernels end in. */
export const RPM_KERNELS = { old: '5.14.0-427.13.1.el9_4', new: '5.14.0-427.42.1.el9_4' } as const;

/** As on RHEL: `kernel` only pulls in the `kernel-core` of its version, and both are install-only, so the old one stays. */
const kernel = (release: string, arch: string, installed: boolean): RpmVersion[] => {
  const common = { arch: 'native', source: 'kernel', installed, only: 'dnf' } as const;
  return [
    version('kernel', release, { ...common, files: {}, tags: [['Requires', `kernel-core = ${release}`]] }),
    version('kernel-core', release, {
      ...common,
      tags: [
        ['Provides', 'installonlypkg(kernel)'],
        ['Provides', `kernel-core-uname-r = ${release}.${arch}`],
      ],
      files: {
        [`/boot/vmlinuz-${release}.${arch}`]: `a kernel of the lab, ${release}\n`,
        [`/boot/initramfs-${release}.${arch}.img`]: 'nothing\n',
        [`/usr/lib/modules/${release}.${arch}/modules.dep`]: '',
      },
    }),
  ];
};

/** `uname -r` of the two kernels of SUSE's kind: the rebuild count of the package's release is not part of it. */
export const SUSE_KERNELS = {
  old: '5.14.21-150500.55.7-default',
  new: '5.14.21-150500.55.36-default',
} as const;

/** As on SUSE: one package per kernel, told to stay beside the others by what it provides. */
const suseKernel = (uname: string, installed: boolean): RpmVersion =>
  version('kernel-default', `${uname.replace(/-default$/, '')}.1`, {
    arch: 'native',
    installed,
    only: 'zypper',
    tags: [
      ['Provides', 'multiversion(kernel)'],
      ['Provides', 'installhint(reboot-needed)'],
    ],
    files: {
      [`/boot/vmlinuz-${uname}`]: `a kernel of the lab, ${uname}\n`,
      [`/boot/initrd-${uname}`]: 'nothing\n',
      [`/usr/lib/modules/${uname}/modules.dep`]: '',
    },
  });

/** All versions, for a machine whose rpm architecture is `arch` (e.g. `x86_64`). */
export const rpmVersionsFor = (arch: string): readonly RpmVersion[] => [
  // What every package's scripts need, and what dnf takes the release from.
  version('lablinux-release', '9.4-1', {
    installed: true,
    files: { '/etc/lablinux-release': 'Lab Linux release 9.4\n' },
    tags: [
      ['Provides', 'system-release = 9.4'],
      ['Provides', 'system-release(releasever) = 9'],
      ['Provides', '/bin/sh'],
    ],
  }),

  // Nothing special.
  version('lab-plain', '1.0-1', { installed: true }),
  version('lab-plain', '1.1-1'),

  // A pair that only goes together, and whose new version needs a package that is not installed. The library is built from the
  // application's source and marked as installed for it.
  version('lab-app', '1.0-1', { installed: true, arch: 'native', tags: [['Requires', 'lab-lib >= 1.0']] }),
  version('lab-app', '2.0-1', {
    arch: 'native',
    tags: [
      ['Requires', 'lab-lib >= 2.0'],
      ['Requires', 'lab-newdep >= 1.0'],
    ],
  }),
  version('lab-lib', '1.0-1', { installed: true, arch: 'native', source: 'lab-app' }),
  version('lab-lib', '2.0-1', {
    arch: 'native',
    source: 'lab-app',
    tags: [['Conflicts', 'lab-app < 2.0']],
  }),
  version('lab-newdep', '1.0-1'),

  conf('1.0-1', true),
  conf('1.1-1', false),

  // %post of 1.1 fails until a file exists: rpm installs the package all the same and only says so.
  version('lab-broken', '1.0-1', { installed: true }),
  version('lab-broken', '1.1-1', {
    scripts: {
      post: `if [ ! -e ${BROKEN_OK_FILE} ]; then\n  echo "lab-broken: cannot migrate: ${BROKEN_OK_FILE} is missing" >&2\n  exit 1\nfi`,
    },
  }),

  // %pre of 1.1 fails until a file exists: rpm leaves the old version, and does the rest of the transaction.
  version('lab-prefail', '1.0-1', { installed: true }),
  version('lab-prefail', '1.1-1', {
    scripts: {
      pre: `if [ ! -e ${PREFAIL_OK_FILE} ]; then\n  echo "lab-prefail: refusing: ${PREFAIL_OK_FILE} is missing" >&2\n  exit 1\nfi`,
    },
  }),

  version('lab-slow', '1.0-1', { installed: true }),
  version('lab-slow', '1.1-1', { scripts: { post: whenUpgraded(slowScript) } }),

  // /etc/dnf/plugins/needs-restarting.d/lab.conf names it: `dnf needs-restarting -r` exits 1 after its update.
  version('lab-reboot', '1.0-1', { installed: true }),
  version('lab-reboot', '1.1-1'),

  // The new mailer takes the place of the old one.
  version('lab-mail', '1.0-1', { installed: true }),
  version('lab-mail', '2.0-1', {
    tags: [
      ['Obsoletes', 'lab-mail-legacy < 2.0'],
      ['Provides', 'lab-mail-legacy = 2.0'],
    ],
  }),
  version('lab-mail-legacy', '1.0-1', { installed: true }),

  // The repository no longer has what is installed.
  version('lab-vanished', '1.0-1', { installed: true, offered: false }),
  version('lab-vanished', '1.1-1'),

  // Only the release tells a security rebuild.
  version('lab-secure', '1.0-1', { installed: true, arch: 'native' }),
  version('lab-secure', '1.0-1.el9_4.1', { arch: 'native' }),

  version('lab-big', '1.0-1', { installed: true, arch: 'native' }),
  version('lab-big', '1.1-1', { arch: 'native', payloadBytes: 30 * 1024 * 1024 }),

  service('1.0-1', true),
  service('1.1-1', false),

  version('lab-multi', '1.0-1', { installed: true }),
  version('lab-multi', '1.1-1'),
  version('lab-multi', '2.0-1'),

  // Locked in the profile.
  version('lab-held', '1.0-1', { installed: true }),
  version('lab-held', '1.1-1'),

  version('lab-epoch', '1:2.0~rc1-1', { installed: true }),
  version('lab-epoch', '1:2.0-1'),

  version('lab-noisy', '1.0-1', { installed: true }),
  version('lab-noisy', '1.1-1', { scripts: { post: whenUpgraded(noisyScript) } }),

  // Not installed at first, as on the apt hosts.
  version('lab-flood', '1.0-1'),
  version('lab-flood', '1.1-1', { scripts: { post: whenUpgraded(floodScript) } }),

  // Install-only (dnf.conf names it): an update installs the new version beside the old one.
  version('lab-kernel', '1.0-1', {
    installed: true,
    files: { '/usr/lib/lab-kernel/1.0/version': '1.0-1\n' },
  }),
  version('lab-kernel', '2.0-1', { files: { '/usr/lib/lab-kernel/2.0/version': '2.0-1\n' } }),

  ...kernel(RPM_KERNELS.old, arch, true),
  ...kernel(RPM_KERNELS.new, arch, false),
  suseKernel(SUSE_KERNELS.old, true),
  suseKernel(SUSE_KERNELS.new, false),
];

/** Marked as installed for others only. */
export const rpmAutoPackages: readonly string[] = ['lab-lib', 'kernel-core'];
/** In /etc/dnf/plugins/versionlock.list at the installed version, in /etc/zypp/locks by name. */
export const rpmLockedPackages: readonly string[] = ['lab-held'];
/** Those whose update wants a restart, besides the plugin's own list (kernel, glibc, systemd …). */
export const rpmRebootPackages: readonly string[] = ['lab-reboot', 'kernel-core'];
export const rpmInstallOnly: readonly string[] = ['lab-kernel'];

/** The version every host of a manager starts with. */
export const rpmProfile = (arch: string, manager: RpmManager): Readonly<Record<string, string>> =>
  Object.fromEntries(
    rpmVersionsFor(arch)
      .filter((p) => p.installed && (p.only ?? manager) === manager)
      .map((p) => [p.name, p.version]),
  );

export const advisories: readonly Advisory[] = [
  {
    id: 'LABSA-2026:0001',
    type: 'security',
    severity: 'Important',
    title: 'Important: lab-secure security update',
    cves: ['CVE-2026-10001', 'CVE-2026-10002'],
    packages: [['lab-secure', '1.0-1.el9_4.1']],
  },
  {
    id: 'LABSA-2026:0002',
    type: 'security',
    severity: 'Moderate',
    title: 'Moderate: kernel security update',
    cves: ['CVE-2026-20001'],
    packages: [
      ['kernel', RPM_KERNELS.new],
      ['kernel-core', RPM_KERNELS.new],
      ['kernel-default', SUSE_KERNELS.new.replace('-default', '.1')],
    ],
  },
  {
    id: 'LABBA-2026:0101',
    type: 'bugfix',
    severity: null,
    title: 'lab-plain and lab-service bug fix update',
    cves: [],
    packages: [
      ['lab-plain', '1.1-1'],
      ['lab-service', '1.1-1'],
    ],
  },
  {
    id: 'LABEA-2026:0201',
    type: 'enhancement',
    severity: null,
    title: 'lab-app enhancement update',
    cves: [],
    packages: [
      ['lab-app', '2.0-1'],
      ['lab-lib', '2.0-1'],
      ['lab-newdep', '1.0-1'],
    ],
  },
];
