/** The package managers that the matrix runs on: what differs between them for a test that looks at a host from outside. */
import type { LabHost } from '../fleet/host.ts';
import type { Manager } from '../fleet/image.ts';
import { rpmVersionsFor } from '../fleet/rpmShapes.ts';
import { allVersions, EDITED_CONFFILE, UNTOUCHED_CONFFILE } from '../fleet/shapes.ts';
import { pictureOf } from '../support/outside.ts';
import { extraPackages, extraRpms } from './extras.ts';

export type SideName = Manager;

export type Side = {
  readonly name: SideName;
  /** The newest version on offer of a package, as a snapshot names it. */
  newest(name: string): string;
  /** All that a rollback has to bring back. */
  picture(host: LabHost): Promise<unknown>;
  /** Version of a package as installed; a state other than well installed stands behind it; undefined: not there. */
  version(host: LabHost, name: string): Promise<string | undefined>;
  /** The manager's own word on what is broken; empty when nothing is. */
  broken(host: LabHost): Promise<string>;
};

const versionOf: Side['version'] = async (host, name) => {
  const found = (await host.packages(name)).get(name);
  if (found === undefined || found.state === 'un') return undefined;
  return found.state === 'ii' || found.state === 'hi' ? found.version : `${found.version} ${found.state}`;
};

const sections = (text: string): string[][] => text.split('@@\n').map((section) => section.split('\n'));

/** What rpm and dnf say of a host: packages, which of them were wanted, locks, configuration files. */
const pictureOfDnfHost = async (host: LabHost): Promise<unknown> => {
  const script = [
    'rpm -qa | sort',
    // In a cache of its own, so that it waits for no lock.
    "dnf -q -C --disablerepo='*' --setopt=cachedir=/run/lab/picture repoquery --userinstalled | sort",
    'grep -v "^#" /etc/dnf/plugins/versionlock.list | sort',
    `sha256sum ${EDITED_CONFFILE} ${UNTOUCHED_CONFFILE}`,
  ].join('; echo @@; ');
  const [packages, wanted, locks, files] = sections(await host.output(script));
  return { packages, wanted, locks, files };
};

/** What rpm and libzypp say of a host. */
const pictureOfZypperHost = async (host: LabHost): Promise<unknown> => {
  const script = [
    'rpm -qa | sort',
    "grep -v '^#' /var/lib/zypp/AutoInstalled | sort",
    'cat /etc/zypp/locks',
    `sha256sum ${EDITED_CONFFILE} ${UNTOUCHED_CONFFILE}`,
  ].join('; echo @@; ');
  const [packages, autos, locks, files] = sections(await host.output(script));
  return { packages, autos, locks, files };
};

/** Versions as rpm shows them, for a machine of rpm's architecture `native`. */
const rpmSide = (native: string, name: 'dnf' | 'zypper', picture: Side['picture']): Side => {
  const all = [...rpmVersionsFor(native), ...extraRpms];
  return {
    name,
    newest: (title) => {
      const version = all.findLast((p) => p.name === title && p.offered)?.version;
      if (version === undefined) throw new Error(`the lab has no ${title} as RPM`);
      return version;
    },
    picture,
    // Two versions beside each other are what an interrupted transaction leaves.
    version: versionOf,
    broken: (host) =>
      host.output("rpm -qa --qf '%{NAME}\\n' 'lab-*' | sort | uniq -d | grep -vx lab-kernel; true"),
  };
};

export const dnfSide = (native: string): Side => rpmSide(native, 'dnf', pictureOfDnfHost);
export const zypperSide = (native: string): Side => rpmSide(native, 'zypper', pictureOfZypperHost);

/** `more`: newest versions of packages that are not among the lab's own. */
export const aptSide = (more: Readonly<Record<string, string>>): Side => ({
  name: 'apt',
  newest: (name) => {
    const all = [...allVersions, ...extraPackages];
    const version = more[name] ?? all.findLast((p) => p.name === name && p.offered)?.version;
    if (version === undefined) throw new Error(`the lab has no ${name}`);
    return version;
  },
  picture: pictureOf,
  version: versionOf,
  broken: (host) => host.output('dpkg --audit'),
});
