/** Stand-ins for dpkg, dpkg-query and dpkg-deb. */
import { script } from './script.ts';

export const DPKG = script`#!/bin/sh
. "$FROSTLINE_DEMO/lib/common.sh"
. "$D/lib/dpkg.sh"
fd= verb=
while [ $# -gt 0 ]; do
  case $1 in
    --print-architecture) echo amd64; exit 0 ;;
    --print-foreign-architectures) exit 0 ;;
    --version) echo "Debian 'dpkg' package management program version 1.21.22 (amd64)."; exit 0 ;;
    --audit|-C) deb_awk audit; exit 0 ;;
    --compare-versions) deb_awk compare A="$2" OP="$3" B="$4"; exit $? ;;
    --status-fd) fd=$2; shift ;;
    --status-fd=*) fd=@{1#*=} ;;
    --configure|-i|--install|--unpack|-r|--remove|-P|--purge) verb=$1 ;;
    -s|--status) deb_awk stanza NAME="$2"; exit $? ;;
    # A demo package is its control stanza: it has neither files nor scripts.
    -L|--listfiles) deb_awk stanza NAME="@{2%:*}" >/dev/null && echo /. ; exit $? ;;
    --control-list) exit 0 ;;
    --force-*|-E|-G|-a|--pending|--no-triggers|--abort-after=*|--) [ "$1" != -a ] && [ "$1" != --pending ] || pending=1 ;;
    -*) echo "dpkg: error: unknown option $1" >&2; exit 2 ;;
    *) break ;;
  esac
  shift
done
# Later words may be options too: dpkg takes them anywhere.
is_root || { echo "dpkg: error: requested operation requires superuser privilege" >&2; exit 2; }
[ -n "$verb" ] || { echo "dpkg: error: need an action option" >&2; exit 2; }
# apt runs dpkg under its own lock; here dpkg is run alone.
lock 0
steps=$(($# * 4 + 1))
case $verb in
  --configure)
    if [ $# -gt 0 ]; then
      for name in "$@"; do
        version=$(deb_awk show NAME="$name" FIELD=Version)
        [ -n "$version" ] || { echo "dpkg: error processing package $name (--configure):" >&2; echo " package $name is not installed" >&2; failures="$failures $name"; continue; }
        configure "$name" "$version"
      done
    else configure_pending; fi ;;
  -i|--install|--unpack)
    names=
    for file in "$@"; do
      [ -f "$file" ] || { echo "dpkg: error: cannot access archive '$file': No such file or directory" >&2; failures="$failures $file"; continue; }
      unpack "$file" "" && names="$names $u_name=$u_ver"
    done
    [ "$verb" = --unpack ] || for name in $names; do configure "@{name%%=*}" "@{name#*=}"; done ;;
  -r|--remove|-P|--purge)
    for name in "$@"; do
      name=@{name%%:*}
      version=$(deb_awk show NAME="$name" FIELD=Version)
      if [ -z "$version" ]; then echo "dpkg: warning: ignoring request to remove $name which isn't installed" >&2; continue; fi
      needed=$(deb_awk needed NAME="$name" GOING="$*")
      if [ -n "$needed" ]; then
        echo "dpkg: dependency problems prevent removal of $name:" >&2; echo " $needed depends on $name." >&2
        failures="$failures $name"; continue
      fi
      drop "$name" "$version"
    done ;;
esac
finish
`;

/** The first installed package that depends on NAME and is not going too. */
export const NEEDED_AWK = script`
BEGIN {
  load_status(ENVIRON["STATUS"]); n = split(ENVIRON["GOING"], G, " ")
  for (i = 1; i <= n; i++) GOING[bare(G[i])] = 1
  for (i = 1; i <= SN; i++) {
    if (!(SP[i] in IVER) || SP[i] in GOING) continue
    m = split(SDEP[SP[i]], L, ", *")
    for (j = 1; j <= m; j++) { split(L[j], w, " "); if (bare(w[1]) == ENVIRON["NAME"] && L[j] !~ /\|/) { print SP[i]; exit } }
  }
}
`;

export const AUDIT_AWK = script`
BEGIN {
  load_status(ENVIRON["STATUS"])
  for (i = 1; i <= SN; i++) {
    s = SSTATE[SP[i]]
    if (s == "half-configured") half = half " " SP[i] "\n"
    if (s == "unpacked") un = un " " SP[i] "\n"
  }
  if (half != "") printf "The following packages are only half configured, probably due to problems\nconfiguring them the first time.  The configuration should be retried using\ndpkg --configure <package> or the configure menu option in dselect:\n%s\n", half
  if (un != "") printf "The following packages have been unpacked but not yet configured.\nThey must be configured using dpkg --configure or the configure\nmenu option in dselect for them to work:\n%s\n", un
}
`;

export const COMPARE_AWK = script`
BEGIN {
  d = vcmp(ENVIRON["A"], ENVIRON["B"]); op = ENVIRON["OP"]
  if (op == "lt") exit !(d < 0)
  if (op == "le") exit !(d <= 0)
  if (op == "eq") exit !(d == 0)
  if (op == "ne") exit !(d != 0)
  if (op == "ge") exit !(d >= 0)
  exit !(d > 0)
}
`;

export const STANZA_AWK = script`
BEGIN {
  load_status(ENVIRON["STATUS"])
  if (!(ENVIRON["NAME"] in SPARA)) { print "dpkg-query: package '" ENVIRON["NAME"] "' is not installed and no information is available" > "/dev/stderr"; exit 1 }
  print SPARA[ENVIRON["NAME"]]
}
`;

export const DPKG_QUERY = script`#!/bin/sh
. "$FROSTLINE_DEMO/lib/common.sh"
FMT= NAMES= verb=
while [ $# -gt 0 ]; do
  case $1 in
    -W|--show) verb=W ;;
    -f|--showformat) FMT=$2; shift ;;
    -f=*|--showformat=*) FMT=@{1#*=} ;;
    -f*) FMT=@{1#-f} ;;
    -s|--status) deb_awk stanza NAME="$2"; exit $? ;;
    # A demo package is its control stanza: it has neither files nor scripts.
    -L|--listfiles) deb_awk stanza NAME="@{2%:*}" >/dev/null && echo /. ; exit $? ;;
    --control-list) exit 0 ;;
    -*) echo "dpkg-query: error: unknown option $1" >&2; exit 2 ;;
    *) NAMES="$NAMES $1" ;;
  esac
  shift
done
[ "$verb" = W ] || { echo "dpkg-query: error: need an action option" >&2; exit 2; }
export FMT NAMES
deb_awk query
`;

export const QUERY_AWK = script`
function value(key, p,   s, F, w, words) {
  if (key == "binary:Package") return SMA[p] == "same" ? p ":" SARCH[p] : p
  if (key == "db:Status-Abbrev") {
    s = SSTATE[p]
    return (SHOLD[p] ? "h" : "i") (s == "installed" ? "i" : s == "half-configured" ? "F" : s == "unpacked" ? "U" : s == "config-files" ? "c" : "n") " "
  }
  fields(SPARA[p], F)
  if (key == "source:Package") { split(F["Source"], w, " "); return w[1] == "" ? p : w[1] }
  if (key == "source:Version") { s = F["Source"]; return match(s, /\(.*\)/) ? substr(s, RSTART + 1, RLENGTH - 2) : SVER[p] }
  if (key == "db:Status-Status") return SSTATE[p]
  return F[key]
}
BEGIN {
  load_status(ENVIRON["STATUS"])
  fmt = ENVIRON["FMT"]
  if (fmt == "") fmt = "@{binary:Package}\t@{Version}\n"
  n = 0
  while (match(fmt, /[$][{][^}]*[}]/)) {
    TEXT[n] = substr(fmt, 1, RSTART - 1); KEY[++n] = substr(fmt, RSTART + 2, RLENGTH - 3); fmt = substr(fmt, RSTART + RLENGTH)
  }
  TEXT[n] = fmt
  for (i = 0; i <= n; i++) { gsub(/[\\]n/, "\n", TEXT[i]); gsub(/[\\]t/, "\t", TEXT[i]) }
  m = split(ENVIRON["NAMES"], L, " ")
  for (i = 1; i <= m; i++) ASK[bare(L[i])] = 1
  for (i = 1; i <= SN; i++) {
    if (m > 0 && !(SP[i] in ASK)) continue
    found++; line = TEXT[0]
    for (k = 1; k <= n; k++) line = line value(KEY[k], SP[i]) TEXT[k]
    printf "%s", line
  }
  if (m > 0 && !found) { print "dpkg-query: no packages found matching " L[1] > "/dev/stderr"; exit 1 }
}
`;

/** Asked many times for each package, so it starts no other program. */
export const DPKG_DEB = script`#!/bin/sh
case $1 in
  -f|--field|-I|--info) ;;
  -W|--show) . "$FROSTLINE_DEMO/lib/common.sh"; FMT=@{2#--showformat=} NAMES=; export FMT NAMES; deb_awk query STATUS="$3"; exit $? ;;
  --ctrl-tarfile) tar -cf - -T /dev/null; exit $? ;;
  --fsys-tarfile) tar -cf - -C / --no-recursion ./; exit $? ;;
  *) echo "dpkg-deb: error: unknown option $1" >&2; exit 2 ;;
esac
file=$2; shift 2
[ -f "$file" ] || { echo "dpkg-deb: error: failed to read archive '$file': No such file or directory" >&2; exit 2; }
first=1
while IFS= read -r line; do
  if [ $first = 1 ]; then
    case $line in "Package: "*) first=0 ;; *) echo "dpkg-deb: error: '$file' is not a Debian format archive" >&2; exit 2 ;; esac
  fi
  [ -n "$line" ] || break
  if [ $# = 0 ]; then printf '%s\n' "$line"; continue; fi
  for field in "$@"; do
    case $line in "$field: "*) if [ $# = 1 ]; then printf '%s\n' "@{line#*: }"; else printf '%s\n' "$line"; fi ;; esac
  done
done <"$file"
[ $first = 0 ] || { echo "dpkg-deb: error: '$file' is not a Debian format archive" >&2; exit 2; }
`;
