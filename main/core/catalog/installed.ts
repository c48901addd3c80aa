import type { InstalledPackage } from '../../../shared/model/scan.ts';
import { isPresent } from '../drivers/states.ts';

/** The package's files are there; leftovers of a removed one (dpkg's `rc`) are not an installed version. */
export const isInstalled = ({ brokenState }: Pick<InstalledPackage, 'brokenState'>): boolean =>
  brokenState === undefined || brokenState === 'duplicate' || isPresent({ state: brokenState });
