import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { imagesDir, KEY_PASSPHRASE, REPOSITORY_URL } from './config.ts';
import { buildDnfProfile } from './dnfImage.ts';
import { debFileName, nativeArchitecture } from './packages.ts';
import { lock, lockOrWait, must } from './process.ts';
import { buildRepository, suites } from './repository.ts';
import { buildRpmTools, rpmToolPackages } from './rpmLayers.ts';
import { buildRpmRepository } from './rpmRepository.ts';
import type { RpmManager } from './rpmShapes.ts';
import { contained, type Flavour, putCommonFiles, putInto, script, usersScript } from './seed.ts';
import { serveRepository } from './server.ts';
import { allVersions, autoPackages, EDITED_CONFFILE, heldPackages } from './shapes.ts';
import { codename, machineAptOptions, machineSources, prepareTools } from './tools.ts';
import { buildZypperProfile } from './zypperImage.ts';

export type { Flavour };

export type Manager = 'apt' | RpmManager;
/** What a host is made of. */
export type Profile = `${Manager}-${Flavour}`;

/** A finished image. Nobody removes it before `release`. */
export interface Image {
  /** Read-only layers for overlayfs, topmost first, of each profile asked for. */
  readonly lower: ReadonlyMap<Profile, string>;
  /** The repository as built (see `buildRepository`); fleets work on a copy. */
  readonly repository: string;
  /** The RPM repository as built (see `buildRpmRepository`), when an RPM host was asked for. */
  readonly rpms: string | null;
  /** Client keys: `client`, `protected` (with a passphrase), `stranger` (known to no host). */
  readonly keys: string;
  release(): Promise<void>;
}

const here = import.meta.dirname;

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
  'seed.ts',
  'sh/profile.sh',
  'sh/init.sh',
  'sh/uname.sh',
  'sh/shutdown.sh',
];
const rpmFiles = ['rpm.ts', 'rpmShapes.ts', 'rpmRepository.ts', 'shapes.ts', 'packages.ts'];
const toolFiles = ['sh/rpm-tools.sh'];
const rpmManagers: readonly RpmManager[] = ['dnf', 'zypper'];
const rpmProfileFiles: Readonly<Record<RpmManager, readonly string[]>> = {
  dnf: ['rpmLayers.ts', 'dnfImage.ts', 'sh/dnf-profile.sh'],
  zypper: ['rpmLayers.ts', 'zypperImage.ts', 'sh/zypper-profile.sh'],
};
const buildProfileFor: Readonly<Record<RpmManager, typeof buildDnfProfile>> = {
  dnf: buildDnfProfile,
  zypper: buildZypperProfile,
};

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

/** Writes the files of the profile layer into `seed`, with their modes. */
const writeSeed = async (seed: string, repository: string, flavour: Flavour): Promise<void> => {
  const put = putInto(seed);
  await putCommonFiles(put, flavour);
  const sources = `Types: deb\nURIs: ${REPOSITORY_URL}\nSuites: ${Object.keys(suites).join(' ')}\nComponents: main\nSigned-By: /usr/share/keyrings/lab.gpg\n`;
  await put('/etc/apt/sources.list.d/lab.sources', sources, 0o644);
  await mkdir(join(seed, 'usr/share/keyrings'), { recursive: true });
  await copyFile(join(repository, 'lab.gpg'), join(seed, 'usr/share/keyrings/lab.gpg'));
  await chmod(join(seed, 'usr/share/keyrings/lab.gpg'), 0o644);
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
  for (const p of allVersions.filter((one) => one.installed)) {
    const from = p.offered ? join(repository, 'public', 'pool', p.suite) : join(repository, 'unoffered');
    await copyFile(join(from, debFileName(p, arch)), join(at('debs'), debFileName(p, arch)));
  }
  const server = await serveRepository({ '/debian/': join(repository, 'public') }, '127.0.0.1', 0);
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

/** The name of every part of the present image: each is built of what its hash covers. */
const partNames = async (release: string) => {
  const common = await hashOf(profileFiles, release);
  const rpms = await hashOf(rpmFiles, release);
  const [plain, systemd] = await Promise.all(
    flavours.map((flavour) => hashOf(baseFiles, release, basePackages[flavour])),
  );
  const base = { plain: plain ?? '', systemd: systemd ?? '' };
  const tools = {
    dnf: await hashOf(toolFiles, base.plain, ...rpmToolPackages.dnf),
    zypper: await hashOf(toolFiles, base.plain, ...rpmToolPackages.zypper),
  };
  const each = async (make: (flavour: Flavour) => Promise<string>): Promise<Record<Flavour, string>> => ({
    plain: await make('plain'),
    systemd: await make('systemd'),
  });
  const rpmProfileName = async (manager: RpmManager, flavour: Flavour): Promise<string> =>
    `profile-${manager}-${flavour}-${await hashOf(rpmProfileFiles[manager], base[flavour], tools[manager], common, rpms)}`;
  return {
    common: `common-${common}`,
    rpms: `rpms-${rpms}`,
    tools: { dnf: `dnf-tools-${tools.dnf}`, zypper: `zypper-tools-${tools.zypper}` },
    base: await each(async (flavour) => `base-${flavour}-${base[flavour]}`),
    apt: await each(async (flavour) => `profile-${flavour}-${await hashOf([], base[flavour], common)}`),
    dnf: await each((flavour) => rpmProfileName('dnf', flavour)),
    zypper: await each((flavour) => rpmProfileName('zypper', flavour)),
  };
};

/** The image, built when this machine does not have it yet (about half a minute; one builder at a time), else at once. */
export const openImage = async (wanted: readonly Profile[]): Promise<Image> => {
  const profiles = new Set(wanted);
  const withRpms = [...profiles].some((profile) => !profile.startsWith('apt-'));
  await prepareTools(withRpms ? 'rpm' : 'base');
  const release = await codename();
  const names = await partNames(release);
  const building = await lockOrWait('build', 'exclusive');
  try {
    const used = new Set<string>();
    let built = false;
    const part = async (name: string, build: (dir: string) => Promise<void>): Promise<string> => {
      used.add(name);
      built ||= !(await exists(join(imagesDir, name)));
      return buildOnce(name, build);
    };
    const common = await part(names.common, buildCommon);
    const keys = join(common, 'keys');
    const baseOf = async (flavour: Flavour): Promise<string> =>
      join(await part(names.base[flavour], (dir) => buildBase(dir, release, flavour)), 'root');
    const rpms = withRpms ? await part(names.rpms, buildRpmRepository) : null;
    const buildProfileOf = async (manager: Manager, flavour: Flavour): Promise<string> => {
      const base = await baseOf(flavour);
      if (manager === 'apt' || rpms === null) {
        const profile = await part(names.apt[flavour], (dir) => buildProfile(dir, base, common, flavour));
        return `${join(profile, 'upper')}:${base}`;
      }
      const plain = await baseOf('plain');
      const tools = await part(names.tools[manager], (dir) => buildRpmTools(manager, dir, plain));
      const lower = `${join(tools, 'upper')}:${base}`;
      const profile = await part(names[manager][flavour], (dir) =>
        buildProfileFor[manager](dir, lower, rpms, keys, flavour),
      );
      return `${join(profile, 'upper')}:${lower}`;
    };
    const lower = new Map<Profile, string>();
    for (const manager of ['apt', ...rpmManagers] as const)
      for (const flavour of flavours)
        if (profiles.has(`${manager}-${flavour}`))
          lower.set(`${manager}-${flavour}`, await buildProfileOf(manager, flavour));
    const inUse = await Promise.all([...used].map((name) => lockOrWait(`image-${name}`, 'shared')));
    const { base, tools, apt, dnf, zypper, ...single } = names;
    if (built) await prune([base, tools, apt, dnf, zypper, single].flatMap((group) => Object.values(group)));
    return {
      lower,
      repository: join(common, 'repository'),
      rpms,
      keys,
      release: async () => {
        await Promise.all(inUse.map((held) => held.release()));
      },
    };
  } finally {
    await building.release();
  }
};

/**
 * A fleet's own copies of the repositories, `to` and `rpmsTo`: hard links, so they cost nothing. What changes them writes new
 * files.
 */
export const copyRepositories = async (image: Image, to: string, rpmsTo: string): Promise<void> => {
  await must('cp', ['-al', image.repository, to]);
  if (image.rpms !== null) await must('cp', ['-al', image.rpms, rpmsTo]);
};
