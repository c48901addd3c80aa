/** Every driver there is. */
import type { Ecosystem } from '../../../shared/model/primitives.ts';
import { aptDriver } from './apt/driver.ts';
import { isDebianVersion } from './apt/version.ts';
import { detectingScan, type Scanner } from './detect.ts';
import { dnfDriver } from './dnf/driver.ts';
import type { PackageDriver } from './driver.ts';
import { isRpmVersion } from './rpm/version.ts';
import { zypperDriver } from './zypper/driver.ts';

export const drivers = { apt: aptDriver, dnf: dnfDriver, zypper: zypperDriver } satisfies Partial<
  Record<Ecosystem, PackageDriver>
>;

const byEcosystem: Partial<Record<Ecosystem, PackageDriver>> = drivers;

/** Undefined: no driver for this package manager yet. */
export const driverFor = (ecosystem: Ecosystem): PackageDriver | undefined => byEcosystem[ecosystem];

type VersionRule = { is(text: string): boolean; kind: string; example: string };

const versions: Record<keyof typeof drivers, VersionRule> = {
  apt: { is: isDebianVersion, kind: 'a Debian package', example: '1.2-3 or 2:1.2-3' },
  dnf: { is: isRpmVersion, kind: 'an RPM package', example: '1.2-3.el9 or 2:1.2-3.el9' },
  zypper: { is: isRpmVersion, kind: 'an RPM package', example: '1.2-150500.3.1 or 2:1.2-3.1' },
};
const versionRules: Partial<Record<Ecosystem, VersionRule>> = versions;

/** How versions look where this one cannot be one; undefined where it can, and for a manager without a driver. */
export const versionFault = (
  ecosystem: Ecosystem,
  text: string,
): Pick<VersionRule, 'kind' | 'example'> | undefined => {
  const rule = versionRules[ecosystem];
  return rule === undefined || rule.is(text) ? undefined : rule;
};

/** Where nothing else tells: the first manager whose versions look like this one. */
export const likelyEcosystem = (version: string): Ecosystem =>
  ecosystems.find((ecosystem) => versionFault(ecosystem, version) === undefined) ?? ecosystems[0];
const ecosystems: [Ecosystem, ...Ecosystem[]] = ['apt', 'dnf', 'zypper'];

/** Scans a host of which nothing is known; where no driver knows its manager it answers `host.unsupported`, and names it. */
export const scanDriver = (): Scanner => anyManager;
const anyManager = detectingScan(drivers);
