/**
 * The rollback job: every package the plan touched goes back to its captured version, mark and hold, in one transaction that
 * is simulated first and may change nothing else. Works on a host in any half-done state, and does nothing on one that is
 * already restored. Exit codes: EXIT in jobShell.ts.
 */
import type { PlanAction } from '../../../../shared/model/plan.ts';
import type { Capture } from '../../../../shared/model/run.ts';
import type { JobScript } from '../driver.ts';
import { linesFile } from '../jobShell.ts';
import { EXIT } from '../jobWords.ts';
import { isPresent } from '../states.ts';
import { nameArch } from './inventory.ts';
import { jobShell } from './jobShell.ts';

type Captured = Capture['packages'][number];

const ROLLBACK_FUNCTIONS = `# $T/back: "name arch version auto|manual held|free sha256|- path". $T/added: "name arch purge|remove".
fl_undone() {
  fl_inventory >"$T/inventory"
  awk 'FILENAME == ARGV[1] { has[$1 " " $2] = $3 " " $4; next } { split(has[$1 " " $2], s, " "); if (!(s[1] == $3 && s[2] ~ /^.[iWt]$/)) print }' "$T/inventory" "$T/back"
}
fl_unremoved() {
  awk 'FILENAME == ARGV[1] { has[$1 " " $2] = $4; next } { s = has[$1 " " $2]; if (s ~ /^.[HUFWti]/) print }' "$T/inventory" "$T/added"
}
fl_look() { fl_undone >"$T/undone"; fl_unremoved >"$T/unremoved"; [ ! -s "$T/undone" ] && [ ! -s "$T/unremoved" ]; }
fl_spell() { case $2 in all|"$native") printf '%s' "$1" ;; *) printf '%s:%s' "$1" "$2" ;; esac; }
# Old packages that are neither put aside nor in a repository go to $T/lost: the others go back without them.
fl_split() {
  : >"$T/lost"; : >"$T/wanted"
  while read -r n a v m h s p; do
    if fl_file "$s" "$p" || apt-cache $(fl_past) policy "$(fl_spell "$n" "$a")" 2>/dev/null | awk -v v="$v" '
$1 == v || ($1 == "***" && $2 == v) { f = 1; next } $1 ~ /^-?[0-9]+$/ && $2 ~ /\\// { if (f && $2 !~ /dpkg\\/status$/) ok = 1; next } { f = 0 } END { exit !ok }'
    then printf '%s\\n' "$n $a $v $m $h $s $p" >>"$T/wanted"
    else printf '%s\\n' "$n $a $v" >>"$T/lost"; fl_say "no package of $n $v to be had"; fi
  done <"$T/undone"
}
# The file put aside for a package, if it is still what was put aside.
fl_file() { [ "$2" != - ] && [ -s "$2" ] && [ "$(fl_sha "$2")" = "$1" ]; }
# apt-get's words for the whole way back, after the given ones.
fl_call() {
  fl_what=$1; shift
  set -- "$@" --allow-downgrades --no-install-recommends -o APT::Sandbox::User=root
  while read -r n a v m h s p; do [ "$h" = free ] || { set -- "$@" --allow-change-held-packages; break; }; done <"$T/wanted"
  [ ! -s "$T/heldnow" ] || set -- "$@" --allow-change-held-packages
  set -- "$@" install
  while read -r n a v m h s p; do
    # Where a repository has the same version apt would fetch it again: it looks into its cache first.
    if fl_file "$s" "$p"; then
      { ln "$p" "$R/var/cache/apt/archives/" || cp "$p" "$R/var/cache/apt/archives/"; } 2>/dev/null
      set -- "$@" "$p"
    else set -- "$@" "$(fl_spell "$n" "$a")=$v"
    fi
  done <"$T/wanted"
  while read -r n a how; do set -- "$@" "$(fl_spell "$n" "$a")-"; done <"$T/unremoved"
  $fl_what "$@"
}
fl_finish() {
  fl_left
  [ "$1" != 0 ] || fl_note 'phase:finished'
  fl_say "ended with $1"
  rm -rf "$T"
  exit "$1"
}
# Straight through dpkg: for states apt will not work on. Twice, since one package may have to make way for another.
fl_direct() {
  [ -s "$T/wanted" ] || [ -s "$T/unremoved" ] || return 1
  fl_say 'installing the old packages with dpkg'
  for fl_try in 1 2; do
    set --
    while read -r n a v m h s p; do ! fl_file "$s" "$p" || set -- "$@" "$p"; done <"$T/undone"
    [ $# -eq 0 ] || dpkg --force-confdef --force-confold --force-downgrade -i "$@" </dev/null
    fl_look && return 0
  done
  set --
  while read -r n a how; do set -- "$@" "$(fl_spell "$n" "$a")"; done <"$T/unremoved"
  [ $# -eq 0 ] || dpkg --remove "$@" </dev/null
  dpkg --force-confdef --force-confold --configure -a </dev/null
  fl_look
}
# Configuration of packages that were not there before, not even as leftovers.
fl_leftovers() {
  fl_inventory >"$T/inventory"
  set --
  while read -r n a how; do
    [ "$how" != purge ] || ! awk -v n="$n" -v a="$a" '$1 == n && $2 == a && $4 ~ /^.c/ { f = 1 } END { exit !f }' "$T/inventory" || set -- "$@" "$(fl_spell "$n" "$a")"
  done <"$T/added"
  [ $# -eq 0 ] || dpkg --purge "$@" </dev/null
}
fl_marks() {
  for fl_mark in auto manual; do
    awk -v m="$fl_mark" '$4 == m { print $1, $2 }' "$T/back" | while read -r n a; do fl_spell "$n" "$a"; printf '\\n'; done >"$T/marks"
    [ ! -s "$T/marks" ] || xargs apt-mark "$fl_mark" <"$T/marks" >/dev/null || fl_say "apt-mark $fl_mark failed"
  done
  fl_inventory | awk '$4 ~ /^h/ { print $1, $2 }' >"$T/heldnow"
  awk 'FILENAME == ARGV[1] { held[$1 " " $2] = 1; next } $5 == "held" && !(($1 " " $2) in held) { print "hold", $1, $2 } $5 == "free" && (($1 " " $2) in held) { print "unhold", $1, $2 }' "$T/heldnow" "$T/back" >"$T/holds"
  while read -r fl_mark n a; do apt-mark "$fl_mark" "$(fl_spell "$n" "$a")" </dev/null >/dev/null || fl_say "apt-mark $fl_mark $n failed"; done <"$T/holds"
}
fl_back() {
  fl_result=0
  fl_note 'phase:checking'
  fl_wait || fl_finish $?
  fl_writable || fl_finish ${EXIT.readOnly}
  if fl_look; then fl_say 'every package is at its captured version already'; return 0; fi
  if fl_is_broken; then fl_configure; fi
  fl_look && return 0
  fl_inventory | awk '$4 ~ /^h/ { print $1, $2 }' >"$T/heldall"
  awk 'FILENAME == ARGV[1] { held[$1 " " $2] = 1; next } ($1 " " $2) in held' "$T/heldall" "$T/undone" >"$T/heldnow"
  awk 'FILENAME == ARGV[1] { held[$1 " " $2] = 1; next } ($1 " " $2) in held' "$T/heldall" "$T/unremoved" >>"$T/heldnow"
  fl_note 'phase:restoring'
  fl_split
  if fl_call fl_asim >"$T/sim" 2>&1; then
    fl_actions <"$T/sim" >"$T/now"
    awk 'FILENAME == ARGV[1] { back[$1 " " $3] = 1; next } FILENAME == ARGV[2] { gone[$1] = 1; next }
$1 == "I" && !(($2 " " $5) in back) { print $2, $4, "->", $5 } $1 == "R" && !($2 in gone) { print $2, "would be removed" }' "$T/undone" "$T/unremoved" "$T/now" >"$T/others"
    if [ -s "$T/others" ]; then
      fl_say 'going back would also change:'; cat "$T/others"
      fl_finish ${EXIT.wouldChangeOthers}
    fi
    fl_call fl_apt
    fl_why=$(fl_cause)
    fl_look && return 0
  else
    cat "$T/sim"
    cp "$T/sim" "$T/out"
    fl_why=$(fl_cause)
    fl_say 'apt does not see a way back from here'
  fi
  fl_direct && return 0
  fl_say "not restored:$(awk '{ printf " %s", $1 }' "$T/undone" "$T/unremoved")"
  if [ -s "$T/lost" ]; then fl_result=${EXIT.artefactMissing}; else fl_result=\${fl_why:-${EXIT.notRestored}}; fi
}
`;

/** The captured package an action changed, by name; an update may have changed its architecture to `all` or from it. */
function capturedFor(capture: Capture, action: PlanAction): Captured | undefined {
  const named = capture.packages.filter((p) => p.name === action.name);
  return (
    named.find((p) => p.arch === action.arch) ??
    named.find((p) => isPresent(p) && (p.arch === 'all' || action.arch === 'all'))
  );
}

export function rollbackJob(options: {
  capture: Capture;
  actions: PlanAction[];
  lockTimeoutSeconds: number;
}): JobScript {
  const back = new Map<string, string>();
  const added = new Map<string, string>();
  for (const action of options.actions) {
    const was = capturedFor(options.capture, action);
    if (was && isPresent(was)) {
      const file = options.capture.secured.find(
        (s) => s.name === was.name && s.arch === was.arch && s.version === was.version,
      );
      back.set(
        nameArch(was.name, was.arch),
        [
          was.name,
          was.arch,
          was.version,
          was.auto ? 'auto' : 'manual',
          was.held ? 'held' : 'free',
          file?.sha256 ?? '-',
          file?.path ?? '-',
        ].join(' '),
      );
    } else {
      // Configuration left by an earlier installation was there before the task; it stays.
      added.set(
        nameArch(action.name, action.arch),
        `${action.name} ${action.arch} ${was?.state.includes('c') ? 'remove' : 'purge'}`,
      );
    }
  }
  return {
    script: `${jobShell(options.lockTimeoutSeconds)}${ROLLBACK_FUNCTIONS}${linesFile('back', [...back.values()])}${linesFile('added', [...added.values()])}fl_back
fl_leftovers
fl_note 'phase:marks'
fl_marks
fl_finish "$fl_result"
`,
  };
}
