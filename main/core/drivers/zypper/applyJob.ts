/**
 * The apply job: stages in order, one call of zypper each. Before a stage it compares what zypper would do now with what the plan
 * showed; after it, it judges every package by what rpm has, not by zypper's exit code. Exit codes: EXIT in jobWords.ts.
 */
import type { PlanAction } from '../../../../shared/model/plan.ts';
import type { JobScript, StageRequest } from '../driver.ts';
import { expectedLine, linesFile } from '../jobShell.ts';
import { EXIT } from '../jobWords.ts';
import type { PushedPackage } from '../pushed.ts';
import { quote } from '../shell.ts';
import { REPOSITORIES_SKIPPED } from './host.ts';
import { jobShell } from './jobShell.ts';
import { capability, INSTALL, PUSHED_FUNCTIONS, withPushed } from './request.ts';

const APPLY_FUNCTIONS = `# Expected lines: "I name arch version" and "R name arch version". Prints those not true yet.
fl_pending() {
  fl_inventory >"$T/inventory"
  awk 'FILENAME == ARGV[1] { multi[$1] = 1; next } FILENAME == ARGV[2] { has[$1 " " $2 " " $3] = 1; count[$1 " " $2]++; next }
{ here = (($2 " " $3 " " $4) in has) }
$1 == "I" && (!here || (count[$2 " " $3] > 1 && !($2 in multi))) { print }
$1 == "R" && here { print }' "$T/multi" "$T/inventory" "$1"
}
fl_states() { while read -r fl_k fl_n fl_a fl_v; do printf ' %s' "$fl_n ($(awk -v n="$fl_n" -v a="$fl_a" '$1 == n && $2 == a { printf "%s%s", (f ? ", " : ""), $3; f = 1 } END { if (!f) printf "not installed" }' "$T/inventory"))"; done <"$1"; }
fl_finish() {
  fl_left
  # What is asked for by name counts as wanted by hand from then on; nobody asked for that.
  fl_inventory | cut -d ' ' -f 1 | sort -u >"$T/here"
  { cat "$T/autos"; fl_autos; } | sort -u | awk 'FILENAME == ARGV[1] { here[$1] = 1; next } $1 in here' "$T/here" - >"$T/want"
  fl_mark_autos "$T/want" "$T/want"
  [ "$1" != 0 ] || fl_note 'phase:finished'
  fl_say "ended with $1"
  fl_tidy
  exit "$1"
}
# fl_stage LABEL: the stage's files are $T/specs ("name capability") and $T/expected.
fl_stage() {
  fl_label=$1
  [ ! -e "$D/stop" ] || { fl_say "stopped before stage $fl_label, as asked"; fl_finish ${EXIT.stopped}; }
  fl_note 'phase:checking'
  fl_wait || fl_finish $?
  fl_writable || fl_finish ${EXIT.readOnly}
  fl_pending "$T/expected" >"$T/pending"
  if [ ! -s "$T/pending" ]; then fl_say "stage $fl_label: nothing left to do"; return 0; fi
  set --
  while read -r fl_n fl_spec; do
    ! awk -v n="$fl_n" '$1 == "I" && $2 == n { f = 1 } END { exit !f }' "$T/pending" || set -- "$@" "$fl_spec"
  done <"$T/specs"
  # Only what others had brought along is left over, as where the job was cut off: there is nobody to ask for it.
  if [ $# -eq 0 ]; then
    while read -r fl_k fl_n fl_a fl_v; do [ "$fl_k" != I ] || set -- "$@" "$fl_n.$fl_a=$fl_v"; done <"$T/pending"
  fi
  if [ $# -gt 0 ]; then
    fl_ask ${INSTALL} --oldpackage --dry-run "$@" >"$T/sim" 2>&1 || [ $? = ${REPOSITORIES_SKIPPED} ] || { cp "$T/sim" "$T/out"; fl_seen=0; fl_follow; fl_say "stage $fl_label: zypper no longer agrees to it"; fl_finish ${EXIT.drifted}; }
    fl_actions "$T/sim" >"$T/now"
    sort -u "$T/pending" >"$T/plan"
    if ! cmp -s "$T/now" "$T/plan"; then
      fl_say "stage $fl_label: zypper would do otherwise than the plan showed (< plan, > now): $(diff "$T/plan" "$T/now" | grep '^[<>]' | tr '\\n' ';' | head -c 1500)"
      fl_finish ${EXIT.drifted}
    fi
    fl_say "stage $fl_label: $(grep -c . "$T/pending") changes"
    fl_note 'phase:applying'
    fl_zypper ${INSTALL} --oldpackage "$@"
  fi
  fl_pending "$T/expected" >"$T/pending"
  # A package whose own script kept it out is not in place; of one that is, rpm went on after the script.
  fl_scripts=$(fl_failed_scripts | while read -r fl_n; do grep -q "^I $fl_n " "$T/pending" || printf '%s\n' "$fl_n"; done)
  for fl_n in $fl_scripts; do fl_say "script failed: $fl_n: rpm went on"; done
  if [ -s "$T/pending" ]; then
    fl_why=$(fl_cause)
    fl_say "stage $fl_label: zypper ended with \${fl_code:-?}"
    fl_say "failed:$(fl_states "$T/pending")"
    fl_finish "\${fl_why:-${EXIT.stageFailed}}"
  fi
  [ "\${fl_code:-0}" = 0 ] || fl_say "zypper ended with $fl_code, but every package of the stage is in place"
  if [ -n "$fl_scripts" ]; then fl_say "stage $fl_label is in place, but scripts failed: $(printf '%s' "$fl_scripts" | tr '\\n' ' ')"; fl_finish ${EXIT.scriptFailed}; fi
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
      const specs = packages.map((one) => `${one.name} ${capability(one)}`);
      return `I=${index + 1}
${linesFile('specs', specs)}${linesFile('expected', actions.map(expectedLine))}fl_stage ${quote(String(stage))}
`;
    })
    .join('');
  const using =
    (options.pushed ?? []).length === 0
      ? ''
      : `${PUSHED_FUNCTIONS}\n${withPushed(options.pushed, `fl_say "$fl_why"; fl_finish ${EXIT.drifted}`)}`;
  return {
    script: `${jobShell(options.lockTimeoutSeconds)}${APPLY_FUNCTIONS}COUNT=${options.stages.length}
fl_autos >"$T/autos"
fl_multi >"$T/multi"
${using}${stages}fl_finish 0
`,
  };
}
