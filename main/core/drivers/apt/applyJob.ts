/**
 * The apply job: stages in order, one transaction each. Before a stage it compares what apt would do now with what the plan
 * showed; after it, it judges every package by its state, not by apt's exit code (one package that was broken before makes
 * apt return 100 although all else went well). Exit codes: EXIT in jobShell.ts.
 */
import type { PlanAction } from '../../../../shared/model/plan.ts';
import type { JobScript, StageRequest } from '../driver.ts';
import { expectedLine, linesFile } from '../jobShell.ts';
import { EXIT } from '../jobWords.ts';
import type { PushedPackage } from '../pushed.ts';
import { quote } from '../shell.ts';
import { packageSpec } from './inventory.ts';
import { jobShell } from './jobShell.ts';
import { PUSHED_FUNCTIONS, withPushed } from './pushed.ts';

const APPLY_FUNCTIONS = `# Expected lines: "I name arch version" and "R name arch version". Prints those not true yet.
fl_pending() {
  fl_inventory >"$T/inventory"
  awk 'FILENAME == ARGV[1] { has[$1 " " $2] = $3 " " $4; next }
{ h = has[$2 " " $3]; split(h, s, " ") }
$1 == "I" { if (!(s[1] == $4 && s[2] ~ /^.[iWt]$/)) print }
$1 == "R" { if (s[2] ~ /^.[HUFWti]/) print }' "$T/inventory" "$1"
}
# Actions in one spelling: apt writes no architecture for a native package it removes.
fl_norm() { awk -v native="$native" '$1 == "I" { print $1, $2, $3, ($5 == "" ? $4 : $5) } $1 == "R" { print $1, $2, ($3 == native || $3 == "all" ? "-" : $3) }' | sort -u; }
fl_states() { while read -r fl_k fl_n fl_a fl_v; do printf ' %s' "$fl_n ($(awk -v n="$fl_n" -v a="$fl_a" '$1 == n && $2 == a { print $3, $4; f = 1 } END { if (!f) print "not installed" }' "$T/inventory"))"; done <"$1"; }
fl_finish() {
  fl_left
  # Installing a package that is already there marks it as wanted by hand; nobody asked for that.
  if [ -f "$T/auto" ] && apt-mark showauto >"$T/auto.now" 2>/dev/null; then
    fl_inventory | awk '$4 ~ /^.[HUFWti]/ { print $1; print $1 ":" $2 }' >"$T/there"
    awk 'FILENAME == ARGV[1] { now[$1] = 1; next } FILENAME == ARGV[2] { there[$1] = 1; next } !($1 in now) && ($1 in there)' "$T/auto.now" "$T/there" "$T/auto" >"$T/lost"
    [ ! -s "$T/lost" ] || xargs apt-mark auto <"$T/lost" >/dev/null
  fi
  [ "$1" != 0 ] || fl_note 'phase:finished'
  fl_say "ended with $1"
  rm -rf "$T"
  exit "$1"
}
# fl_stage LABEL FLAGS…: the stage's files are $T/specs ("name arch spec") and $T/expected.
fl_stage() {
  fl_label=$1; shift
  [ ! -e "$D/stop" ] || { fl_say "stopped before stage $fl_label, as asked"; fl_finish ${EXIT.stopped}; }
  fl_note 'phase:checking'
  fl_wait || fl_finish $?
  fl_writable || fl_finish ${EXIT.readOnly}
  if fl_is_broken; then fl_say 'packages are half-configured before the stage'; fl_configure; fi
  fl_pending "$T/expected" >"$T/pending"
  if [ ! -s "$T/pending" ]; then fl_say "stage $fl_label: nothing left to do"; return 0; fi
  fl_call() {
    fl_what=$1; shift
    while read -r fl_n fl_a fl_spec; do
      ! awk -v n="$fl_n" '$1 == "I" && $2 == n { f = 1 } END { exit !f }' "$T/pending" || set -- "$@" "$fl_spec"
    done <"$T/specs"
    $fl_what "$@"
  }
  fl_call fl_asim --allow-downgrades install >"$T/sim" 2>&1 || { cat "$T/sim"; fl_say "stage $fl_label: apt no longer agrees to it"; fl_finish ${EXIT.drifted}; }
  fl_actions <"$T/sim" | fl_norm >"$T/now"
  fl_norm <"$T/pending" >"$T/plan"
  if ! cmp -s "$T/now" "$T/plan"; then
    fl_say "stage $fl_label: apt would do otherwise than the plan showed (< plan, > now): $(diff "$T/plan" "$T/now" | grep '^[<>]' | tr '\\n' ';')"
    fl_finish ${EXIT.drifted}
  fi
  fl_say "stage $fl_label: $(grep -c . "$T/pending") changes"
  fl_until=$(($(date +%s) + LOCK_SECONDS))
  while :; do
    fl_note 'phase:applying'
    fl_call fl_apt "$@" install
    fl_code=$?
    [ "$(fl_cause)" = ${EXIT.lockTimeout} ] && [ "$(date +%s)" -lt "$fl_until" ] || break
    sleep 1
    fl_wait || fl_finish $?
  done
  fl_pending "$T/expected" >"$T/pending"
  if [ ! -s "$T/pending" ]; then
    [ "$fl_code" = 0 ] || fl_say "apt-get ended with $fl_code, but every package of the stage is in place"
    return 0
  fi
  fl_why=$(fl_cause)
  fl_say "stage $fl_label: apt-get ended with $fl_code; not in place:$(fl_states "$T/pending")"
  fl_recover "$fl_label"
}
# The ladder: configure what is unpacked; let apt mend dependencies if that changes nothing outside the plan; then stop.
fl_recover() {
  fl_configure
  fl_pending "$T/expected" >"$T/pending"
  [ -s "$T/pending" ] || { fl_say "stage $1: mended by dpkg --configure -a"; return 0; }
  if fl_is_broken && fl_asim -f install >"$T/sim" 2>&1; then
    fl_actions <"$T/sim" | fl_norm >"$T/now"
    fl_norm <"$T/expected" >"$T/plan"
    if [ -s "$T/now" ] && ! grep -q '^R ' "$T/now" && [ -z "$(grep -Fvx -f "$T/plan" "$T/now")" ]; then
      fl_apt -f --no-remove install
    fi
  fi
  fl_pending "$T/expected" >"$T/pending"
  [ -s "$T/pending" ] || { fl_say "stage $1: mended by apt-get -f install"; return 0; }
  fl_say "failed:$(fl_states "$T/pending")"
  fl_finish "\${fl_why:-${EXIT.stageFailed}}"
}
`;

export function applyJob(options: {
  stages: StageRequest[];
  actions: PlanAction[];
  lockTimeoutSeconds: number;
  pushed?: readonly PushedPackage[];
}): JobScript {
  const stages = options.stages
    .map(({ stage, packages }, index) => {
      const actions = options.actions.filter((action) => action.stage === stage);
      const flags = [
        ...(actions.some((action) => action.action === 'remove') ? [] : ['--no-remove']),
        ...(actions.some((action) => action.action === 'downgrade') ? ['--allow-downgrades'] : []),
      ];
      const specs = packages.map((p) => `${p.name} ${p.arch} ${packageSpec(p)}`);
      return `I=${index + 1}
${linesFile('specs', specs)}${linesFile('expected', actions.map(expectedLine))}fl_stage ${[String(stage), ...flags].map(quote).join(' ')}
`;
    })
    .join('');
  const using =
    (options.pushed ?? []).length === 0
      ? ''
      : `${PUSHED_FUNCTIONS}\n${withPushed(options.pushed, `fl_say "$fl_why"; fl_finish ${EXIT.drifted}`)}`;
  return {
    script: `${jobShell(options.lockTimeoutSeconds)}${APPLY_FUNCTIONS}${using}COUNT=${options.stages.length}
apt-mark showauto >"$T/auto" 2>/dev/null || rm -f "$T/auto"
${stages}fl_finish 0
`,
  };
}
