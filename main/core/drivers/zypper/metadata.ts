/** libzypp's cache of repositories: `repomd.xml`, its signature where there is one, and the list it names. */
import type { CommandSpec } from '../../ports.ts';
import { metadataCommand } from '../metadata.ts';

const FIND = `fl_metadata() {
  for fl_d in "$R"/var/cache/zypp/raw "$R"/var/cache/zypp/raw/* "$R"/var/cache/zypp/raw/*/repodata; do
    [ ! -d "$fl_d" ] || { [ -r "$fl_d" ] && [ -x "$fl_d" ]; } || printf 'unreadable\\t%s\\n' "$fl_d"
  done
  for fl_r in "$R"/var/cache/zypp/raw/*/repodata/repomd.xml; do
    [ -f "$fl_r" ] || continue
    fl_s=
    [ ! -r "$fl_r.asc" ] || fl_s=$fl_r.asc
    for fl_f in "\${fl_r%/*}"/*primary.xml*; do
      [ -f "$fl_f" ] || continue
      [ -r "$fl_f" ] && [ -r "$fl_r" ] || { printf 'unreadable\\t%s\\n' "$fl_f"; continue; }
      # Lists of an earlier day may lie beside those of today.
      grep -qF "\${fl_f##*/}" "$fl_r" || continue
      fl_index "$fl_r" "$fl_s" "$fl_f"
    done
  done
}`;

export const metadataOf = (o: { nonce: string; hashes: readonly string[]; root: boolean }): CommandSpec =>
  metadataCommand({ ...o, find: FIND });
