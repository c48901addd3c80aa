/** What the stand-ins of apt and dpkg share: sh they source, and awk over the status file. */
import { script } from './script.ts';

/** Sourced by all: where the host's folder is, its lists, and awk with the shared functions. */
export const COMMON_SH = script`
LC_ALL=C; export LC_ALL
D=$FROSTLINE_DEMO
R=$FROSTLINE_ROOT
[ -n "$D" ] && [ -n "$R" ] || { echo "this is a stand-in of the demo fleet" >&2; exit 127; }
STATUS=$R/var/lib/dpkg/status
export STATUS
EXTENDED=$R/var/lib/apt/extended_states
ARCHIVES=$R/var/cache/apt/archives
# While the host is guarded, the file with what may still come in; else nothing.
GUARD=
[ ! -f "$R/etc/apt/apt.conf.d/zz-frostline-guard" ] || GUARD=$R/etc/apt/frostline-guard/allowed
export GUARD
lists() {
  LISTS=
  for list in "$R"/var/lib/apt/lists/*_Packages; do
    [ ! -f "$list" ] || LISTS="$LISTS
$list"
  done
  export LISTS
}
# deb_awk PROGRAM VAR=VALUE…: values go through the environment, where nothing in them means anything.
deb_awk() { prog=$1; shift; env "$@" awk -f "$D/lib/deb.awk" -f "$D/lib/$prog.awk"; }
is_root() { [ "$FROSTLINE_DEMO_UID" = 0 ]; }
need_root() {
  is_root && return 0
  echo "E: Could not open lock file /var/lib/dpkg/lock-frontend - open (13: Permission denied)" >&2
  echo "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), are you root?" >&2
  exit 100
}
# One changer at a time. The lock is a folder that names its owner; an owner that is gone does not count.
lock() {
  waited=0
  until mkdir "$R/var/lib/dpkg/demo-lock" 2>/dev/null; do
    owner=$(cat "$R/var/lib/dpkg/demo-lock/pid" 2>/dev/null)
    if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null; then rm -rf "$R/var/lib/dpkg/demo-lock"; continue; fi
    if [ "$waited" -ge "@{1:-0}" ]; then
      echo "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process $owner (apt-get)" >&2
      echo "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?" >&2
      exit 100
    fi
    waited=$((waited + 1)); sleep 1
  done
  echo $$ >"$R/var/lib/dpkg/demo-lock/pid"
  trap 'rm -rf "$R/var/lib/dpkg/demo-lock" "$R"/var/lib/dpkg/demo.$$.*' 0
}
`;

/** Rewrites the status file: from the environment NAME, WANTED (first word of Status, "" keeps it), STATE ("" removes the stanza), CONTROL (file with the new stanza, "" keeps the old). */
export const STATE_AWK = script`
function stanza(old, text,   F, O, w, n, L, i, out) {
  fields(old, O); split(O["Status"], w, " ")
  if (text == "") text = old
  n = split(text, L, "\n"); out = ""
  for (i = 1; i <= n; i++) {
    if (L[i] ~ /^(Status|Filename|Size|SHA256|SHA1|MD5sum):/) continue
    out = out (out == "" ? "" : "\n") L[i]
    if (L[i] ~ /^Package:/) out = out "\nStatus: " (ENVIRON["WANTED"] != "" ? ENVIRON["WANTED"] : w[1] != "" ? w[1] : "install") " ok " ENVIRON["STATE"]
  }
  return out
}
BEGIN {
  RS = ""; name = ENVIRON["NAME"]; text = ""
  if (ENVIRON["CONTROL"] != "") { getline text < ENVIRON["CONTROL"]; close(ENVIRON["CONTROL"]) }
  while ((getline para < ENVIRON["STATUS"]) > 0) {
    fields(para, F)
    if (!done && F["Package"] >= name "") {
      if (F["Package"] == name) { if (ENVIRON["STATE"] != "") print stanza(para, text) "\n"; done = 1; continue }
      if (text != "") { print stanza("", text) "\n"; done = 1 }
    }
    print para "\n"
  }
  if (!done && text != "") print stanza("", text) "\n"
}
`;

/** Changes packages and reports on the way as dpkg does. Sourced by apt-get and dpkg. `fd` is the status-fd's number or empty. */
export const DPKG_SH = script`
pause() { [ "@{FROSTLINE_DEMO_NAP:-0}" = 0 ] || sleep "$FROSTLINE_DEMO_NAP"; }
said=0 steps=1
# report NAME TEXT: one step further on the status-fd.
report() {
  said=$((said + 1))
  [ -z "$fd" ] || eval "printf 'pmstatus:%s:%s.0000:%s\n' \"\$1\" $((said * 100 / steps)) \"\$2\" >&$fd"
}
# What was done, for whoever asks later; as dpkg keeps it, one line each.
logged() { printf '%s %s\n' "$(date '+%Y-%m-%d %H:%M:%S')" "$1" >>"$R/var/log/dpkg.log"; }
# state NAME WANTED STATE CONTROL
state() {
  deb_awk state NAME="$1" WANTED="$2" STATE="$3" CONTROL="$4" >"$R/var/lib/dpkg/demo.$$.status" && mv "$R/var/lib/dpkg/demo.$$.status" "$STATUS"
}
# identity FILE: sets u_name and u_ver to what a package file holds.
identity() {
  u_name= u_ver=
  while IFS= read -r line; do
    case $line in '') return 0 ;; "Package: "*) u_name=@{line#*: } ;; "Version: "*) u_ver=@{line#*: } ;; esac
  done <"$1"
}
# A package's scripts see which version they belong to; this host may be one on which that version's fails.
configure() {
  c_name=$1 c_ver=$2
  report "$c_name" "Configuring $c_name (all)"
  echo "Setting up $c_name ($c_ver) ..."
  pause
  logged "configure $c_name $c_ver <none>"
  if grep -q -x -F "$c_name $c_ver" "$R/etc/frostline-demo/broken" 2>/dev/null; then
    state "$c_name" "" half-configured ""
    echo "$c_name: /etc/$c_name/$c_name.conf: line 12: unknown directive 'legacy_listen'"
    echo "$c_name: configuration test failed"
    echo "dpkg: error processing package $c_name (--configure):"
    echo " installed $c_name package post-installation script subprocess returned error exit status 1"
    [ -z "$fd" ] || eval "printf 'pmerror:%s:%s.0000:installed %s package post-installation script subprocess returned error exit status 1\n' \"\$c_name\" $((said * 100 / steps)) \"\$c_name\" >&$fd"
    failures="$failures $c_name"
    return 0
  fi
  state "$c_name" "" installed ""
  c_extra=$(deb_awk show NAME="$c_name" FIELD="X-Demo-Reboot X-Demo-Service")
  c_service=@{c_extra#* }
  if [ "@{c_extra%% *}" = yes ]; then
    mkdir -p "$R/run"; : >"$R/run/reboot-required"
    grep -q -x -F "$c_name" "$R/run/reboot-required.pkgs" 2>/dev/null || echo "$c_name" >>"$R/run/reboot-required.pkgs"
  fi
  if [ -n "$c_service" ]; then mkdir -p "$R/run"; echo "$c_service" >>"$R/run/frostline-demo-services"; fi
  report "$c_name" "Installed $c_name (all)"
}
# unpack FILE
unpack() {
  identity "$1"
  [ -n "$u_name" ] && [ -n "$u_ver" ] || { echo "dpkg-deb: error: '$1' is not a Debian format archive" >&2; failures="$failures $1"; return 1; }
  u_old=$(deb_awk show NAME="$u_name" FIELD=Version)
  report "$u_name" "Preparing $u_name (all)"
  echo "Preparing to unpack .../@{1##*/} ..."
  pause
  report "$u_name" "Unpacking $u_name (all)"
  if [ -n "$u_old" ]; then echo "Unpacking $u_name ($u_ver) over ($u_old) ..."; else echo "Unpacking $u_name ($u_ver) ..."; fi
  pause
  if [ -n "$u_old" ]; then logged "upgrade $u_name $u_old $u_ver"; else logged "install $u_name <none> $u_ver"; fi
  state "$u_name" "$2" unpacked "$1"
}
# Everything that is not configured yet, earlier failures included: as dpkg does after every run.
configure_pending() {
  for pending in $(deb_awk pending); do configure "@{pending%%=*}" "@{pending#*=}"; done
}
drop() {
  report "$1" "Removing $1 (all)"
  echo "Removing $1 ($2) ..."
  pause
  logged "remove $1 $2 <none>"
  state "$1" "" "" ""
  unmark "$1"
}
# Auto marks: one stanza per package that has one.
unmark() {
  [ -f "$EXTENDED" ] || return 0
  awk -v p="$1" 'BEGIN { RS = "" } { n = split($0, L, "\n"); if (L[1] != "Package: " p) print $0 "\n" }' "$EXTENDED" >"$EXTENDED.new" && mv "$EXTENDED.new" "$EXTENDED"
}
mark() { unmark "$1"; printf 'Package: %s\nArchitecture: amd64\nAuto-Installed: 1\n\n' "$1" >>"$EXTENDED"; }
finish() {
  [ -n "$failures" ] || return 0
  echo "Errors were encountered while processing:"
  for failure in $failures; do echo " $failure"; done
  return 1
}
failures=
`;

/** Fields of one installed package, separated by blanks. */
export const SHOW_AWK = script`
BEGIN {
  RS = ""
  while ((getline para < ENVIRON["STATUS"]) > 0) {
    fields(para, F)
    if (F["Package"] != ENVIRON["NAME"]) continue
    n = split(ENVIRON["FIELD"], want, " ")
    for (i = 1; i <= n; i++) printf "%s%s", F[want[i]], (i < n ? " " : "\n")
    exit
  }
}
`;

/** `name=version` of what is unpacked or half configured. */
export const PENDING_AWK = script`
BEGIN {
  load_status(ENVIRON["STATUS"])
  for (i = 1; i <= SN; i++) if (SSTATE[SP[i]] == "unpacked" || SSTATE[SP[i]] == "half-configured") print SP[i] "=" SVER[SP[i]]
}
`;
