/** Stand-ins for apt-get, apt-cache, apt-mark and apt-config. What they do not understand they refuse, as the real ones do. */
import { script } from './script.ts';

export const APT_GET = script`#!/bin/sh
. "$FROSTLINE_DEMO/lib/common.sh"
FLAGS= SOURCES= SPECS= FILES= verb= fd= uris= lock_wait=0 fix=
COMMANDLINE="apt-get $(printf '%s' "$*" | tr '\n' ' ')"
bad() { echo "E: $1" >&2; exit 100; }
option() {
  case $1 in
    APT::Status-Fd=*|APT::Status-FD=*) fd=@{1#*=} ;;
    Dir::State::status=*) STATUS=@{1#*=} ;;
    DPkg::Lock::Timeout=*) lock_wait=@{1#*=} ;;
    Frostline::Pass=true) GUARD= ;;
    APT::Get::AllowUnauthenticated=*|APT::*|Acquire::*|Debug::*|DPkg::*|Dpkg::*|Dir::*) ;;
    *) bad "Option $1 is not known to the demo fleet" ;;
  esac
}
add() {
  SPECS="$SPECS
$1"
  case $1 in /*|./*) [ -f "$1" ] || bad "Unsupported file $1 given on commandline"
    FILES="$FILES
$1	$1" ;;
  esac
}
while [ $# -gt 0 ]; do
  case $1 in
    -o|--option) option "$2"; shift ;;
    -o*) option "@{1#-o}" ;;
    --with-source) SOURCES="$SOURCES
$2"; shift ;;
    --with-source=*) SOURCES="$SOURCES
@{1#*=}" ;;
    -s|--simulate|--just-print|--dry-run|--recon|--no-act) FLAGS="$FLAGS simulate" ;;
    -y|--yes|--assume-yes) FLAGS="$FLAGS yes" ;;
    -d|--download-only) FLAGS="$FLAGS download-only" ;;
    -f|--fix-broken) fix=1 ;;
    --allow-downgrades) FLAGS="$FLAGS downgrades" ;;
    --allow-change-held-packages) FLAGS="$FLAGS change-held" ;;
    --ignore-hold) FLAGS="$FLAGS ignore-hold" ;;
    --with-new-pkgs) FLAGS="$FLAGS new-packages" ;;
    --reinstall) FLAGS="$FLAGS reinstall" ;;
    --purge) FLAGS="$FLAGS purge" ;;
    --no-remove) FLAGS="$FLAGS no-remove" ;;
    --print-uris) uris=1 ;;
    -q|-qq|-q=*|-m|--quiet|--no-install-recommends|--no-install-suggests|--no-download|--ignore-missing|--allow-unauthenticated|--) ;;
    -qy|-yq|-qqy) FLAGS="$FLAGS yes" ;;
    --version|-v) echo "apt 2.6.1 (amd64)"; exit 0 ;;
    -*) bad "Command line option '$1' is not understood in combination with the other options" ;;
    *) if [ -z "$verb" ]; then verb=$1; else add "$1"; fi ;;
  esac
  shift
done
has() { case " $FLAGS " in *" $1 "*) return 0 ;; esac; return 1; }
lists

pool_file() { case $1 in /*) printf '%s' "$1" ;; *) printf '%s/pool/%s' "$D" "@{1##*/}" ;; esac; }
archive_name() { printf '%s_%s_%s.deb' "$1" "$(printf '%s' "$2" | sed 's/:/%3a/g')" "$3"; }
tab=$(printf '\t')

fetch_verb() {
  rc=0
  for spec in $(printf '%s\n' "$SPECS"); do
    line=$(deb_awk find SPEC="$spec") || { printf '%s\n' "$line"; rc=100; continue; }
    IFS=$tab read -r f_name f_arch f_ver f_file <<END
$line
END
    pool=$(pool_file "$f_file"); to=$(archive_name "$f_name" "$f_ver" "$f_arch")
    if [ ! -f "$pool" ]; then echo "E: Failed to fetch http://deb.debian.demo/debian/$f_file  404  Not Found"; rc=100; continue; fi
    [ -f "$to" ] || ln "$pool" "$to" 2>/dev/null || cp "$pool" "$to"
    echo "Get:1 http://deb.debian.demo/debian bookworm/main amd64 $f_name amd64 $f_ver [$(wc -c <"$pool" | tr -d ' ') B]"
  done
  exit $rc
}

# Puts the new packages into the archive folder; what the repository lost is an error, and then nothing is done.
download() {
  total=$(grep -c "^I" "$PLAN"); count=0; lost=
  while IFS=$tab read -r kind name arch from to file auto size sha; do
    [ "$kind" = I ] || continue
    count=$((count + 1))
    [ -z "$fd" ] || eval "printf 'dlstatus:%s:%s.0000:Retrieving file %s of %s\n' $count $((count * 100 / total)) $count $total >&$fd"
    case $file in /*) continue ;; esac
    have=$ARCHIVES/$(archive_name "$name" "$to" "$arch")
    [ ! -s "$have" ] || continue
    pool=$(pool_file "$file")
    if [ ! -f "$pool" ]; then lost="$lost $file"; continue; fi
    echo "Get:$count http://deb.debian.demo/debian bookworm/main amd64 $name $arch $to [$size B]"
    ln "$pool" "$have" 2>/dev/null || cp "$pool" "$have"
  done <"$PLAN"
  [ -n "$lost" ] || return 0
  for file in $lost; do echo "E: Failed to fetch http://deb.debian.demo/debian/$file  404  Not Found"; done
  echo "E: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?"
  return 100
}

# As apt asks whom DPkg::Pre-Install-Pkgs names, in version 3 of that protocol.
guarded() {
  [ -z "$GUARD" ] || {
    printf 'VERSION 3\n\n'
    while IFS=$tab read -r kind name arch from to file auto size sha; do
      [ "$kind" != I ] || printf '%s %s - none < %s %s none %s\n' "$name" "$from" "$to" "$arch" "$file"
    done <"$PLAN"
  } | sh "@{GUARD%/*}/check"
}

# What was done, at whose word: /var/log/apt/history.log.
remember() {
  mkdir -p "$R/var/log/apt"
  {
    printf '\nStart-Date: %s\nCommandline: %s\n' "$began" "$COMMANDLINE"
    [ -z "$SUDO_USER" ] || printf 'Requested-By: %s (1000)\n' "$SUDO_USER"
    deb_awk history PLAN="$PLAN"
    printf 'End-Date: %s\n' "$(date '+%Y-%m-%d  %H:%M:%S')"
  } >>"$R/var/log/apt/history.log"
}

apply() {
  . "$D/lib/dpkg.sh"
  began=$(date '+%Y-%m-%d  %H:%M:%S')
  [ -z "$GUARD" ] || guarded || { echo "E: Sub-process $R/etc/apt/frostline-guard/check returned an error code (1)" >&2; return 100; }
  # Three steps for unpacking, two for configuring, one for a removal.
  steps=$(awk -F "$tab" '$1 == "I" { n += 4 } $1 == "R" { n += 1 } END { print n + 1 }' "$PLAN")
  [ -z "$fd" ] || eval "printf 'pmstatus:dpkg-exec:0.0000:Running dpkg\n' >&$fd"
  while IFS=$tab read -r kind name arch from to file auto size sha; do
    case $kind in
      R) drop "$name" "$from" ;;
      I) case $file in /*) ;; *) file=$ARCHIVES/$(archive_name "$name" "$to" "$arch") ;; esac
         unpack "$file" "" || :
         [ "$auto" != 1 ] || mark "$name" ;;
      M) unmark "$name" ;;
    esac
  done <"$PLAN"
  configure_pending
  [ ! -s "$PLAN" ] || remember
  if ! finish; then echo "E: Sub-process /usr/bin/dpkg returned an error code (1)"; return 100; fi
}

plan() {
  PLAN=$(mktemp "@{TMPDIR:-/tmp}/frostline-demo.XXXXXX") || exit 100
  trap 'rm -f "$PLAN"; [ "$(cat "$R/var/lib/dpkg/demo-lock/pid" 2>/dev/null)" != $$ ] || rm -rf "$R/var/lib/dpkg/demo-lock"' 0
  [ -z "$fix" ] || [ -n "$SPECS" ] || MODE=install
  export MODE SPECS FLAGS SOURCES FILES PLAN
  deb_awk resolve || exit $?
}

case $verb in
  install|upgrade|dist-upgrade|full-upgrade|remove|purge)
    MODE=$verb
    [ "$verb" != full-upgrade ] || MODE=dist-upgrade
    case $verb in remove|purge)
      MODE=install; [ "$verb" = remove ] || FLAGS="$FLAGS purge"
      SPECS=$(printf '%s\n' "$SPECS" | sed 's/\(.\)$/\1-/') ;;
    esac
    has simulate || [ -n "$uris" ] || { need_root; lock "$lock_wait"; }
    plan
    has simulate && exit 0
    if [ -n "$uris" ]; then
      while IFS=$tab read -r kind name arch from to file auto size sha; do
        [ "$kind" != I ] || [ -s "$ARCHIVES/$(archive_name "$name" "$to" "$arch")" ] || printf "'http://deb.debian.demo/debian/%s' %s %s SHA256:%s\n" "$file" "$(archive_name "$name" "$to" "$arch")" "$size" "$sha"
      done <"$PLAN"
      exit 0
    fi
    download || exit $?
    has download-only && { echo "Download complete and in download only mode"; exit 0; }
    has yes || { echo "Do you want to continue? [Y/n] Abort."; exit 1; }
    apply; exit $? ;;
  update)
    need_root
    for list in "$R"/var/lib/apt/lists/*_Packages; do echo "Hit: $(basename "$list")"; done
    mkdir -p "$R/var/lib/apt/periodic" "$R/var/lib/apt/lists/partial"; : >"$R/var/lib/apt/periodic/update-success-stamp"; touch "$R/var/lib/apt/lists/partial"
    echo "Reading package lists..." ;;
  download) fetch_verb ;;
  clean|autoclean) need_root; rm -f "$ARCHIVES"/*.deb ;;
  check|autoremove) echo "Reading package lists..." ;;
  '') if [ -n "$fix" ]; then need_root; fd=$fd; plan; apply; exit $?; fi; bad "No command given" ;;
  *) bad "Invalid operation $verb" ;;
esac
`;

/** One line `name TAB arch TAB version TAB file` for SPEC, or apt's words and exit code 100. */
export const FIND_AWK = script`
BEGIN {
  load_lists(); load_status(ENVIRON["STATUS"])
  spec = ENVIRON["SPEC"]; v = ""
  p = spec
  if (index(spec, "=")) { p = substr(spec, 1, index(spec, "=") - 1); v = substr(spec, index(spec, "=") + 1) }
  p = bare(p)
  if (!(p in AN) && !(p in IVER)) { print "E: Unable to locate package " p; exit 100 }
  if (v == "") v = candidate(p)
  if (!((p, v) in ADEP)) {
    print (index(spec, "=") ? "E: Version '" v "' for '" p "' was not found" : "E: Can't find a source to download version '" v "' of '" p ":amd64'")
    exit 100
  }
  print p "\t" AARCH[p, v] "\t" v "\t" AFILE[p, v]
}
`;

/** The lines of apt's history.log for what is in PLAN. */
export const HISTORY_AWK = script`
function add(what, text) { LINE[what] = LINE[what] (LINE[what] == "" ? "" : ", ") text }
BEGIN {
  FS = "\t"
  while ((getline < ENVIRON["PLAN"]) > 0) {
    # What is of all architectures goes by the host's own there.
    p = $2 ":amd64"
    if ($1 == "R") add("Remove", p " (" $4 ")")
    else if ($1 == "I" && $4 == "-") add("Install", p " (" $5 ($7 == 1 ? ", automatic" : "") ")")
    else if ($1 == "I") add(vcmp($5, $4) < 0 ? "Downgrade" : $5 == $4 ? "Reinstall" : "Upgrade", p " (" $4 ($5 == $4 ? "" : ", " $5) ")")
  }
  n = split("Install Reinstall Upgrade Downgrade Remove", K, " ")
  for (i = 1; i <= n; i++) if (LINE[K[i]] != "") print K[i] ": " LINE[K[i]]
}
`;

export const APT_CACHE = script`#!/bin/sh
. "$FROSTLINE_DEMO/lib/common.sh"
lists
verb= SPECS=
while [ $# -gt 0 ]; do
  case $1 in
    -o) [ "$2" != Frostline::Pass=true ] || GUARD=; shift ;;
    -*) ;;
    *) if [ -z "$verb" ]; then verb=$1; else SPECS="$SPECS
$1"; fi ;;
  esac
  shift
done
export SPECS STATUS VERB
VERB=$verb
case $verb in
  show|policy|madison) deb_awk cache ;;
  *) echo "E: Invalid operation $verb" >&2; exit 100 ;;
esac
`;

export const CACHE_AWK = script`
function show(p, v,   i) {
  for (i = versions(p); i >= 1; i--) if (v == "" || AV[p, i] == v) { print APARA[p, AV[p, i]] "\n"; shown = 1 }
  if (!shown && p in IVER && (v == "" || v == IVER[p])) { print SPARA[p] "\n"; shown = 1 }
}
function sources(p, v,   n, L, i) {
  n = split(AURI[p, v], L, "\n")
  for (i = 1; i <= n; i++) print "        500 " L[i] " amd64 Packages"
}
function policy(p,   i, j, n, V, t) {
  if (!(p in AN) && !(p in IVER)) return
  print p ":"
  print "  Installed: " (p in IVER ? IVER[p] : "(none)")
  print "  Candidate: " (candidate(p) == "" ? "(none)" : candidate(p))
  print "  Version table:"
  n = 0
  for (i = 1; i <= versions(p); i++) V[++n] = AV[p, i]
  if (p in IVER && !((p, IVER[p]) in ADEP)) V[++n] = IVER[p]
  for (i = 2; i <= n; i++) { t = V[i]; for (j = i - 1; j > 0 && vcmp(V[j], t) < 0; j--) V[j + 1] = V[j]; V[j + 1] = t }
  for (i = 1; i <= n; i++) {
    here = p in IVER && IVER[p] == V[i]
    print (here ? " *** " : "     ") V[i] " " ((p, V[i]) in ADEP ? 500 : 100)
    if ((p, V[i]) in ADEP) sources(p, V[i])
    if (here) print "        100 /var/lib/dpkg/status"
  }
}
BEGIN {
  load_lists(); load_status(ENVIRON["STATUS"])
  n = split(ENVIRON["SPECS"], L, "\n"); rc = 0
  for (k = 1; k <= n; k++) {
    if (L[k] == "") continue
    p = L[k]; v = ""; shown = 0
    if (index(p, "=")) { v = substr(p, index(p, "=") + 1); p = substr(p, 1, index(p, "=") - 1) }
    p = bare(p)
    if (ENVIRON["VERB"] == "policy") { policy(p); continue }
    if (ENVIRON["VERB"] == "madison") { for (i = 1; i <= versions(p); i++) print p " | " AV[p, i] " | " AURI[p, AV[p, i]]; continue }
    show(p, v)
    if (!shown) { print "E: No packages found" > "/dev/stderr"; rc = 100 }
  }
  exit rc
}
`;

export const APT_MARK = script`#!/bin/sh
. "$FROSTLINE_DEMO/lib/common.sh"
verb=
while [ $# -gt 0 ]; do
  case $1 in
    -o) shift ;;
    -*) ;;
    *) break ;;
  esac
  shift
done
verb=$1; [ $# -eq 0 ] || shift
auto_names() { [ ! -f "$EXTENDED" ] || awk '/^Package: / { p = $2 } /^Auto-Installed: 1/ { print p }' "$EXTENDED" | sort -u; }
known() { [ -n "$(deb_awk show NAME="$1" FIELD=Version)" ]; }
case $verb in
  showauto) auto_names ;;
  showmanual) awk '/^Package: / { p = $2 } /^Status: .* installed$/ { print p }' "$STATUS" | sort >"$R/var/lib/apt/demo.$$"; auto_names | sort | comm -23 "$R/var/lib/apt/demo.$$" -; rm -f "$R/var/lib/apt/demo.$$" ;;
  showhold) awk '/^Package: / { p = $2 } /^Status: hold / { print p }' "$STATUS" ;;
  auto|manual|hold|unhold)
    need_root
    . "$D/lib/dpkg.sh"
    lock 60
    rc=0
    for spec in "$@"; do
      name=@{spec%%:*}
      known "$name" || { echo "E: Unable to locate package $name" >&2; rc=100; continue; }
      case $verb in
        auto) mark "$name"; echo "$name set to automatically installed." ;;
        manual) unmark "$name"; echo "$name set to manually installed." ;;
        hold|unhold)
          was=$(deb_awk show NAME="$name" FIELD=Status); was=@{was##* }
          if [ "$verb" = hold ]; then wanted=hold; echo "$name set on hold."; else wanted=install; echo "Canceled hold on $name."; fi
          state "$name" "$wanted" "$was" "" ;;
      esac
    done
    exit $rc ;;
  *) echo "E: Invalid operation $verb" >&2; exit 100 ;;
esac
`;

export const APT_CONFIG = script`#!/bin/sh
. "$FROSTLINE_DEMO/lib/common.sh"
[ "$1" = dump ] || exit 0
cat "$R"/etc/apt/apt.conf.d/* 2>/dev/null | sed -n 's/^\(APT::Periodic::[A-Za-z-]*\) *\(".*"\);$/\1 \2;/p'
`;
