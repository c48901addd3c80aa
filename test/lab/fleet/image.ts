import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { imagesDir, KEY_PASSPHRASE, REPOSITORY_URL, users } from './config.ts';
import { debFileName, nativeArchitecture } from './packages.ts';
import { lock, lockOrWait, must } from './process.ts';
import { buildRepository, suites } from './repository.ts';
import { serveRepository } from './server.ts';
import { autoPackages, EDITED_CONFFILE, heldPackages, packageVersions } from './shapes.ts';
import { codename, machineAptOptions, machineSources, prepareTools } from './tools.ts';

/** `plain`: tini and a few lines of sh as init, for fleets of hundreds. `systemd`: the real thing as PID 1. */
export type Flavour = 'plain' | 'systemd';

/** A finished image. Nobody removes it before `release`. */
export interface Image {
  /** Read-only layers for overlayfs, topmost first, of each flavour asked for. */
  readonly lower: ReadonlyMap<Flavour, string>;
  /** The repository as built (see `buildRepository`); fleets work on a copy. */
  readonly repository: string;
  /** Client keys: `client`, `protected` (with a passphrase), `stranger` (known to no host). */
  readonly keys: string;
  release(): Promise<void>;
}

const here = import.meta.dirname;
const script = (name: string): string => join(here, 'sh', name);

const commonPackages = 'openssh-server,sudo,procps,init-system-helpers,mount';
const basePackages: Readonly<Record<Flavour, string>> = {
  plain: `${commonPackages},tini,sysvinit-utils`,
  systemd: `${commonPackages},systemd,systemd-sysv,dbus,libpam-systemd`,
};
const flavours: readonly Flavour[] = ['plain', 'systemd'];
const baseFiles = ['sh/base-trim.sh'];
const profileFiles = [
  'image.ts',
  'config.ts',
  'packages.ts',
  'repository.ts',
  'shapes.ts',
  'sh/profile.sh',
  'sh/init.sh',
  'sh/shutdown.sh',
];

const hashOf = async (files: readonly string[], ...more: string[]): Promise<string> => {
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${file}\0`).update(await readFile(join(here, file)));
  for (const text of more) hash.update(`\0${text}`);
  return hash.digest('hex').slice(0, 16);
};

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** Runs a build step in namespaces of its own: its mounts and processes end with it, and it ends with this process. */
const contained = (command: readonly string[], input = ''): Promise<string> =>
  must(
    'setpriv',
    ['--pdeathsig', 'KILL', 'unshare', '--mount-proc', '--pid', '--fork', '--kill-child=KILL', ...command],
    { input },
  );

/** Builds `name` in a directory beside its place and moves it there when complete: an image is there whole or not at all. */
const buildOnce = async (name: string, build: (dir: string) => Promise<void>): Promise<string> => {
  const final = join(imagesDir, name);
  if (await exists(final)) return final;
  const partial = `${final}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  await build(partial);
  await rename(partial, final);
  return final;
};

const buildBase = async (dir: string, release: string, flavour: Flavour): Promise<void> => {
  const options = (await machineAptOptions()).flatMap((line) => ['--aptopt', line]);
  await contained(
    [
      'mmdebstrap',
      '--mode=root',
      '--format=directory',
      '--variant=apt',
      `--include=${basePackages[flavour]}`,
      ...options,
      `--customize-hook=sh ${script('base-trim.sh')} "$1"`,
      release,
      join(dir, 'root'),
      '-',
    ],
    await machineSources(release),
  );
};

const createClientKeys = async (dir: string): Promise<void> => {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const create = (name: string, passphrase: string): Promise<string> =>
    must('ssh-keygen', ['-q', '-t', 'ed25519', '-N', passphrase, '-C', `lab-${name}`, '-f', join(dir, name)]);
  await create('client', '');
  await create('protected', KEY_PASSPHRASE);
  await create('stranger', '');
};

const sshdConfig = `# One key type, so that a host can be seen to change it.
HostKey /etc/ssh/ssh_host_key
MaxStartups 200:30:400
UseDNS no
PermitRootLogin prohibit-password
PasswordAuthentication yes
`;

/** Writes the files of the profile layer into `seed`, with their modes. */
const writeSeed = async (seed: string, repository: string, flavour: Flavour): Promise<void> => {
  const put = async (path: string, content: string, mode: number): Promise<void> => {
    await mkdir(dirname(join(seed, path)), { recursive: true, mode: 0o755 });
    await writeFile(join(seed, path), content);
    await chmod(join(seed, path), mode);
  };
  const sources = `Types: deb\nURIs: ${REPOSITORY_URL}\nSuites: ${Object.keys(suites).join(' ')}\nComponents: main\nSigned-By: /usr/share/keyrings/lab.gpg\n`;
  await put('/etc/apt/sources.list.d/lab.sources', sources, 0o644);
  await put('/etc/ssh/sshd_config.d/20-lab.conf', sshdConfig, 0o644);
  const sudoers = Object.values(users).flatMap((user) => {
    if (user.sudo === 'nopasswd') return [`${user.name} ALL=(ALL:ALL) NOPASSWD: ALL`];
    return user.sudo === 'password' ? [`${user.name} ALL=(ALL:ALL) ALL`] : [];
  });
  await put('/etc/sudoers.d/lab', `${sudoers.join('\n')}\n`, 0o440);
  if (flavour === 'plain') {
    await put('/usr/local/lib/lab/init', await readFile(script('init.sh'), 'utf8'), 0o755);
    for (const name of ['reboot', 'shutdown', 'poweroff', 'halt'])
      await put(`/usr/sbin/${name}`, await readFile(script('shutdown.sh'), 'utf8'), 0o755);
  }
  await mkdir(join(seed, 'usr/share/keyrings'), { recursive: true });
  await copyFile(join(repository, 'lab.gpg'), join(seed, 'usr/share/keyrings/lab.gpg'));
  await chmod(join(seed, 'usr/share/keyrings/lab.gpg'), 0o644);
};

/** The part of the layer that only the host's own programs can make: users, marks, the edited conffile (after dpkg). */
const usersScript = async (keys: string): Promise<string> => {
  const authorized = await Promise.all(
    ['client', 'protected'].map((name) => readFile(join(keys, `${name}.pub`), 'utf8')),
  );
  const lines: string[] = [];
  for (const user of Object.values(users)) {
    const home = user.name === 'root' ? '/root' : `/home/${user.name}`;
    if (user.name !== 'root') lines.push(`useradd -m -s /bin/bash ${user.name}`);
    if ('password' in user)
      lines.push(`chpasswd -c SHA512 -s 1000 <<'PASSWORD'\n${user.name}:${user.password}\nPASSWORD`);
    lines.push(
      `install -d -m 700 -o ${user.name} -g ${user.name} ${home}/.ssh`,
      `cat > ${home}/.ssh/authorized_keys <<'KEYS'\n${authorized.join('')}KEYS`,
      `chown ${user.name}: ${home}/.ssh/authorized_keys`,
      `chmod 600 ${home}/.ssh/authorized_keys`,
    );
  }
  return `${lines.join('\n')}\n`;
};

const afterInstallScript = `
echo 'workers = 16 # set by the admin' >> ${EDITED_CONFFILE}
apt-mark auto ${autoPackages.join(' ')}
apt-mark hold ${heldPackages.join(' ')}
`;

/** What fleets of all flavours share: they must trust the same repository and let the same clients in. */
const buildCommon = async (dir: string): Promise<void> => {
  await buildRepository(join(dir, 'repository'));
  await createClientKeys(join(dir, 'keys'));
};

const buildProfile = async (dir: string, base: string, common: string, flavour: Flavour): Promise<void> => {
  const repository = join(common, 'repository');
  const scratch = join(dir, 'scratch');
  const at = (name: string): string => join(scratch, name);
  for (const name of ['work', 'root', 'debs', 'seed']) await mkdir(at(name), { recursive: true });
  await mkdir(join(dir, 'upper'));
  await writeSeed(at('seed'), repository, flavour);
  await writeFile(at('users.sh'), await usersScript(join(common, 'keys')));
  await writeFile(at('after.sh'), afterInstallScript);
  const arch = await nativeArchitecture();
  for (const p of packageVersions.filter((one) => one.installed)) {
    const from = p.offered ? join(repository, 'public', 'pool', p.suite) : join(repository, 'unoffered');
    await copyFile(join(from, debFileName(p, arch)), join(at('debs'), debFileName(p, arch)));
  }
  const server = await serveRepository(join(repository, 'public'), '127.0.0.1', 0);
  try {
    const proxy = `http://${server.address}:${server.port}`;
    const args = [base, join(dir, 'upper'), at('work'), at('root'), scratch, proxy];
    await contained(['sh', script('profile.sh'), ...args]);
  } finally {
    await server.close();
  }
  await rm(scratch, { recursive: true, force: true });
};

/** Removes images nobody uses; `keep` are the ones of the present builder. */
const prune = async (keep: readonly string[]): Promise<void> => {
  for (const name of await readdir(imagesDir)) {
    if (keep.includes(name)) continue;
    const held = await lock(`image-${name}`, 'exclusive', false);
    if (held === null) continue;
    await rm(join(imagesDir, name), { recursive: true, force: true });
    await held.release();
  }
};

/** The image, built when this machine does not have it yet (about half a minute; one builder at a time), else at once. */
export const openImage = async (wanted: readonly Flavour[]): Promise<Image> => {
  await prepareTools();
  const release = await codename();
  const commonKey = await hashOf(profileFiles, release);
  const commonName = `common-${commonKey}`;
  const namesOf = async (flavour: Flavour): Promise<{ base: string; profile: string }> => {
    const baseKey = await hashOf(baseFiles, release, basePackages[flavour]);
    const profileKey = await hashOf([], baseKey, commonKey);
    return { base: `base-${flavour}-${baseKey}`, profile: `profile-${flavour}-${profileKey}` };
  };
  const current = [commonName];
  for (const flavour of flavours) current.push(...Object.values(await namesOf(flavour)));
  const building = await lockOrWait('build', 'exclusive');
  try {
    const built = !(await exists(join(imagesDir, commonName)));
    const common = await buildOnce(commonName, buildCommon);
    const lower = new Map<Flavour, string>();
    const used = [commonName];
    for (const flavour of new Set(wanted)) {
      const names = await namesOf(flavour);
      const base = join(await buildOnce(names.base, (dir) => buildBase(dir, release, flavour)), 'root');
      const profile = await buildOnce(names.profile, (dir) => buildProfile(dir, base, common, flavour));
      lower.set(flavour, `${join(profile, 'upper')}:${base}`);
      used.push(names.base, names.profile);
    }
    const inUse = await Promise.all(used.map((name) => lockOrWait(`image-${name}`, 'shared')));
    if (built) await prune(current);
    return {
      lower,
      repository: join(common, 'repository'),
      keys: join(common, 'keys'),
      release: async () => {
        await Promise.all(inUse.map((held) => held.release()));
      },
    };
  } finally {
    await building.release();
  }
};

/** A fleet's own copy of the repository: hard links, so it costs nothing. What changes it writes new files. */
export const copyRepository = async (image: Image, to: string): Promise<void> => {
  await must('cp', ['-al', image.repository, to]);
};
