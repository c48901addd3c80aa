/** What zypper is asked for: exact packages, and package files that the console brought. */
import { HASH_FUNCTION } from '../../artefacts/hash.ts';
import type { StageRequest } from '../driver.ts';
import { PUSHED_FOLDER, type PushedPackage, pushedHashes } from '../pushed.ts';
import { quote } from '../shell.ts';

type Wanted = StageRequest['packages'][number];

/** zypper(8): NAME.ARCH=EDITION. */
export const capability = ({ name, arch, version }: Wanted): string => `${name}.${arch}=${version}`;

/** Shell words of all that stages up to and with this one ask for; what an earlier one asked in another version is asked anew. */
export function asked(stages: readonly StageRequest[]): Wanted[] {
  const wanted = new Map<string, Wanted>();
  for (const stage of stages) for (const one of stage.packages) wanted.set(`${one.name}.${one.arch}`, one);
  return [...wanted.values()];
}

export const capabilities = (packages: readonly Wanted[]): string =>
  packages.map((one) => quote(capability(one))).join(' ');

/** Only what is required comes along, and nothing is asked. */
export const INSTALL = 'in --no-recommends --auto-agree-with-licenses --name';

/** `fl_pushed HASH…`: the console's files are offered; says in fl_why why they are not. */
export const PUSHED_FUNCTIONS = `${HASH_FUNCTION}
fl_pushed() {
  fl_p="$R${PUSHED_FOLDER}"
  fl_own "$fl_p" && mkdir -p "$T/pushed" || { fl_why="$fl_p is not a folder of root alone"; return 1; }
  for fl_h in "$@"; do
    fl_f=$fl_p/$fl_h.rpm
    [ -f "$fl_f" ] && [ ! -L "$fl_f" ] && { ln "$fl_f" "$T/pushed/" 2>/dev/null || cp "$fl_f" "$T/pushed/"; } && [ "$(fl_sha "$T/pushed/$fl_h.rpm")" = "$fl_h" ] || { fl_why='a package file that the console brought is not there any more'; return 1; }
  done
  fl_offer "$T/pushed" || { fl_why='zypper does not read the package files that the console brought'; return 1; }
}`;

/** The call of it; empty where nothing was brought. `otherwise` runs when it fails. */
export const withPushed = (pushed: readonly PushedPackage[] | undefined, otherwise: string): string =>
  pushed === undefined || pushed.length === 0
    ? ''
    : `fl_pushed ${pushedHashes(pushed)} || { ${otherwise}; }\n`;
