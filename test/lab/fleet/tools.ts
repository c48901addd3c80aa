import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { access, readdir, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { cgroup2Mount } from './cgroup.ts';
import { LabError, lockOrWait, must, run } from './process.ts';

/** Programs the lab runs on the machine, and the Debian package that brings each. */
const needed: Readonly<Record<string, string>> = {
  mmdebstrap: 'mmdebstrap',
  'apt-ftparchive': 'apt-utils',
  gpg: 'gpg',
  'gpg-agent': 'gpg-agent',
  'dpkg-deb': 'dpkg',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  unshare: 'util-linux',
  nsenter: 'util-linux',
  setpriv: 'util-linux',
  flock: 'util-linux',
  pivot_root: 'util-linux',
  mount: 'mount',
  ip: 'iproute2',
  nft: 'nftables',
};

/** What RPM hosts need besides. */
const neededForRpm: Readonly<Record<string, string>> = {
  rpm: 'rpm',
  rpmbuild: 'rpm',
  createrepo_c: 'createrepo-c',
  modifyrepo_c: 'createrepo-c',
};

/** RPM hosts take tools of their own. */
export type ToolSet = 'base' | 'rpm';

/** Why a lab cannot stand here, or null when it can. Tests use it as the reason of their skip. */
export const labUnavailable = (): string | null => {
  if (process.platform !== 'linux') return `the lab needs Linux (this is ${process.platform})`;
  if (process.getuid?.() !== 0) return 'the lab needs root (mounts and namespaces)';
  if (!existsSync('/usr/bin/apt-get')) return 'the lab needs a Debian machine (there is no apt-get)';
  const spaces = ['--mount', '--pid', '--uts', '--ipc', '--time', '--fork', 'true'];
  if (spawnSync('unshare', spaces).status !== 0)
    return 'the lab needs namespaces, and this root may not make them';
  const mount = cgroup2Mount();
  if (mount === null) return 'the lab needs a cgroup2 mount';
  try {
    accessSync(mount, constants.W_OK);
  } catch {
    return `the lab needs ${mount} to be writable`;
  }
  return null;
};

const found = async (program: string): Promise<boolean> => {
  const dirs = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/bin', '/bin'];
  const tries = await Promise.all(
    dirs.map((dir) =>
      access(join(dir, program)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return tries.includes(true);
};

/** Installs the Debian packages the lab's own programs come from, where they are missing. Idempotent; safe side by side. */
export const prepareTools = async (set: ToolSet = 'base'): Promise<void> => {
  const reason = labUnavailable();
  if (reason !== null) throw new LabError(reason);
  const held = await lockOrWait('tools', 'exclusive');
  try {
    const missing = new Set<string>();
    const programs = set === 'rpm' ? { ...needed, ...neededForRpm } : needed;
    for (const [program, pkg] of Object.entries(programs)) if (!(await found(program))) missing.add(pkg);
    if (missing.size === 0) return;
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
    // One source out of several may be unreachable and still not be the one we need: the install decides.
    await run('apt-get', ['-q', 'update'], { env });
    await must(
      'apt-get',
      ['-qy', '-o', 'DPkg::Lock::Timeout=600', 'install', '--no-install-recommends', ...missing],
      { env },
    );
  } finally {
    await held.release();
  }
};

/** The machine's release codename, e.g. `bookworm`. */
export const codename = async (): Promise<string> => {
  const text = await readFile('/etc/os-release', 'utf8');
  const name = /^VERSION_CODENAME="?([a-z]+)"?$/m.exec(text)?.[1];
  if (name === undefined) throw new LabError('/etc/os-release names no VERSION_CODENAME');
  return name;
};

interface Source {
  readonly uri: string;
  readonly suite: string;
  readonly components: readonly string[];
  readonly signedBy: string | undefined;
}

const words = (text: string | undefined): string[] => (text ?? '').split(/\s+/).filter((w) => w !== '');

const parseOneLine = (text: string): Source[] =>
  text.split('\n').flatMap((line) => {
    const match = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]+)/.exec(line.trim());
    if (match === null) return [];
    const [, options, uri = '', suite = '', components] = match;
    const signedBy = words(options)
      .find((option) => option.startsWith('signed-by='))
      ?.slice('signed-by='.length);
    return [{ uri, suite, components: words(components), signedBy }];
  });

const parseDeb822 = (text: string): Source[] =>
  text.split(/\n\s*\n/).flatMap((stanza) => {
    const field = (name: string): string | undefined =>
      new RegExp(`^${name}:[ \\t]*(.*)$`, 'im').exec(stanza)?.[1]?.trim();
    if (!words(field('Types')).includes('deb') || field('Enabled') === 'no') return [];
    const components = words(field('Components'));
    const signedBy = field('Signed-By');
    return words(field('URIs')).flatMap((uri) =>
      words(field('Suites')).map((suite) => ({ uri, suite, components, signedBy })),
    );
  });

/**
 * The machine's own Debian sources for `release`, as one-line sources.list text for mmdebstrap. Third-party repositories are
 * left out: they have no suite of the release's name with a `main` component.
 */
export const machineSources = async (release: string): Promise<string> => {
  const dir = '/etc/apt/sources.list.d';
  const extra = await readdir(dir).catch(() => []);
  const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
  const sources = parseOneLine(await read('/etc/apt/sources.list'));
  for (const name of extra.sort()) {
    if (name.endsWith('.list')) sources.push(...parseOneLine(await read(join(dir, name))));
    if (name.endsWith('.sources')) sources.push(...parseDeb822(await read(join(dir, name))));
  }
  const suites = [release, `${release}-updates`, `${release}-security`];
  const own = sources.filter((s) => suites.includes(s.suite) && s.components.includes('main'));
  if (!own.some((s) => s.suite === release))
    throw new LabError(`no apt source of this machine offers "${release} main"`);
  const lines = own.map((s) => {
    const option = s.signedBy?.startsWith('/') ? `[signed-by=${s.signedBy}] ` : '';
    return `deb ${option}${s.uri} ${s.suite} main`;
  });
  return `${[...new Set(lines)].join('\n')}\n`;
};

/** The machine's own apt settings that decide whether its mirror can be used at all (proxy, dated archives). */
export const machineAptOptions = async (): Promise<string[]> => {
  const dump = await must('apt-config', ['dump']);
  return dump
    .split('\n')
    .filter((line) =>
      /^Acquire::(Check-Valid-Until|Check-Date|https?::Proxy|Retries)\b[^ ]* ".+";$/.test(line),
    );
};
