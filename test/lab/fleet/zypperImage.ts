import { RPM_REPOSITORY_URL } from './config.ts';
import { buildRpmProfile } from './rpmLayers.ts';
import { rpmAutoPackages, rpmInstallOnly, rpmLockedPackages, rpmRebootPackages } from './rpmShapes.ts';
import { type Flavour, putCommonFiles, putInto } from './seed.ts';
import { EDITED_CONFFILE } from './shapes.ts';

const osRelease = `NAME="Lab Leap"
VERSION="15.6"
ID="lab-leap"
ID_LIKE="suse opensuse"
VERSION_ID="15.6"
PRETTY_NAME="Lab Leap 15.6"
CPE_NAME="cpe:/o:lab:leap:15.6"
`;

/** What zypper wants to find to know which system it manages. */
const product = (arch: string): string => `<?xml version="1.0" encoding="UTF-8"?>
<product schemeversion="0">
  <vendor>lab</vendor>
  <name>Leap</name>
  <version>15.6</version>
  <release>1</release>
  <arch>${arch}</arch>
  <productline>Leap</productline>
  <summary>Lab Leap 15.6</summary>
</product>
`;

const zyppConf = `[main]
multiversion = provides:multiversion(kernel),${rpmInstallOnly.join(',')}
solver.onlyRequires = true
`;

/** A host's own repository file; its URL tells the server which host asks, since zypper's requests tell nothing of it. */
export const zypperRepository = (host: string): string =>
  `[lab]\nname=Lab Leap\nenabled=1\nautorefresh=1\nbaseurl=${RPM_REPOSITORY_URL.replace('/rpm', `/at/${host}/rpm`)}\ntype=rpm-md\ngpgcheck=0\n`;

const lock = (name: string): string =>
  `type: package\nmatch_type: glob\ncase_sensitive: on\nsolvable_name: ${name}\n`;

const writeSeed = async (seed: string, flavour: Flavour, native: string): Promise<void> => {
  const put = putInto(seed);
  await putCommonFiles(put, flavour);
  await put('/usr/lib/os-release', osRelease, 0o644);
  await put('/etc/rpm/macros', '%_dbpath /var/lib/rpm\n', 0o644);
  await put('/etc/zypp/zypp.conf', zyppConf, 0o644);
  await put('/etc/products.d/Leap.prod', product(native), 0o644);
  await put('/etc/zypp/needreboot', `${rpmRebootPackages.join('\n')}\n`, 0o644);
};

const afterInstallScript = `
ln -sf Leap.prod /etc/products.d/baseproduct
echo 'workers = 16 # set by the admin' >> ${EDITED_CONFFILE}
cat > /etc/zypp/locks <<'LOCKS'
${rpmLockedPackages.map(lock).join('\n')}LOCKS
rpm -q --qf '%{NAME}\\n' ${rpmAutoPackages.join(' ')} | grep -v ' ' > /var/lib/zypp/AutoInstalled
`;

/** The profile layer of hosts with zypper; `lower` is tools over base, `rpms` the repository. `dir/upper` is the layer. */
export const buildZypperProfile = (
  dir: string,
  lower: string,
  rpms: string,
  keys: string,
  flavour: Flavour,
): Promise<void> =>
  buildRpmProfile(
    { dir, lower, rpms, keys },
    {
      manager: 'zypper',
      seed: (seed, native) => writeSeed(seed, flavour, native),
      after: afterInstallScript,
    },
  );
