/**
 * How apt is made to see package files that the console brought: as sources of their own (`APT::Sources::With`, what
 * `--with-source` sets, apt 1.1), for every apt program a script calls, by a configuration file that lasts as long as the
 * script. Nothing is written into /etc, and no repository is trusted: only these very files, each hashed right before.
 */
import { HASH_FUNCTION } from '../../artefacts/hash.ts';
import { PUSHED_FOLDER, type PushedPackage, pushedHashes } from '../pushed.ts';

/** Needs `$R` and `$T`. `fl_pushed HASH…`: fails, with the reason in fl_why, where one is not there or is not what it was. */
export const PUSHED_FUNCTIONS = `${HASH_FUNCTION}
fl_pushed() {
  fl_dir=$R${PUSHED_FOLDER}
  [ -d "$fl_dir" ] && [ ! -L "$fl_dir" ] && [ -O "$fl_dir" ] || { fl_why="$fl_dir is not a folder of root alone"; return 1; }
  printf 'APT::Sandbox::User "root";\\nAPT::Sources::With {\\n' >"$T/pushed.conf" || return 1
  for fl_h in "$@"; do
    fl_f=$fl_dir/$fl_h.deb
    [ -f "$fl_f" ] && [ ! -L "$fl_f" ] && [ "$(fl_sha "$fl_f")" = "$fl_h" ] || { fl_why="a package file that the console brought is not there any more"; return 1; }
    printf '"%s";\\n' "$fl_f" >>"$T/pushed.conf" || return 1
  done
  printf '};\\n' >>"$T/pushed.conf" || return 1
  APT_CONFIG=$T/pushed.conf; export APT_CONFIG
}`;

/** A command for the script, or nothing where nothing was brought; \`otherwise\` runs where it does not succeed. */
export const withPushed = (pushed: readonly PushedPackage[] | undefined, otherwise: string): string =>
  pushed === undefined || pushed.length === 0
    ? ''
    : `fl_pushed ${pushedHashes(pushed)} || { ${otherwise}; }\n`;
