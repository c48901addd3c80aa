import { copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError, must, run } from './process.ts';
import { rpmArchitecture, rpmFileName } from './rpm.ts';
import { rpmFile } from './rpmRepository.ts';
import { type RpmManager, rpmVersionsFor } from './rpmShapes.ts';
import { contained, script, usersScript } from './seed.ts';
import { serveRepository } from './server.ts';

/** The two layers that make an RPM host of the Debian base: the manager's own programs, and the profile. */

/** What an RPM host has above the Debian base. Not both managers in one: dnf's plugins break zypper. */
export const rpmToolPackages: Readonly<Record<RpmManager, readonly string[]>> = {
  dnf: ['dnf', 'rpm', 'dnf-plugins-core'],
  zypper: ['zypper', 'rpm'],
};

const downloadDebs = async (manager: RpmManager, base: string, to: string): Promise<void> => {
  const settings = {
    'Dir::State::status': join(base, 'var/lib/dpkg/status'),
    'Dir::Cache::archives': to,
    'Dir::Cache::pkgcache': '',
    'Dir::Cache::srcpkgcache': '',
    'Debug::NoLocking': '1',
    'APT::Sandbox::User': 'root',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const args = ['-qqy', ...options, '--no-install-recommends', '-d', 'install', ...rpmToolPackages[manager]];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
  if ((await run('apt-get', args, { env })).code === 0) return;
  // The machine's lists may be older than its mirror.
  await run('apt-get', ['-q', 'update'], { env });
  await must('apt-get', args, { env });
};

/** The layer over the base of either flavour that has the manager and hides dpkg. `dir/upper` is the layer. */
export const buildRpmTools = async (manager: RpmManager, dir: string, base: string): Promise<void> => {
  const scratch = join(dir, 'scratch');
  const at = (name: string): string => join(scratch, name);
  for (const name of ['work', 'root', 'debs/partial']) await mkdir(at(name), { recursive: true });
  await mkdir(join(dir, 'upper'));
  await downloadDebs(manager, base, at('debs'));
  await contained([
    'sh',
    script('rpm-tools.sh'),
    base,
    join(dir, 'upper'),
    at('work'),
    at('root'),
    at('debs'),
    manager,
  ]);
  // It lies over the bases of both flavours, which have different users.
  const etc = await readdir(join(dir, 'upper', 'etc'));
  if (etc.includes('passwd')) throw new LabError(`the layer of ${manager} brings users of its own`);
  await rm(scratch, { recursive: true, force: true });
};

export interface RpmProfileKind {
  readonly manager: RpmManager;
  /** Writes the host's files into a tree; `native` is rpm's architecture. */
  seed(tree: string, native: string): Promise<void>;
  /** What the host's shell runs once the packages are installed. */
  readonly after: string;
}

/** The profile layer; `lower` is tools over base, `rpms` the repository. `dir/upper` is the layer. */
export const buildRpmProfile = async (
  places: { readonly dir: string; readonly lower: string; readonly rpms: string; readonly keys: string },
  { manager, seed, after }: RpmProfileKind,
): Promise<void> => {
  const { dir, lower, rpms, keys } = places;
  const native = await rpmArchitecture();
  const scratch = join(dir, 'scratch');
  const at = (name: string): string => join(scratch, name);
  for (const name of ['work', 'root', 'rpms', 'seed']) await mkdir(at(name), { recursive: true });
  await mkdir(join(dir, 'upper'));
  await seed(at('seed'), native);
  await writeFile(at('users.sh'), await usersScript(keys));
  await writeFile(at('after.sh'), after);
  const installed = rpmVersionsFor(native).filter((p) => p.installed && (p.only ?? manager) === manager);
  for (const p of installed.filter((one) => !one.offered))
    await copyFile(rpmFile(rpms, p, native), join(at('rpms'), rpmFileName(p, native)));
  const offered = installed.filter((p) => p.offered).map((p) => `${p.name}-${p.version}\n`);
  await writeFile(at('offered'), offered.join(''));
  const server = await serveRepository({ '/rpm/': join(rpms, 'public') }, '127.0.0.1', 0);
  try {
    const url = `http://${server.address}:${server.port}`;
    const args = [lower, join(dir, 'upper'), at('work'), at('root'), scratch, url];
    await contained(['sh', script(`${manager}-profile.sh`), ...args]);
  } finally {
    await server.close();
  }
  await rm(scratch, { recursive: true, force: true });
};
