import { RPM_REPOSITORY_URL } from './config.ts';
import { buildRpmProfile } from './rpmLayers.ts';
import {
  rpmAutoPackages,
  rpmInstallOnly,
  rpmLockedPackages,
  rpmProfile,
  rpmRebootPackages,
} from './rpmShapes.ts';
import { type Flavour, putCommonFiles, putInto } from './seed.ts';
import { EDITED_CONFFILE } from './shapes.ts';

const osRelease = `NAME="Lab Linux"
VERSION="9.4 (Frost)"
ID="lablinux"
ID_LIKE="rhel centos fedora"
VERSION_ID="9.4"
PLATFORM_ID="platform:el9"
PRETTY_NAME="Lab Linux 9.4 (Frost)"
CPE_NAME="cpe:/o:lab:lablinux:9"
`;

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
  const versions = rpmProfile(native, 'dnf');
  const locks = rpmLockedPackages.map((name) => `${name}-0:${versions[name]}.*\n`);
  await put('/etc/dnf/plugins/versionlock.list', locks.join(''), 0o644);
  await put('/etc/dnf/plugins/needs-restarting.d/lab.conf', `${rpmRebootPackages.join('\n')}\n`, 0o644);
};

const afterInstallScript = `
echo 'workers = 16 # set by the admin' >> ${EDITED_CONFFILE}
dnf -q mark remove ${rpmAutoPackages.join(' ')}
`;

/** The profile layer of hosts with dnf; `lower` is tools over base, `rpms` the repository. `dir/upper` is the layer. */
export const buildDnfProfile = (
  dir: string,
  lower: string,
  rpms: string,
  keys: string,
  flavour: Flavour,
): Promise<void> =>
  buildRpmProfile(
    { dir, lower, rpms, keys },
    { manager: 'dnf', seed: (seed, native) => writeSeed(seed, flavour, native), after: afterInstallScript },
  );
