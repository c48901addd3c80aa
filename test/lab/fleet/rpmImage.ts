import { copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RPM_REPOSITORY_URL } from './config.ts';
import { LabError, must, run } from './process.ts';
import { rpmArchitecture, rpmFileName } from './rpm.ts';
import { rpmFile } from './rpmRepository.ts';
import {
  rpmAutoPackages,
  rpmInstallOnly,
  rpmLockedPackages,
  rpmProfile,
  rpmRebootPackages,
  rpmVersionsFor,
} from './rpmShapes.ts';
import { contained, type Flavour, putCommonFiles, putInto, script, usersScript } from './seed.ts';
import { serveRepository } from './server.ts';
import { EDITED_CONFFILE } from './shapes.ts';

/** What an RPM host has above the Debian base. */
export const dnfPackages: readonly string[] = ['dnf', 'rpm', 'dnf-plugins-core'];

const osRelease = `NAME="Lab Linux"
VERSION="9.4 (Frost)"
ID="lablinux"
ID_LIKE="rhel centos fedora"
VERSION_ID="9.4"
PLATFORM_ID="platform:el9"
PRETTY_NAME="Lab Linux 9.4 (Frost)"
CPE_NAME="cpe:/o:lab:lablinux:9"
`;

/** Debian's plugins that are noise here, or crash. */
const unwantedPlugins = [
  'copr',
  'debuginfo-install',
  'leaves',
  'local',
  'post-transaction-actions',
  'show_leaves',
];

/** dnf's settings; `agent` is how the repository's server tells the hosts apart. */
export const dnfConf = (agent: string): string => `[main]
gpgcheck=0
installonly_limit=3
installonlypkgs=kernel kernel-core installonlypkg(kernel) ${rpmInstallOnly.join(' ')}
clean_requirements_on_remove=True
best=True
skip_if_unavailable=False
metadata_expire=0
user_agent=dnf ${agent}
`;

const downloadDebs = async (base: string, to: string): Promise<void> => {
  const settings = {
    'Dir::State::status': join(base, 'var/lib/dpkg/status'),
    'Dir::Cache::archives': to,
    'Dir::Cache::pkgcache': '',
    'Dir::Cache::srcpkgcache': '',
    'Debug::NoLocking': '1',
    'APT::Sandbox::User': 'root',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const args = ['-qqy', ...options, '--no-install-recommends', '-d', 'install', ...dnfPackages];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
  if ((await run('apt-get', args, { env })).code === 0) return;
  // The machine's lists may be older than its mirror.
  await run('apt-get', ['-q', 'update'], { env });
  await must('apt-get', args, { env });
};

/** The layer over the base of either flavour that has dnf and hides dpkg. `dir/upper` is the layer. */
export const buildDnfTools = async (dir: string, base: string): Promise<void> => {
  const scratch = join(dir, 'scratch');
  const at = (name: string): string => join(scratch, name);
  for (const name of ['work', 'root', 'debs/partial']) await mkdir(at(name), { recursive: true });
  await mkdir(join(dir, 'upper'));
  await downloadDebs(base, at('debs'));
  await contained([
    'sh',
    script('dnf-tools.sh'),
    base,
    join(dir, 'upper'),
    at('work'),
    at('root'),
    at('debs'),
  ]);
  // It lies over the bases of both flavours, which have different users.
  const etc = await readdir(join(dir, 'upper', 'etc'));
  if (etc.includes('passwd')) throw new LabError('the layer of dnf brings users of its own');
  await rm(scratch, { recursive: true, force: true });
};

const writeSeed = async (seed: string, flavour: Flavour, native: string): Promise<void> => {
  const put = putInto(seed);
  await putCommonFiles(put, flavour);
  await put('/usr/lib/os-release', osRelease, 0o644);
  for (const name of ['redhat-release', 'system-release'])
    await put(`/etc/${name}`, 'Lab Linux release 9.4 (Frost)\n', 0o644);
  await put('/etc/rpm/macros', '%_dbpath /var/lib/rpm\n', 0o644);
  await put('/etc/dnf/dnf.conf', dnfConf('lab-image'), 0o644);
  await put('/etc/dnf/vars/releasever', '9\n', 0o644);
  const repository = `[lab]\nname=Lab Linux $releasever - Lab\nbaseurl=${RPM_REPOSITORY_URL}\nenabled=1\ngpgcheck=0\n`;
  await put('/etc/yum.repos.d/lab.repo', repository, 0o644);
  for (const name of unwantedPlugins)
    await put(`/etc/dnf/plugins/${name}.conf`, '[main]\nenabled=0\n', 0o644);
  const versions = rpmProfile(native);
  const locks = rpmLockedPackages.map((name) => `${name}-0:${versions[name]}.*\n`);
  await put('/etc/dnf/plugins/versionlock.list', locks.join(''), 0o644);
  await put('/etc/dnf/plugins/needs-restarting.d/lab.conf', `${rpmRebootPackages.join('\n')}\n`, 0o644);
};

const afterInstallScript = `
echo 'workers = 16 # set by the admin' >> ${EDITED_CONFFILE}
dnf -q mark remove ${rpmAutoPackages.join(' ')}
`;

/** The profile layer of RPM hosts; `lower` is tools over base, `rpms` the repository. `dir/upper` is the layer. */
export const buildDnfProfile = async (
  dir: string,
  lower: string,
  rpms: string,
  keys: string,
  flavour: Flavour,
): Promise<void> => {
  const native = await rpmArchitecture();
  const scratch = join(dir, 'scratch');
  const at = (name: string): string => join(scratch, name);
  for (const name of ['work', 'root', 'rpms', 'seed']) await mkdir(at(name), { recursive: true });
  await mkdir(join(dir, 'upper'));
  await writeSeed(at('seed'), flavour, native);
  await writeFile(at('users.sh'), await usersScript(keys));
  await writeFile(at('after.sh'), afterInstallScript);
  const installed = rpmVersionsFor(native).filter((p) => p.installed);
  for (const p of installed.filter((one) => !one.offered))
    await copyFile(rpmFile(rpms, p, native), join(at('rpms'), rpmFileName(p, native)));
  const offered = installed.filter((p) => p.offered).map((p) => `${p.name}-${p.version}\n`);
  await writeFile(at('offered'), offered.join(''));
  const server = await serveRepository({ '/rpm/': join(rpms, 'public') }, '127.0.0.1', 0);
  try {
    const proxy = `http://${server.address}:${server.port}`;
    const args = [lower, join(dir, 'upper'), at('work'), at('root'), scratch, proxy];
    await contained(['sh', script('dnf-profile.sh'), ...args]);
  } finally {
    await server.close();
  }
  await rm(scratch, { recursive: true, force: true });
};
