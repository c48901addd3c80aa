/** apt's lists, as apt-get(8) `update` leaves them: `Packages`, and beside them the Release files that name them. */
import type { CommandSpec } from '../../ports.ts';
import { metadataCommand } from '../metadata.ts';

/** A list belongs to the Release file with the longest name that it begins with; of two, to the one signed in itself. */
const FIND = `fl_metadata() {
  for fl_f in "$R"/var/lib/apt/lists/*_Packages "$R"/var/lib/apt/lists/*_Packages.*; do
    [ -f "$fl_f" ] || continue
    [ -r "$fl_f" ] || { printf 'unreadable\\t%s\\n' "$fl_f"; continue; }
    fl_best=; fl_long=0
    for fl_r in "$R"/var/lib/apt/lists/*_InRelease "$R"/var/lib/apt/lists/*_Release; do
      [ -f "$fl_r" ] && [ -r "$fl_r" ] || continue
      fl_p=\${fl_r%InRelease}; fl_p=\${fl_p%Release}
      case $fl_f in
        "$fl_p"*) [ \${#fl_p} -le "$fl_long" ] || { fl_best=$fl_r; fl_long=\${#fl_p}; } ;;
      esac
    done
    fl_s=
    case $fl_best in
      '') fl_cat "$fl_f" | grep -aqFf "$T/want" && printf 'no-root\\t%s\\n' "$fl_f"; continue ;;
      *_Release) [ ! -r "$fl_best.gpg" ] || fl_s=$fl_best.gpg ;;
    esac
    fl_index "$fl_best" "$fl_s" "$fl_f"
  done
}`;

export const metadataOf = (o: { nonce: string; hashes: readonly string[]; root: boolean }): CommandSpec =>
  metadataCommand({ ...o, find: FIND });
