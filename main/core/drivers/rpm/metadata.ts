/** A cache of repositories' metadata: `repomd.xml`, its signature where the host keeps one, and the list of packages it names. */
import type { CommandSpec } from '../../ports.ts';
import type { PackageDriver } from '../driver.ts';
import { metadataCommand } from '../metadata.ts';

const find = (cache: string): string => `fl_metadata() {
  for fl_d in "$R"${cache} "$R"${cache}/* "$R"${cache}/*/repodata; do
    [ ! -d "$fl_d" ] || { [ -r "$fl_d" ] && [ -x "$fl_d" ]; } || printf 'unreadable\\t%s\\n' "$fl_d"
  done
  for fl_r in "$R"${cache}/*/repodata/repomd.xml; do
    [ -f "$fl_r" ] || continue
    fl_d=\${fl_r%/*}
    fl_s=
    [ ! -r "$fl_r.asc" ] || fl_s=$fl_r.asc
    for fl_f in "$fl_d"/*primary.xml*; do
      [ -f "$fl_f" ] || continue
      [ -r "$fl_f" ] && [ -r "$fl_r" ] || { printf 'unreadable\\t%s\\n' "$fl_f"; continue; }
      # Lists of an earlier day may lie beside those of today.
      grep -qF "\${fl_f##*/}" "$fl_r" || continue
      fl_index "$fl_r" "$fl_s" "$fl_f"
    done
  done
}`;

/** `cache`: the folder with one for each repository. Signatures: dnf.conf(5) and zypp.conf(5), `repo_gpgcheck`. */
export const metadataIn =
  (cache: string): NonNullable<PackageDriver['metadata']> =>
  (o): CommandSpec =>
    metadataCommand({ ...o, find: find(cache) });
