/**
 * The rollback job: every package the plan touched goes back to its captured version, mark and lock, in one transaction that is
 * simulated first and may change nothing else. Works on a host in any half-done state, and does nothing on one that is already
 * restored. Exit codes: EXIT in jobWords.ts.
 */
import type { PlanAction } from '../../../../shared/model/plan.ts';
import type { Capture } from '../../../../shared/model/run.ts';
import type { JobScript } from '../driver.ts';
import { linesFile } from '../jobShell.ts';
import { EXIT } from '../jobWords.ts';
import { touchedPackages } from '../rpm/back.ts';
import { REPOSITORIES_SKIPPED } from './host.ts';
import { jobShell } from './jobShell.ts';
import { INSTALL } from './request.ts';

const ROLLBACK_FUNCTIONS = `# $T/back: "name arch version sha256|- path". $T/added: "name arch version only|beside". $T/marks: "name arch auto|manual held|free".
# Not there as captured, to $T/undone; what must go for it, to $T/gone ("name arch version").
fl_look() {
  fl_inventory >"$T/inventory"
  awk 'FILENAME == ARGV[1] { multi[$1] = 1; next } FILENAME == ARGV[2] { has[$1 " " $2 " " $3] = 1; count[$1 " " $2]++; next }
!(($1 " " $2 " " $3) in has) || (count[$1 " " $2] > 1 && !($1 in multi))' "$T/multi" "$T/inventory" "$T/back" >"$T/undone"
  {
    awk 'FILENAME == ARGV[1] { multi[$1] = 1; next } FILENAME == ARGV[2] { if (!($1 in multi)) keep[$1] = $2 " " $3; next }
($1 in keep) && keep[$1] != $2 " " $3 { split(keep[$1], k, " "); if (k[1] == $2 || k[1] == "noarch" || $2 == "noarch") print $1, $2, $3 }' "$T/multi" "$T/back" "$T/inventory"
    awk 'FILENAME == ARGV[1] { v[$1 " " $2 " " $3] = 1; if ($4 == "only") any[$1 " " $2] = 1; next } (($1 " " $2 " " $3) in v) || (($1 " " $2) in any)' "$T/added" "$T/inventory"
  } | sort -u >"$T/gone"
  [ ! -s "$T/undone" ] && [ ! -s "$T/gone" ]
}
# The file put aside for a package, if it is still what was put aside.
fl_file() { [ "$2" != - ] && [ -s "$2" ] && [ "$(fl_sha "$2")" = "$1" ]; }
# Old packages that are neither put aside nor in a repository go to $T/lost: the others go back without them.
fl_split() {
  : >"$T/lost"; : >"$T/wanted"
  rm -rf "$T/old"; mkdir "$T/old"
  fl_ask lr >"$T/repos" 2>/dev/null
  cut -d ' ' -f 1 "$T/undone" | sort -u >"$T/names"
  fl_lists "$T/names" "$T/repos" >"$T/lists" 2>/dev/null
  while read -r n a v s p; do
    if fl_file "$s" "$p" && { ln "$p" "$T/old/" 2>/dev/null || cp "$p" "$T/old/"; }; then :
    elif awk -F '\\t' -v n="$n" -v a="$a" -v v="$v" '$1 == "P" { k = $4; sub(/^0:/, "", k); if ($2 == n && $3 == a && k == v) f = 1 } END { exit !f }' "$T/lists"; then :
    else printf '%s\\n' "$n $a $v" >>"$T/lost"; fl_say "no package of $n $v to be had"; continue; fi
    printf '%s\\n' "$n $a $v" >>"$T/wanted"
  done <"$T/undone"
}
# zypper's words for the whole way back: what was there, and "-name" for what is to go and has nothing to take its place.
fl_call() {
  fl_what=$1; shift
  set -- "$@" --oldpackage --allow-vendor-change --allow-arch-change --
  while read -r n a v; do set -- "$@" "$n.$a=$v"; done <"$T/wanted"
  while read -r n a v; do
    # What nothing can take the place of stays as it is.
    ! grep -q "^$n " "$T/lost" || continue
    grep -q "^$n " "$T/wanted" && ! grep -qxF "$n" "$T/multi" || set -- "$@" "!$n.$a=$v"
  done <"$T/gone"
  $fl_what ${INSTALL} "$@"
}
fl_finish() {
  fl_left
  [ "$1" != 0 ] || fl_note 'phase:finished'
  fl_say "ended with $1"
  fl_tidy
  exit "$1"
}
# Straight through rpm: for states zypper will not work on.
fl_direct() {
  fl_say 'restoring the old packages with rpm'
  set --
  for fl_f in "$T"/old/*.rpm; do [ ! -f "$fl_f" ] || set -- "$@" "$fl_f"; done
  [ $# -eq 0 ] || fl_rpm -U --oldpackage --replacepkgs "$@" </dev/null 2>&1 | sed 's/^/| /'
  fl_look && return 0
  set --
  while read -r n a v; do grep -q "^$n " "$T/lost" || set -- "$@" "$n-\${v#*:}.$a"; done <"$T/gone"
  [ $# -eq 0 ] || fl_rpm -e "$@" </dev/null 2>&1 | sed 's/^/| /'
  fl_look
}
# Locks as captured, of the packages concerned only. What a pattern locks is left to who wrote the pattern.
fl_restore_locks() {
  fl_f=$R/etc/zypp/locks
  fl_ask ll --matches --solvables 2>/dev/null | sed -n 's/^.*<match kind="package" name="\\([^"]*\\)" edition="[^"]*" arch="\\([^"]*\\)" installed="true".*/\\1 \\2/p' | sort -u >"$T/locked"
  while read -r n a m h; do
    if grep -qxF "$n $a" "$T/locked"; then
      [ "$h" = free ] || continue
      awk -v n="$n" 'BEGIN { RS = ""; ORS = "\\n\\n" } { keep = 1; k = split($0, l, "\\n"); for (i = 1; i <= k; i++) if (l[i] == "solvable_name: " n) keep = 0 } keep' "$fl_f" >"$T/locks.new"
    else
      [ "$h" = held ] || continue
      { [ ! -s "$fl_f" ] || { cat "$fl_f"; printf '\\n'; }; printf 'type: package\\nmatch_type: glob\\ncase_sensitive: on\\nsolvable_name: %s\\n' "$n"; } >"$T/locks.new"
    fi
    { [ ! -f "$fl_f" ] || cp -p "$fl_f" "$fl_f.frostline"; } && cat "$T/locks.new" >"$fl_f.frostline" && mv -f "$fl_f.frostline" "$fl_f"
  done <"$T/marks"
}
fl_back() {
  fl_result=0
  fl_note 'phase:checking'
  fl_wait || fl_finish $?
  fl_writable || fl_finish ${EXIT.readOnly}
  if fl_look; then fl_say 'every package is at its captured version already'; return 0; fi
  fl_note 'phase:restoring'
  fl_split
  # Locks count for nothing on the way back.
  : >"$T/nolocks"; fl_own_conf "$T/nolocks"
  fl_why=
  if fl_offer "$T/old" && { fl_call fl_ask --dry-run >"$T/sim" 2>&1 || [ $? = ${REPOSITORIES_SKIPPED} ]; }; then
    fl_actions "$T/sim" >"$T/now"
    awk 'FILENAME == ARGV[1] { back[$1 " " $2 " " $3] = 1; next } FILENAME == ARGV[2] { gone[$1 " " $2 " " $3] = 1; next }
$1 == "I" && !(($2 " " $3 " " $4) in back) { print "|", $2, "->", $4 } $1 == "R" && !(($2 " " $3 " " $4) in gone) { print "|", $2, $4, "would be removed" }' "$T/wanted" "$T/gone" "$T/now" >"$T/others"
    if [ -s "$T/others" ]; then
      fl_say 'going back would also change:'; cat "$T/others"
      fl_finish ${EXIT.wouldChangeOthers}
    fi
    fl_call fl_zypper
    fl_why=$(fl_cause)
    for fl_n in $(fl_failed_scripts); do fl_say "script failed: $fl_n: rpm went on"; done
    fl_look && return 0
  else
    cp "$T/sim" "$T/out" 2>/dev/null || cp "$T/offered" "$T/out"
    fl_code=0; fl_seen=0; rm -f "$T/state"; fl_follow
    fl_why=$(fl_cause)
    fl_say 'zypper does not see a way back from here'
  fi
  fl_direct && return 0
  fl_say "not restored: $(cut -d ' ' -f 1 "$T/undone" "$T/gone" | sort -u | tr '\\n' ' ')"
  if [ -s "$T/lost" ]; then fl_result=${EXIT.artefactMissing}; else fl_result=\${fl_why:-${EXIT.notRestored}}; fi
}
`;

export function rollbackJob(options: {
  capture: Capture;
  actions: PlanAction[];
  lockTimeoutSeconds: number;
}): JobScript {
  const { back, added, marks } = touchedPackages(options.capture, options.actions);
  const backLines = back.map(({ was, file }) =>
    [was.name, was.arch, was.version, file?.sha256 ?? '-', file?.path ?? '-'].join(' '),
  );
  const addedLines = added.map(
    ({ name, arch, version, only }) => `${name} ${arch} ${version} ${only ? 'only' : 'beside'}`,
  );
  const markLines = marks.map(({ name, arch, auto, held }) =>
    [name, arch, auto ? 'auto' : 'manual', held ? 'held' : 'free'].join(' '),
  );
  return {
    script: `${jobShell(options.lockTimeoutSeconds)}${ROLLBACK_FUNCTIONS}${linesFile('back', backLines)}${linesFile('added', addedLines)}${linesFile('marks', [...new Set(markLines)])}fl_multi >"$T/multi"
fl_back
fl_note 'phase:marks'
unset ZYPP_CONF; fl_ours
awk '$3 == "auto" { print $1 }' "$T/marks" | sort -u >"$T/want"
cut -d ' ' -f 1 "$T/marks" "$T/added" | sort -u >"$T/about"
fl_mark_autos "$T/want" "$T/about"
fl_restore_locks
fl_finish "$fl_result"
`,
  };
}
