/**
 * What the fault matrix needs beside the lab's own repository: packages that misbehave in ways nobody else's tests want to meet,
 * and repositories that no host should trust.
 */
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Fleet } from '../fleet/fleet.ts';
import type { LabHost } from '../fleet/host.ts';
import { must, run } from '../fleet/process.ts';
import type { RpmVersion } from '../fleet/rpmShapes.ts';
import { type PackageVersion, stopAt } from '../fleet/shapes.ts';

const MiB = 1024 * 1024;

/** Only where an older version was there before: `$2` is its version. */
const upgraded = (body: string): string =>
  `#!/bin/sh\nset -e\nif [ "$1" = configure ] && [ -n "$2" ]; then\n${body.trim()}\nfi\nexit 0\n`;

const pair = (
  name: string,
  next: Partial<PackageVersion>,
  first: Partial<PackageVersion> = {},
): PackageVersion[] => {
  const base = (version: string): PackageVersion => ({
    name,
    version,
    arch: 'all',
    suite: 'lab',
    installed: false,
    offered: true,
    fields: {},
    files: { [`/usr/share/${name}/version`]: `${version}\n` },
    conffiles: [],
    scripts: {},
    payloadBytes: 0,
  });
  return [
    { ...base('1.0'), ...first },
    { ...base('1.1'), ...next },
  ];
};

/** Where lab-eater puts what fills the disk. */
export const EATEN_FILE = '/var/tmp/lab-eater.full';
/** The file whose presence makes all of these behave. */
export const CONTENT_FILE = '/etc/lab-content';

/** The gate before lab-leaver 1.1 gives way to another version. */
export const LEAVE_GATE = 'leave';
/** The gate before lab-hungry begins to eat (apt). */
export const HUNGRY_GATE = 'hungry';

const HUNGRY = `perl -e 'my @all; push @all, "x" x (8 << 20) while @all < 128;'`;

/** Versions 1.0 and 1.1 of each; none is on a host at first. */
export const extraPackages: readonly PackageVersion[] = [
  // A big file below /boot: no package manager knows what a mount takes before it is full.
  ...pair('lab-boot', { files: { '/boot/lab-boot.img': 'x'.repeat(6 * MiB) } }),
  // Takes all the memory it can get.
  ...pair('lab-hungry', {
    scripts: {
      postinst: upgraded(`${stopAt(HUNGRY_GATE)}\n[ -e ${CONTENT_FILE} ] || ${HUNGRY} || exit 1`),
    },
  }),
  // Fills the disk before it is unpacked.
  ...pair('lab-eater', {
    scripts: {
      preinst: `#!/bin/sh\n[ -e ${CONTENT_FILE} ] || dd if=/dev/zero of=${EATEN_FILE} bs=64k 2>/dev/null\nexit 0\n`,
    },
    payloadBytes: MiB,
  }),
  // Refuses to be installed over an older version.
  ...pair('lab-picky', {
    scripts: {
      preinst: `#!/bin/sh\n[ "$1" != upgrade ] || [ -e ${CONTENT_FILE} ] || { echo "lab-picky: not on this host" >&2; exit 1; }\nexit 0\n`,
    },
  }),
  // Its old version does not let go.
  ...pair(
    'lab-clingy',
    { scripts: { prerm: '#!/bin/sh\n[ "$1" != failed-upgrade ] || exit 1\nexit 0\n' } },
    {
      scripts: {
        prerm: `#!/bin/sh\n[ "$1" != upgrade ] || [ -e ${CONTENT_FILE} ] || { echo "lab-clingy: still in use" >&2; exit 1; }\nexit 0\n`,
      },
    },
  ),
  // Takes its time to go.
  ...pair('lab-leaver', {
    scripts: { prerm: `#!/bin/sh\n[ "$1" != upgrade ] || {\n${stopAt(LEAVE_GATE)}\n}\nexit 0\n` },
  }),
  // Asks a question on its standard input, as scripts of in-house packages do.
  ...pair('lab-asks', {
    scripts: {
      postinst: upgraded(
        'echo "lab-asks: overwrite the database? [y/N]"\nread -r answer || answer=n\necho "lab-asks: $answer"',
      ),
    },
  }),
  // Leaves a process behind that keeps every output it inherited open.
  ...pair('lab-daemon', { scripts: { postinst: upgraded('sleep 600 &\necho "lab-daemon: started"') } }),
  // Never ends while the file is not there.
  ...pair('lab-stuck', {
    scripts: {
      postinst: upgraded(`echo "lab-stuck: waiting"\nuntil [ -e ${CONTENT_FILE} ]; do sleep 0.1; done`),
    },
  }),
];

const rpmPair = (name: string, next: Partial<RpmVersion>): RpmVersion[] => {
  const base = (version: string): RpmVersion => ({
    name,
    version,
    arch: 'noarch',
    source: name,
    installed: false,
    offered: true,
    tags: [],
    files: { [`/usr/share/${name}/version`]: `${version}\n` },
    links: {},
    config: [],
    scripts: {},
    payloadBytes: 0,
  });
  return [base('1.0-1'), { ...base('1.1-1'), ...next }];
};

/** The same for RPM hosts, as far as rpm knows such a thing. */
export const extraRpms: readonly RpmVersion[] = [
  ...rpmPair('lab-hungry', {
    scripts: { post: `[ "$1" -le 1 ] || [ -e ${CONTENT_FILE} ] || { ${HUNGRY} || exit 1; }` },
  }),
  ...rpmPair('lab-stuck', {
    scripts: {
      post: `[ "$1" -le 1 ] || { echo "lab-stuck: waiting"; until [ -e ${CONTENT_FILE} ]; do sleep 0.1; done; }`,
    },
  }),
];

/**
 * openssh-server as it is on the hosts, once with its own version and once with a newer one whose postinst ends every session
 * and leaves the host without a listener for a moment. Built on a host out of what is installed there. Returns the new version.
 */
export const publishSshServer = async (fleet: Fleet, host: LabHost): Promise<string> => {
  const restart = [
    'if [ "$1" = configure ] && dpkg --compare-versions "$2" lt-nl "VERSION"; then',
    '  for p in $(pgrep -x sshd); do kill -9 "$p" 2>/dev/null || true; done',
    '  sleep 2',
    '  if [ -d /run/systemd/system ]; then systemctl restart ssh; else /usr/sbin/sshd -E /var/log/sshd.log; fi',
    'fi',
  ].join('\n');
  const script = `set -e
v=$(dpkg-query -W -f='\${Version}' openssh-server)
for n in "$v" "$v+lab1"; do
  d=$(mktemp -d /tmp/ssh.XXXXXX); chmod 755 "$d"
  dpkg -L openssh-server | while read -r f; do [ -d "$f" ] || [ ! -e "$f" ] || printf '%s\\n' "$f"; done >/tmp/ssh.files
  tar -C / -cf - --files-from=/tmp/ssh.files 2>/dev/null | tar -C "$d" -xf -
  mkdir "$d/DEBIAN"
  dpkg -s openssh-server | sed -e '/^Status:/d' -e '/^Conffiles:/,/^[^ ]/{/^Conffiles:/d;/^ /d}' -e "s/^Version: .*/Version: $n/" >"$d/DEBIAN/control"
  cat >"$d/DEBIAN/postinst" <<'POSTINST'
#!/bin/sh
${restart}
exit 0
POSTINST
  sed -i "s/VERSION/$v+lab1/" "$d/DEBIAN/postinst"
  chmod 755 "$d/DEBIAN/postinst"
  dpkg-deb -Zgzip -z1 --root-owner-group -b "$d" /tmp >/dev/null
  rm -rf "$d"
done
printf '%s' "$v"`;
  const version = await host.output(script);
  const pool = join(fleet.dir, 'repository', 'public', 'pool', 'lab');
  const files = await host.output('cd /tmp && ls openssh-server_*.deb');
  for (const name of files.split('\n'))
    await writeFile(join(pool, name), await host.output(`base64 /tmp/${name}`), 'base64');
  return `${version}+lab1`;
};

export const BAD_REPOSITORIES = ['expired', 'future', 'unsigned', 'stranger'] as const;
export type BadRepository = (typeof BAD_REPOSITORIES)[number];

const DAY = 86_400_000;

/**
 * Below the repository's root, the same packages again with a Release that is out of date, of the future (as a host sees it
 * whose clock is days behind), not signed, or signed by somebody else.
 */
export const publishBadRepositories = async (fleet: Fleet): Promise<void> => {
  const dir = join(fleet.dir, 'repository');
  const root = join(dir, 'public');
  const home = await mkdtemp(join(tmpdir(), 'fl-gpg-'));
  const env = { ...process.env, GNUPGHOME: home };
  const gpg = (...args: string[]): Promise<string> =>
    must('gpg', ['--batch', '--yes', '--quiet', '--pinentry-mode=loopback', '--passphrase', '', ...args], {
      env,
    });
  try {
    await gpg('--import', join(dir, 'secret.gpg'));
    await gpg('--quick-generate-key', 'Somebody Else <else@localhost>', 'ed25519', 'sign', 'never');
    const at = (days: number): string => new Date(Date.now() + days * DAY).toUTCString();
    for (const kind of BAD_REPOSITORIES) {
      await cp(join(root, 'dists'), join(root, kind, 'dists'), { recursive: true });
      await symlink('../pool', join(root, kind, 'pool'));
      for (const suite of await readdir(join(root, kind, 'dists'))) {
        const dist = join(root, kind, 'dists', suite);
        const release = join(dist, 'Release');
        const text = await readFile(release, 'utf8');
        const dated = (days: number): string => text.replace(/^Date: .*$/m, `Date: ${at(days)}`);
        // Written anew under the same name: the copy may be a link to the true one.
        await rm(release);
        await rm(join(dist, 'InRelease'));
        if (kind === 'expired') await writeFile(release, `Valid-Until: ${at(-2)}\n${dated(-9)}`);
        else await writeFile(release, kind === 'future' ? dated(3) : text);
        if (kind === 'unsigned') continue;
        const signer = kind === 'stranger' ? 'else@localhost' : 'lab@localhost';
        await gpg('--local-user', signer, '--output', join(dist, 'InRelease'), '--clearsign', release);
      }
    }
  } finally {
    await run('gpgconf', ['--kill', 'all'], { env });
    await rm(home, { recursive: true, force: true });
  }
};

/** All of the above, in a fleet's repository. */
export const prepareExtras = async (fleet: Fleet): Promise<{ sshServer: string }> => {
  const [host] = fleet.hosts;
  if (host === undefined) throw new Error('a fleet without hosts');
  const sshServer = await publishSshServer(fleet, host);
  await fleet.repository.publish(extraPackages);
  if (fleet.hosts.some((one) => one.manager !== 'apt')) await fleet.repository.rpms.publish(extraRpms);
  await publishBadRepositories(fleet);
  await host.reset();
  return { sshServer };
};
