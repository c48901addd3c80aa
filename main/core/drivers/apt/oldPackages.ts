/**
 * Shell functions that find the package files of what is installed, and judge them. A file counts only if it *is* the
 * installed package: by its SHA-256 where a repository's signed lists know it, and otherwise by comparing it with what dpkg
 * keeps of the package and with its files on the disk. A file may come from another host, so its name and its control
 * fields prove nothing.
 */
import { HASH_FUNCTION } from '../../artefacts/hash.ts';
import { HOST_FOLDER } from '../shell.ts';

/** Of a package's control archive; real ones have a few. */
const MAX_MEMBERS = 60;
/** Uncompressed, in 1 MiB blocks: more is no control archive. */
const MAX_CONTROL_MIB = 64;

/** Shown by dpkg-query for the installed package and by dpkg-deb for the file, so both write them the same way. */
const FIELDS = [
  'Pre-Depends',
  'Depends',
  'Conflicts',
  'Breaks',
  'Replaces',
  'Provides',
  'Essential',
  'Multi-Arch',
]
  .map((field) => `\${${field}}`)
  .join('|');

/**
 * Needs `$T` and the section functions. Sets `fl_other` to what differs. Not compared: times, folders (dpkg leaves those
 * that are there as they are), and missing documentation, which small systems leave out.
 */
const IDENTITY_FUNCTIONS = `fl_differs() { fl_other=$1; return 1; }
# fl_control FILE NAME ARCH: scripts, triggers and the like are those dpkg has kept.
fl_control() {
  dpkg-deb --ctrl-tarfile "$1" 2>/dev/null | head -c ${MAX_CONTROL_MIB}M >"$T/ctl.tar"
  tar -tf "$T/ctl.tar" >"$T/members" 2>/dev/null || { fl_differs 'it cannot be unpacked'; return 1; }
  sed -e 's,^\\./,,' -e '/^$/d' -e '/^control$/d' "$T/members" | sort -u >"$T/has"
  [ "$(wc -l <"$T/has")" -le ${MAX_MEMBERS} ] && ! grep -qv '^[a-z0-9-][a-z0-9.-]*$' "$T/has" || { fl_differs 'its control archive is odd'; return 1; }
  dpkg-query --control-list "$2:$3" 2>/dev/null | sort -u >"$T/kept"
  # dpkg makes the list of checksums itself where a package brings none.
  grep -qx md5sums "$T/has" || { grep -vx md5sums "$T/kept" >"$T/kept.2"; mv "$T/kept.2" "$T/kept"; }
  cmp -s "$T/has" "$T/kept" || { fl_differs 'it has other scripts'; return 1; }
  while read -r fl_m; do
    tar -xOf "$T/ctl.tar" "./$fl_m" 2>/dev/null >"$T/one" && dpkg-query --control-show "$2:$3" "$fl_m" 2>/dev/null | cmp -s - "$T/one" || { fl_differs "its $fl_m differs"; return 1; }
  done <"$T/has"
  [ "$(dpkg-deb -W --showformat='${FIELDS}' "$1" 2>/dev/null | tr -d ' \\n')" = "$(dpkg-query -W -f='${FIELDS}' "$2:$3" 2>/dev/null | tr -d ' \\n')" ] || fl_differs 'its dependencies differ'
}
# fl_files FILE: its files as a tar stream, no longer than twice what is installed.
fl_files() { dpkg-deb --fsys-tarfile "$1" 2>/dev/null | head -c "$fl_most"; }
# fl_content FILE NAME ARCH: it has the files that dpkg lists, each is on the disk as it is in it, and no other is in it.
fl_content() {
  fl_most=$(dpkg-query -W -f='\${Installed-Size}\\n' "$2:$3" 2>/dev/null | awk '{ printf "%d", $1 * 2048 + 67108864; exit }')
  [ -n "$fl_most" ] || { fl_differs 'dpkg does not know its size'; return 1; }
  : >"$T/conf"
  ! grep -qx conffiles "$T/has" || tar -xOf "$T/ctl.tar" ./conffiles | sed -n 's,^/,./,p' >"$T/conf"
  fl_files "$1" | tar --quoting-style=literal -tf - >"$T/paths" 2>/dev/null && [ -s "$T/paths" ] || { fl_differs 'it cannot be unpacked'; return 1; }
  awk '
FILENAME == ARGV[1] { p = $0; sub(/^\\.?/, "", p); sub(/\\/$/, "", p); if (p == "") p = "/."; has[p] = 1; next }
{ known[$0] = 1; if (!($0 in has)) { print "lacks " $0; found = 1; exit } }
END { if (!found) for (p in has) if (!(p in known) && p !~ /^\\/usr\\/share\\/(doc|man|info|locale|lintian|linda)(\\/|$)/) { print "also has " p; exit } }' "$T/paths" "$T/list" >"$T/lack"
  [ ! -s "$T/lack" ] || { fl_differs "it $(head -c 300 "$T/lack")"; return 1; }
  fl_files "$1" | tar -d -C "\${R:-/}" -f - >"$T/diff" 2>&1
  awk '
FILENAME == ARGV[1] { skip[$0] = 1; next }
FILENAME == ARGV[2] { if (sub(/\\/$/, "")) { skip[$0] = 1; skip[$0 "/"] = 1 } next }
/: Mod time differs$/ || /^tar: Exiting with failure status/ { next }
/^tar: \\.\\/usr\\/share\\/(doc|man|info|locale|lintian|linda)\\/.*: Warning: Cannot stat: No such file or directory$/ && !/\\/\\.\\.\\// { next }
/^tar: .*: (Warning: )?Cannot (open|stat): Permission denied$/ { next }
{ p = $0; sub(/^tar: /, "", p); sub(/: (Warning: )?[^:]*(: [^:]*)?$/, "", p); if (!(p in skip)) { print; exit } }' "$T/conf" "$T/paths" "$T/diff" >"$T/differs"
  [ ! -s "$T/differs" ] || { fl_differs "$(head -c 300 "$T/differs")"; return 1; }
  [ ! -s "$T/conf" ] || dpkg-query -W -f='\${Conffiles}\\n' "$2:$3" | awk '{ print "." $1, $2 }' >"$T/confsums"
  while read -r fl_m; do
    fl_sum=$(fl_files "$1" | tar -xOf - "$fl_m" 2>/dev/null | md5sum | cut -c 1-32)
    awk -v p="$fl_m" -v s="$fl_sum" '$1 == p && $2 == s { f = 1 } END { exit !f }' "$T/confsums" || { fl_differs "\${fl_m#.} differs"; return 1; }
  done <"$T/conf"
}
# fl_same FILE NAME ARCH: the file is the very package that is installed.
fl_same() {
  fl_other=
  dpkg-query -L "$2:$3" 2>/dev/null | grep '^/' >"$T/list" || { fl_differs 'dpkg does not know its files'; return 1; }
  fl_control "$1" "$2" "$3" && fl_content "$1" "$2" "$3"
}`;

/**
 * `$T/asked` ("name arch version" of the actions) → `$T/wanted`, `$T/meta` ("name arch version sha256" as lists know them);
 * `fl_good FILE NAME ARCH VERSION SHA|''` sets `fl_hash`, and notes a file that is another in `$T/spoilt`.
 */
export const OLD_PACKAGE_FUNCTIONS = `${HASH_FUNCTION}
${IDENTITY_FUNCTIONS}
# Name, architecture and version as installed now: an update may change the architecture to "all" or from it.
fl_wanted() {
  dpkg-query -W -f='\${binary:Package} \${Architecture} \${Version} \${db:Status-Abbrev}\\n' | awk '
FILENAME == ARGV[1] { want[$1] = want[$1] " " $2 "=" $3; next }
{ n = $1; sub(/:.*/, "", n) }
n in want && $4 ~ /^.[HUFWti]/ { k = split(want[n], w, " ")
  for (i = 1; i <= k; i++) { split(w[i], p, "="); if (p[2] == $3 && (p[1] == $2 || p[1] == "all" || $2 == "all")) { print n, $2, $3; break } } }' "$T/asked" -
}
fl_meta() { awk '{ print $1 ($2 == "all" ? "" : ":" $2) "=" $3 }' | fl_words | fl_show | awk '
/^Package: / { n = $2 } /^Architecture: / { a = $2 } /^Version: / { v = $2 } /^SHA256: / { s = $2 }
/^$/ { if (s != "") print n, a, v, s; s = "" } END { if (s != "") print n, a, v, s }'; }
fl_stem_of() { fl_stem=$1_$(printf '%s' "$2" | sed 's/:/%3a/g')_; }
fl_hash_of() { awk -v n="$1" -v a="$2" -v v="$3" '$1 == n && $2 == a && $3 == v { print $4; exit }' "$T/meta"; }
fl_good() {
  [ -s "$1" ] && [ -r "$1" ] || return 1
  [ "$(dpkg-deb -f "$1" Package 2>/dev/null)" = "$2" ] && [ "$(dpkg-deb -f "$1" Architecture 2>/dev/null)" = "$3" ] && [ "$(dpkg-deb -f "$1" Version 2>/dev/null)" = "$4" ] || return 1
  fl_hash=$(fl_sha "$1")
  if [ -n "$5" ]; then fl_other="its SHA-256 is not the repository's"; [ "$fl_hash" = "$5" ] && return 0
  else fl_same "$1" "$2" "$3" && return 0; fi
  printf '%s\\t%s\\t%s\\t%s\\t%s\\n' "$2" "$3" "$4" "$1" "$fl_other" >>"$T/spoilt"
  return 1
}
# Files that may hold it, where this account can read them: "$fl_stem" is set.
fl_places() {
  for fl_f in "$R${HOST_FOLDER}/jobs/"*"/old/$fl_stem"*.deb "$R/var/cache/apt/archives/$fl_stem"*.deb; do
    [ ! -e "$fl_f" ] || printf '%s\\n' "$fl_f"
  done
}`;
