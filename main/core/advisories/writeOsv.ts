/** Advisories as OSV records (https://ossf.github.io/osv-schema/, version 1.7), of whatever format they came in: what `readOsv` reads. */
import type { Advisory, Affected } from '../../../shared/model/advisory.ts';

const SCHEMA = '1.7.0';

/** The `ecosystem` of OSV, where it means the same packages; undefined: OSV has no word for them. */
const ecosystemOf = ({ ecosystem, distro, release, kind, arch }: Affected): string | undefined => {
  if (arch !== undefined || distro === undefined) return undefined;
  const word = (name: string): string => (release === undefined ? name : `${name}:${release}`);
  switch (`${ecosystem} ${distro} ${kind}`) {
    case 'apt debian source':
      return word('Debian');
    case 'apt ubuntu source':
      return release === undefined ? undefined : word('Ubuntu');
    case 'dnf almalinux binary':
      return word('AlmaLinux');
    case 'dnf rocky either':
      return word('Rocky Linux');
    case 'dnf rhel binary':
      return release === undefined ? undefined : `Red Hat:enterprise_linux:${release}`;
    case 'zypper opensuse-leap either':
      return release === undefined ? undefined : `openSUSE:Leap ${release}`;
    case 'zypper opensuse-tumbleweed either':
      return 'openSUSE:Tumbleweed';
    case 'zypper sles either':
      return release === undefined
        ? undefined
        : `SUSE:Linux Enterprise Server ${release.replace(/\.(\d+)$/, ' SP$1')}`;
    default:
      return undefined;
  }
};

const eventsOf = ({ introduced, fixed, lastAffected }: Affected) => [
  { introduced: introduced ?? '0' },
  ...(fixed === undefined ? [] : [{ fixed }]),
  ...(lastAffected === undefined ? [] : [{ last_affected: lastAffected }]),
];

/** Undefined: nothing of it can be said in OSV. `asOf`: how old the data is, where the advisory has no date of its own. */
export const osvOf = (advisory: Advisory & { asOf: string }) => {
  const { id, title, severity, cves, published, modified, asOf } = advisory;
  const affected = advisory.affected.flatMap((one) => {
    const ecosystem = ecosystemOf(one);
    return ecosystem === undefined
      ? []
      : [{ package: { ecosystem, name: one.name }, ranges: [{ type: 'ECOSYSTEM', events: eventsOf(one) }] }];
  });
  if (affected.length === 0) return undefined;
  const aliases = cves.filter((cve) => cve !== id);
  return {
    schema_version: SCHEMA,
    id,
    modified: modified ?? published ?? asOf,
    ...(published === undefined ? {} : { published }),
    ...(title === undefined ? {} : { summary: title }),
    ...(aliases.length === 0 ? {} : { aliases }),
    affected,
    ...(severity === 'unknown' ? {} : { database_specific: { severity } }),
  };
};
