/** The detached jobs: a shell that finds dnf's interpreter, and a program (host/apply.ts, host/rollback.ts) with what it has to do. */
import type { PlanAction } from '../../../../shared/model/plan.ts';
import type { Capture } from '../../../../shared/model/run.ts';
import type { JobScript, StageRequest } from '../driver.ts';
import { EXIT } from '../jobWords.ts';
import type { PushedPackage } from '../pushed.ts';
import { ENVIRONMENT } from '../shell.ts';
import { APPLY } from './host/apply.ts';
import { BACK } from './host/back.ts';
import { FETCH } from './host/fetch.ts';
import { JOB } from './host/job.ts';
import { LOCKS } from './host/locks.ts';
import { RESOLVE } from './host/resolve.ts';
import { ROLLBACK } from './host/rollback.ts';
import { heredoc, PROGRAM_FUNCTIONS, program } from './program.ts';
import { patience } from './stage.ts';

const jobScript = (text: string): JobScript => ({
  script: `${ENVIRONMENT}
umask 022
D=\${FROSTLINE_JOB:?}
T=$D/work
fl_has() { command -v "$1" >/dev/null 2>&1; }
${PROGRAM_FUNCTIONS}
mkdir -p "$T/own" || exit ${EXIT.diskFull}
fl_python || { printf 'frostline: %s\\n' "$fl_why"; exit ${EXIT.broke}; }
cat >"$T/program" ${heredoc(text)}
[ $? = 0 ] || { printf 'frostline: no room for the job\\n'; exit ${EXIT.diskFull}; }
fl_run
`,
});

type Expected = [kind: 'I' | 'R', name: string, arch: string, version: string];

const expectedOf = (action: PlanAction): Expected[] => {
  const version = action.action === 'remove' ? action.from : action.to;
  return version === undefined
    ? []
    : [[action.action === 'remove' ? 'R' : 'I', action.name, action.arch, version]];
};

export function applyJob(options: {
  stages: StageRequest[];
  actions: PlanAction[];
  lockTimeoutSeconds: number;
  pushed?: readonly PushedPackage[];
}): JobScript {
  const stages = options.stages.map(({ stage, packages }) => ({
    stage,
    packages,
    expected: options.actions.filter((action) => action.stage === stage).flatMap(expectedOf),
  }));
  const request = {
    stages,
    exit: EXIT,
    lockSeconds: patience(options.lockTimeoutSeconds),
    pushed: (options.pushed ?? []).map((one) => one.sha256),
  };
  return jobScript(program(request, LOCKS, FETCH, RESOLVE, BACK, JOB, APPLY));
}

type Captured = Capture['packages'][number];

/** The captured package an action changed; an update may have changed its architecture to noarch or from it. */
function capturedFor(packages: Captured[], action: PlanAction): Captured | undefined {
  if (action.from === undefined) return undefined;
  const named = packages.filter((p) => p.name === action.name);
  const exact = named.filter((p) => p.arch === action.arch);
  const candidates =
    exact.length > 0 ? exact : named.filter((p) => p.arch === 'noarch' || action.arch === 'noarch');
  // Of an install-only package the action names which of the versions it means.
  return (
    candidates.find((p) => p.version === action.from) ?? (candidates.length === 1 ? candidates[0] : undefined)
  );
}

export function rollbackJob(options: {
  capture: Capture;
  actions: PlanAction[];
  lockTimeoutSeconds: number;
}): JobScript {
  const byName = Map.groupBy(options.capture.packages, (p) => p.name);
  const back = new Map<string, unknown>();
  const added = new Map<string, unknown>();
  for (const action of options.actions) {
    const here = byName.get(action.name) ?? [];
    const was = capturedFor(here, action);
    if (was) {
      const { name, arch, version } = was;
      const file = options.capture.secured.find(
        (s) => s.name === name && s.arch === arch && s.version === version,
      );
      back.set(`${name}:${arch}:${version}`, {
        name,
        arch,
        version,
        ...(file === undefined ? {} : { path: file.path, sha256: file.sha256 }),
      });
    } else if (
      action.to !== undefined &&
      !here.some((p) => p.arch === action.arch && p.version === action.to)
    ) {
      const only = !here.some((p) => p.arch === action.arch);
      added.set(`${action.name}:${action.arch}:${action.to}`, {
        name: action.name,
        arch: action.arch,
        version: action.to,
        only,
      });
    }
  }
  // Removing one of several versions changes the mark of those that stay: every one of a touched name counts.
  const names = new Set(options.actions.map((action) => action.name));
  const marks = options.capture.packages.filter((p) => names.has(p.name));
  const request = {
    back: [...back.values()],
    added: [...added.values()],
    marks: marks.map(({ name, arch, version, auto, held }) => ({ name, arch, version, auto, held })),
    exit: EXIT,
    lockSeconds: patience(options.lockTimeoutSeconds),
  };
  return jobScript(program(request, LOCKS, FETCH, RESOLVE, BACK, JOB, ROLLBACK));
}
