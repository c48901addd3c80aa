/**
 * What the apply and the rollback job share: waiting for the lock, running zypper with its progress, judging packages by what
 * rpm has. Jobs run as root, detached (core/jobs/job.ts), with `FROSTLINE_JOB` naming their folder; their output is the log. Our
 * own lines begin with `frostline: `; what others say comes after `| `, so that no package's script can speak for us. Progress:
 * `frostline:<stage>:<stages>:<what>`, where what is `phase:<name>`, `wait:<holder>`, `dl:<percent>` or `pm:<package>:<percent>`.
 *
 * zypper installs a package at a time and asks rpm for each, so one whose script fails leaves those before it in place.
 */
import { HASH_FUNCTION } from '../../artefacts/hash.ts';
import { WAIT_FUNCTION } from '../jobShell.ts';
import { EXIT } from '../jobWords.ts';
import { ENVIRONMENT } from '../shell.ts';
import { ASK_FUNCTIONS, EXTRA } from './host.ts';
import { patience, SAYS } from './stage.ts';

/**
 * Reads zypper's XML a line at a time, as it comes. The last line may be half of one: it is left, and its length goes to the
 * file `rest`. A message of rpm's output belongs to the package before it.
 */
const FOLLOW = `awk -v head="frostline:$I:$COUNT:" -v notes="$D/progress" -v rest="$T/rest" -v state="$T/state" '
function plain(s) { gsub(/&apos;/, "\\047", s); gsub(/&quot;/, "\\"", s); gsub(/&lt;/, "<", s); gsub(/&gt;/, ">", s); gsub(/&amp;/, "\\\\&", s); return s }
function note(s) { if (s != last) { last = s; print head s >> notes } }
function title(s) { sub(/^[^:]*: /, "", s); sub(/\\.[^.]*$/, "", s); sub(/-[^-]*-[^-]*$/, "", s); return s }
function value(s) { return match(s, / value="[0-9]+"/) ? substr(s, RSTART + 8, RLENGTH - 9) + 0 : 0 }
function handle(s, parts) {
  if (s ~ /^<progress id="(install|remove)-resolvable" name="\\([0-9]+\\/[0-9]+\\) /) {
    match(s, /\\([0-9]+\\/[0-9]+\\)/); split(substr(s, RSTART + 1, RLENGTH - 2), parts, "/")
    pkg = s; sub(/^.* name="/, "", pkg); sub(/".*/, "", pkg); pkg = title(plain(pkg))
    # Of each package zypper counts to a hundred twice: for the new version, and for taking the old one away.
    share = int(((parts[1] - 1) + (s ~ / done=/ ? 100 : value(s)) / 100) * 100 / (parts[2] ? parts[2] : 1))
    if (share > most) most = share
    note("pm:" pkg ":" most)
  } else if (s ~ /^<message type="info">(Retrieving package|In cache) .*\\([0-9]+\\/[0-9]+\\)/) {
    match(s, /\\([0-9]+\\/[0-9]+\\)/); split(substr(s, RSTART + 1, RLENGTH - 2), parts, "/")
    note("dl:" int(parts[1] * 100 / (parts[2] ? parts[2] : 1)))
  } else if (s ~ /^<message type="info">Additional rpm output:/) { inside = 1 }
  else if (s ~ /^<message type="(error|warning)">/) { sub(/^<[^>]*>/, "", s); if (s !~ /<\\/message>/) open = 1; sub(/<\\/message>.*/, "", s); say(plain(s)) }
  else if (s ~ /^<description>([0-9]+ )?Problem/) { sub(/^<description>/, "", s); open = 1; say(plain(s)) }
  else if (s ~ /^<\\/(message|description)>/) { inside = open = 0 }
  else if (inside && s !~ /^$/) { sub(/<\\/message>.*/, "", s); print "| " pkg ": " substr(plain(s), 1, 2000) }
  else if (open && s !~ /^$/) { if (s ~ /<\\/(message|description)>/) open = 0; sub(/<\\/(message|description)>.*/, "", s); say(plain(s)) }
}
function say(s) { if (s !~ /^[ \\t]*$/) print "| " substr(s, 1, 2000) }
BEGIN { if ((getline line < state) > 0) { split(line, was, "\\t"); inside = was[1]; open = was[2]; pkg = was[3]; last = was[4]; most = was[5] + 0 } }
NR > 1 { handle(before) }
{ before = $0 }
END { print length(before) - 1 > rest; print inside "\\t" open "\\t" pkg "\\t" last "\\t" most > state }'`;

export const jobShell = (lockTimeoutSeconds: number): string => `${ENVIRONMENT}
umask 022
D=\${FROSTLINE_JOB:?}
T=$D/work
LOCK_SECONDS=${patience(lockTimeoutSeconds)}
ZYPP_LOCK_TIMEOUT=$LOCK_SECONDS; export ZYPP_LOCK_TIMEOUT
I=1; COUNT=1
fl_has() { command -v "$1" >/dev/null 2>&1; }
fl_own() { for fl_f in "$@"; do [ -d "$fl_f" ] && [ ! -L "$fl_f" ] && [ -O "$fl_f" ] || return 1; done; }
fl_say() { printf 'frostline: %s\\n' "$*"; }
fl_note() { printf 'frostline:%s:%s:%s\\n' "$I" "$COUNT" "$*" >>"$D/progress"; }
${ASK_FUNCTIONS}
${HASH_FUNCTION}
rm -rf "$T"
mkdir -p "$T" && fl_ready || exit ${EXIT.diskFull}
fl_has zypper || { fl_say 'zypper is not there'; exit ${EXIT.broke}; }
${WAIT_FUNCTION}
# What came since the last look, whole lines only.
fl_follow() {
  fl_size=$(wc -c <"$T/out")
  [ "$fl_size" -gt "$fl_seen" ] || return 0
  { tail -c +$((fl_seen + 1)) "$T/out" | head -c $((fl_size - fl_seen)); printf 'X'; } | ${FOLLOW}
  fl_seen=$((fl_size - $(cat "$T/rest")))
}
# zypper with its progress told. Sets fl_code; what it printed is in $T/out.
fl_zypper() {
  : >"$T/out"; rm -f "$T/state"; fl_seen=0
  fl_do "$@" </dev/null >"$T/out" 2>&1 &
  fl_pid=$!
  while kill -0 "$fl_pid" 2>/dev/null; do fl_follow; sleep 0.3 2>/dev/null || sleep 1; done
  wait "$fl_pid"
  fl_code=$?
  printf '\\n' >>"$T/out"
  fl_follow
  return $fl_code
}
# "name arch version" of everything rpm has.
fl_inventory() { fl_rpm -qa --qf '%{NAME} %{ARCH} %|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\\n' | sed 's/^\\([^ ]* [^ ]* \\)0:/\\1/'; }
# What the last run's words say went wrong; nothing when they name no such cause.
fl_cause() {
  if grep -Eqi '${SAYS.diskFull}' "$T/out"; then printf '${EXIT.diskFull}'
  elif grep -Eqi '${SAYS.readOnly}' "$T/out"; then printf '${EXIT.readOnly}'
  elif [ "$fl_code" = 7 ]; then printf '${EXIT.lockTimeout}'
  elif grep -Eqi '${SAYS.repository}' "$T/out"; then printf '${EXIT.repository}'
  fi
}
fl_writable() {
  for fl_p in /usr /var/lib/rpm /etc; do [ ! -d "$R$fl_p" ] || [ -w "$R$fl_p" ] || { fl_say "$fl_p is not writable"; return 1; }; done
}
# "I name arch version" and "R name arch version" of what zypper said it would do. A version that another takes the place of is not told.
fl_actions() {
  sed -n -e 's/^<\\(to-[a-z-]*\\)>.*/S \\1/p' -e 's/^<solvable type="package" name="\\([^"]*\\)" edition="\\([^"]*\\)" arch="\\([^"]*\\)".*/P \\1 \\3 \\2/p' "$1" | awk '$1 == "S" { s = $2; next } { print (s == "to-remove" ? "R" : "I"), $2, $3, $4 }' | sort -u
}
# Packages of which a script failed: rpm says so in its output, and goes on.
fl_failed_scripts() { sed -n 's/^.*%[a-z]*(\\([A-Za-z0-9.+_-]*\\)-[^-]*-[^-]*) scriptlet failed.*/\\1/p' "$T/out" | sort -u; }
# The names in $1 and no others of those in $2 are marked as brought in for others.
fl_mark_autos() {
  fl_f=$R/var/lib/zypp/AutoInstalled
  [ -d "$R/var/lib/zypp" ] || return 0
  [ -f "$fl_f" ] || : >"$fl_f"
  awk 'FILENAME == ARGV[1] { want[$1] = 1; next } FILENAME == ARGV[2] { about[$1] = 1; next }
{ n = $1; if (n in about) { if (!(n in want)) next; have[n] = 1 } print } END { for (n in want) if ((n in about) && !(n in have)) print n }' "$1" "$2" "$fl_f" >"$T/autos.new" || return 1
  cmp -s "$T/autos.new" "$fl_f" || { cp -p "$fl_f" "$fl_f.frostline" && cat "$T/autos.new" >"$fl_f.frostline" && mv -f "$fl_f.frostline" "$fl_f"; }
}
fl_tidy() { rm -rf "$T" "$R/var/cache/zypp/packages/${EXTRA}" "$R/var/cache/zypp/raw/${EXTRA}" "$R/var/cache/zypp/solv/${EXTRA}"; }
# Configuration files of the packages' own that rpm put beside the admin's.
fl_left() { find "$R/etc" -name '*.rpmnew' -cnewer "$D/script" 2>/dev/null | while read -r fl_f; do fl_say "kept your \${fl_f%.rpmnew}; the package's own is \${fl_f##*/}"; done; }
`;
