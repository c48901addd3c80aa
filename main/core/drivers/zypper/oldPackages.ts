/**
 * Shell functions that find the package files of what is installed, and judge them: a file counts only if its header and
 * payload are whole and it is the very build that is installed (the digests that rpm keeps of a package are those in its
 * file), and, where a repository's list knows its SHA-256, has that. A file may come from another host, so its name proves nothing.
 */
import { HASH_FUNCTION } from '../../artefacts/hash.ts';
import { HOST_FOLDER } from '../shell.ts';

export const OLD_PACKAGE_FUNCTIONS = `${HASH_FUNCTION}
fl_format='%{NAME} %{ARCH} %|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE} %{SIGMD5} %{SHA1HEADER}\\n'
# $T/asked ("name arch version") as installed now: an update may have changed the architecture to noarch or from it.
fl_wanted() {
  fl_rpm -qa --qf "$fl_format" | sed 's/^\\([^ ]* [^ ]* \\)0:/\\1/' >"$T/there"
  awk 'FILENAME == ARGV[1] { want[$1 " " $3] = $2; next }
($1 " " $3) in want { a = want[$1 " " $3]; if (a == $2 || a == "noarch" || $2 == "noarch") print $1, $2, $3 }' "$T/asked" "$T/there" | sort -u
}
fl_hash_of() { awk -F '\\t' -v n="$1" -v a="$2" -v v="$3" '$1 == "P" { k = $4; sub(/^0:/, "", k); if ($2 == n && $3 == a && k == v && $5 == "sha256") { print $6; exit } }' "$T/lists"; }
# fl_good FILE NAME ARCH VERSION SHA|'': sets fl_hash, and fl_other where it is another.
fl_good() {
  fl_other=
  fl_told=$(rpm -qp --nosignature --nodigest --qf "$fl_format" "$1" 2>/dev/null | sed 's/^\\([^ ]* [^ ]* \\)0:/\\1/')
  case $fl_told in "$2 $3 $4 "*) ;; *) fl_other='it is another package'; return 1 ;; esac
  grep -qxF "$fl_told" "$T/there" || { fl_other='it is another build'; return 1; }
  rpmkeys -K --nosignature "$1" >/dev/null 2>&1 || { fl_other='it is damaged'; return 1; }
  fl_hash=$(fl_sha "$1")
  [ -z "$5" ] || [ "$fl_hash" = "$5" ] || { fl_other='its hash is not that of the list'; return 1; }
}
fl_put() { printf '%s\\t%s\\t%s\\t%s\\t%s\\t%s\\t%s\\t%s\\n' "$1" "$2" "$3" "$4" "$5" "$6" "$(($(wc -c <"$4")))" "\${7:+yes}" >>"$T/secured"; }
# fl_find NAME ARCH VERSION SHA|'' SOURCE
fl_find() {
  fl_stem=$1-\${3#*:}.$2.rpm
  { fl_cached; find "$O/fetched" -type f 2>/dev/null; } | grep -F "/$fl_stem" >"$T/places"
  for fl_f in "$O/$fl_stem" "$R${HOST_FOLDER}/jobs/"*"/old/$fl_stem"; do [ ! -f "$fl_f" ] || printf '%s\\n' "$fl_f"; done >"$T/nearer"
  while IFS= read -r fl_f; do
    [ -n "$fl_f" ] || continue
    if ! fl_good "$fl_f" "$1" "$2" "$3" "$4"; then
      printf '%s %s %s\\t%s\\n' "$1" "$2" "$3" "$fl_other" >>"$T/spoilt"
      # What was put here and is not it, is of no use and in the way of what may come.
      case $fl_f in "$O"/*) rm -f "$fl_f" ;; esac
      continue
    fi
    [ "$fl_f" = "$O/$fl_stem" ] || { rm -f "$O/$fl_stem"; ln "$fl_f" "$O/$fl_stem" || cp "$fl_f" "$O/$fl_stem"; } 2>/dev/null || continue
    fl_put "$1" "$2" "$3" "$O/$fl_stem" "$fl_hash" "$5" "$4"
    return 0
  done <<E
$(cat "$T/nearer" "$T/places")
E
  return 1
}
# Into a folder of our own, and so without the lock.
fl_fetch() { fl_ask --pkg-cache-dir "$O/fetched" download "$@" >>"$T/download" 2>&1; }
fl_secure() {
  fl_wanted >"$T/wanted"
  cut -d ' ' -f 1 "$T/wanted" | sort -u >"$T/names"
  fl_ask lr >"$T/repos" 2>/dev/null
  fl_lists "$T/names" "$T/repos" >"$T/lists" 2>/dev/null
  : >"$T/secured"; : >"$T/unsecured"; : >"$T/missing"; : >"$T/spoilt"; : >"$T/download"
  while read -r n a v; do
    fl_find "$n" "$a" "$v" "$(fl_hash_of "$n" "$a" "$v")" host || printf '%s %s %s\\n' "$n" "$a" "$v" >>"$T/missing"
  done <"$T/wanted"
  set --
  while read -r n a v; do [ -z "$(fl_hash_of "$n" "$a" "$v")" ] || set -- "$@" "$n.$a=$v"; done <"$T/missing"
  # All at once is faster; one that fails would keep the others away, so then one by one.
  if [ $# -gt 0 ] && ! fl_fetch "$@"; then for fl_w in "$@"; do fl_fetch "$fl_w" || :; done; fi
  while read -r n a v; do
    fl_known=$(fl_hash_of "$n" "$a" "$v")
    [ -z "$fl_known" ] || ! fl_find "$n" "$a" "$v" "$fl_known" repository || continue
    if [ -z "$fl_known" ]; then fl_why="no repository of this host offers $v any more"
    else fl_why=$(fl_errors "$T/download" | grep -F "$n-" | tail -n 1); fi
    fl_w=$(awk -F '\\t' -v k="$n $a $v" '$1 == k { w = "; what lay here is not what is installed: " $2 } END { printf "%s", w }' "$T/spoilt")
    printf '%s\\t%s\\t%s\\t%s%s\\t%s\\n' "$n" "$a" "$v" "\${fl_why:-it could not be downloaded}" "$fl_w" "\${fl_known:+yes}" >>"$T/unsecured"
  done <"$T/missing"
  rm -rf "$O/fetched"
}`;
