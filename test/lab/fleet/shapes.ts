/**
 * The packages of the lab's repository. Every one has an installed old version and a newer one to update to, and each stands for
 * one thing that happens to real fleets. Old versions stay in the repository (a rollback can fetch them), but for `lab-vanished`.
 */

export type Suite = 'lab' | 'lab-security';

export interface PackageVersion {
  readonly name: string;
  readonly version: string;
  /** `native` is the machine's own dpkg architecture. */
  readonly arch: 'all' | 'native';
  readonly suite: Suite;
  /** Part of the profile layer: installed on every host at its first boot. */
  readonly installed: boolean;
  /** Offered by the repository. */
  readonly offered: boolean;
  /** Further control fields, e.g. `Depends`. */
  readonly fields: Readonly<Record<string, string>>;
  /** Absolute path → content. Paths below /usr/sbin, /usr/bin and /etc/init.d are executable. */
  readonly files: Readonly<Record<string, string>>;
  readonly conffiles: readonly string[];
  readonly scripts: Readonly<Partial<Record<'preinst' | 'postinst' | 'prerm' | 'postrm', string>>>;
  /** Bytes of incompressible payload. */
  readonly payloadBytes: number;
}

const version = (
  name: string,
  number: string,
  rest: Partial<Omit<PackageVersion, 'name' | 'version'>> = {},
): PackageVersion => ({
  name,
  version: number,
  arch: 'all',
  suite: 'lab',
  installed: false,
  offered: true,
  fields: {},
  files: { [`/usr/share/${name}/version`]: `${number}\n` },
  conffiles: [],
  scripts: {},
  payloadBytes: 0,
  ...rest,
});

const sh = (body: string): string => `#!/bin/sh\nset -e\n${body.trim()}\nexit 0\n`;

/** Tells whether this is a configure step that comes from an older version (dpkg gives it as $2). */
const whenUpgraded = (body: string): string =>
  sh(`if [ "$1" = configure ] && [ -n "$2" ]; then\n${body}\nfi`);

/** The file whose presence makes the postinst of `lab-broken` 1.1 succeed. */
export const BROKEN_OK_FILE = '/etc/lab-broken.ok';
/** Holds the whole seconds that the postinst of `lab-slow` 1.1 takes (default 4); read at every step. */
export const SLOW_SECONDS_FILE = '/etc/lab-slow.seconds';
export const SLOW_STEPS = 8;
/** A script that comes to a fifo of this name and a gate's own waits there until it is let through (`support/gate.ts`). lab-slow 1.1 has a gate at each step, named by its number. */
export const GATE = '/run/lab/gate-';
/** lab-conf ships two conffiles that change in each version. The profile edits this one on every host … */
export const EDITED_CONFFILE = '/etc/lab-conf/site.conf';
/** … and leaves this one as shipped. */
export const UNTOUCHED_CONFFILE = '/etc/lab-conf/defaults.conf';
export const SERVICE_VERSION_FILE = '/run/lab-service.version';

const conf = (number: string, installed: boolean): PackageVersion =>
  version('lab-conf', number, {
    installed,
    files: {
      [EDITED_CONFFILE]: `# lab-conf ${number}\nworkers = 2\n`,
      [UNTOUCHED_CONFFILE]: `# lab-conf ${number}\ntimeout = ${number}\n`,
    },
    conffiles: [EDITED_CONFFILE, UNTOUCHED_CONFFILE],
  });

/** Waits at a gate where it is closed, and shows that it has come there. To open a fifo is to wait for its other end. */
export const stopAt = (gate: string): string =>
  `[ ! -p ${GATE}${gate} ] || { : > ${GATE}${gate}.reached; read -r _ < ${GATE}${gate}; } || :`;

/** The steps of an update that takes its time. */
export const slowScript = `
step=0
while [ $step -lt ${SLOW_STEPS} ]; do
  step=$((step + 1))
  echo "lab-slow: step $step of ${SLOW_STEPS}"
  ${stopAt('$step')}
  seconds=$(cat ${SLOW_SECONDS_FILE} 2>/dev/null || echo 4)
  [ "$seconds" = 0 ] || sleep "$(awk -v s="$seconds" 'BEGIN { printf "%.3f", s / ${SLOW_STEPS} }')"
done
date +%s >> /var/lib/lab-slow.configured`;

const brokenPostinst = sh(`
if [ "$1" = configure ] && [ ! -e ${BROKEN_OK_FILE} ]; then
  echo "lab-broken: cannot migrate: ${BROKEN_OK_FILE} is missing" >&2
  exit 1
fi`);

const service = (number: string, installed: boolean): PackageVersion =>
  version('lab-service', number, {
    arch: 'native',
    installed,
    files: {
      '/usr/sbin/lab-serviced': `#!/bin/sh\necho ${number} > ${SERVICE_VERSION_FILE}\nwhile :; do sleep 3600; done\n`,
      '/etc/init.d/lab-service': `#!/bin/sh
### BEGIN INIT INFO
# Provides:          lab-service
# Required-Start:    $remote_fs
# Required-Stop:     $remote_fs
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: a service of the lab
### END INIT INFO
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
    conffiles: ['/etc/init.d/lab-service'],
    scripts: {
      postinst: sh(
        'if [ "$1" = configure ]; then update-rc.d lab-service defaults >/dev/null; invoke-rc.d lab-service restart; fi',
      ),
      prerm: sh('if [ "$1" = remove ]; then invoke-rc.d lab-service stop; fi'),
      postrm: sh('if [ "$1" = purge ]; then update-rc.d lab-service remove >/dev/null; fi'),
    },
  });

/** Output no program should trust: terminal escapes, markup, invalid UTF-8, a status-fd look-alike, a very long line. */
export const noisyScript = `
printf '\\033]0;owned\\007\\033[2J\\033[31mred\\033[0m\\r\\n'
printf '<script>alert(1)</script><img src=x onerror=alert(1)>\\n'
printf 'invalid \\377\\376 \\300\\200 bytes, \\342\\200\\256 bidi\\n'
printf 'pmstatus:lab-noisy:100.0:forged\\n'
awk 'BEGIN { for (i = 0; i < 100000; i++) printf "x"; print "" }'`;

/** The whole MiB that `lab-flood` 1.1 prints when it is configured (default 1). */
export const FLOOD_MEGABYTES_FILE = '/etc/lab-flood.megabytes';

/** Lines of 64 bytes, numbered, so that a missing one is noticed. */
export const floodScript = `
megabytes=$(cat ${FLOOD_MEGABYTES_FILE} 2>/dev/null || echo 1)
awk -v m="$megabytes" 'BEGIN { for (i = 1; i <= m * 16384; i++) printf "lab-flood: %010d ${'-'.repeat(41)}\\n", i }'`;

/** The file that names the kernel release a host boots, where it is not the newest installed one. Read at boot. */
export const BOOT_KERNEL_FILE = '/etc/lab-boot-kernel';
/** `uname -r` of the apt hosts' two kernels. */
export const KERNELS = { old: '6.1.0-90-amd64', new: '6.1.0-91-amd64' } as const;

/** As on Debian: each kernel is a package of its own, and one without a version in its name pulls in the present one. */
const kernel = (release: string, number: string, installed: boolean): PackageVersion[] => [
  version(`linux-image-${release}`, number, {
    arch: 'native',
    installed,
    fields: { Source: 'linux-signed-amd64' },
    files: { [`/boot/vmlinuz-${release}`]: `a kernel of the lab, ${release}\n` },
  }),
  version('linux-image-amd64', number, {
    arch: 'native',
    fields: { Source: 'linux-signed-amd64', Depends: `linux-image-${release} (= ${number})` },
    files: {},
  }),
];

export const packageVersions: readonly PackageVersion[] = [
  // Nothing special.
  version('lab-plain', '1.0', { installed: true }),
  version('lab-plain', '1.1'),

  // A pair that only goes together, and whose new version needs a package that is not installed: `upgrade` keeps both back.
  // The library is built from the application's source and marked as automatically installed.
  version('lab-app', '1.0', { installed: true, arch: 'native', fields: { Depends: 'lab-lib (>= 1.0)' } }),
  version('lab-app', '2.0', {
    arch: 'native',
    fields: { Depends: 'lab-lib (>= 2.0), lab-newdep (>= 1.0)' },
  }),
  version('lab-lib', '1.0', { installed: true, arch: 'native', fields: { Source: 'lab-app' } }),
  version('lab-lib', '2.0', { arch: 'native', fields: { Source: 'lab-app', Breaks: 'lab-app (<< 2.0)' } }),
  version('lab-newdep', '1.0'),

  conf('1.0', true),
  conf('1.1', false),

  // 1.1 cannot be configured until a file exists; 1.0 can always.
  version('lab-broken', '1.0', { installed: true }),
  version('lab-broken', '1.1', { scripts: { postinst: brokenPostinst } }),

  version('lab-slow', '1.0', { installed: true }),
  version('lab-slow', '1.1', { scripts: { postinst: whenUpgraded(slowScript) } }),

  version('lab-reboot', '1.0', { installed: true }),
  version('lab-reboot', '1.1', {
    scripts: {
      postinst: whenUpgraded(
        'echo "*** System restart required ***" > /run/reboot-required\necho lab-reboot >> /run/reboot-required.pkgs',
      ),
    },
  }),

  // The new mailer removes the old one.
  version('lab-mail', '1.0', { installed: true }),
  version('lab-mail', '2.0', {
    fields: {
      Conflicts: 'lab-mail-legacy',
      Replaces: 'lab-mail-legacy',
      Provides: 'lab-mail-legacy',
    },
  }),
  version('lab-mail-legacy', '1.0', { installed: true }),

  // The repository no longer has what is installed.
  version('lab-vanished', '1.0', { installed: true, offered: false }),
  version('lab-vanished', '1.1'),

  version('lab-secure', '1.0-1', { installed: true, arch: 'native' }),
  version('lab-secure', '1.0-1+lab1u1', { arch: 'native', suite: 'lab-security' }),

  version('lab-big', '1.0', { installed: true, arch: 'native' }),
  version('lab-big', '1.1', { arch: 'native', payloadBytes: 30 * 1024 * 1024 }),

  service('1.0', true),
  service('1.1', false),

  // An exact version matters: the newest is not the only one on offer.
  version('lab-multi', '1.0', { installed: true }),
  version('lab-multi', '1.1'),
  version('lab-multi', '2.0'),

  // On hold in the profile.
  version('lab-held', '1.0', { installed: true }),
  version('lab-held', '1.1'),

  // An epoch and a tilde in the version.
  version('lab-epoch', '1:2.0~rc1-1', { installed: true }),
  version('lab-epoch', '1:2.0-1'),

  version('lab-noisy', '1.0', { installed: true }),
  version('lab-noisy', '1.1', { scripts: { postinst: whenUpgraded(noisyScript) } }),

  // A flood of output. Not installed at first: an update to 1.1 is prepared by installing 1.0.
  version('lab-flood', '1.0'),
  version('lab-flood', '1.1', { scripts: { postinst: whenUpgraded(floodScript) } }),
];

/** Beside the rest, since no host but those that ask for it has `linux-image-amd64`, which would bring the new kernel. */
export const kernelVersions: readonly PackageVersion[] = [
  ...kernel(KERNELS.old, '6.1.90-1', true),
  ...kernel(KERNELS.new, '6.1.91-1', false),
];

/** All that the repository is built from. */
export const allVersions: readonly PackageVersion[] = [...packageVersions, ...kernelVersions];

/** `apt-mark` state of the profile. */
export const autoPackages: readonly string[] = ['lab-lib'];
export const heldPackages: readonly string[] = ['lab-held'];

/** The version every host starts with. */
export const installedVersion = (name: string): string | undefined =>
  packageVersions.find((p) => p.name === name && p.installed)?.version;
