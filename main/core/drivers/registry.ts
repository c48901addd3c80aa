/** Every driver there is. */
import type { Ecosystem } from '../../../shared/model/primitives.ts';
import { aptDriver } from './apt/driver.ts';
import { dnfDriver } from './dnf/driver.ts';
import type { PackageDriver } from './driver.ts';

export const drivers = { apt: aptDriver, dnf: dnfDriver } satisfies Partial<Record<Ecosystem, PackageDriver>>;

const byEcosystem: Partial<Record<Ecosystem, PackageDriver>> = drivers;

/** Undefined: no driver for this package manager yet. */
export const driverFor = (ecosystem: Ecosystem): PackageDriver | undefined => byEcosystem[ecosystem];

/** Whose scan goes to a host of which nothing is known; where its manager is not there it answers `host.unsupported`. */
export const scanDriver = (): PackageDriver => drivers.apt;
