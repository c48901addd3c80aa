/** The detached jobs: a shell that finds dnf's interpreter, and a program (host/apply.ts, host/rollback.ts) with what it has to do. */
import type { PlanAction } from '../../../../shared/model/plan.ts';
import type { Capture } from '../../../../shared/model/run.ts';
import type { JobScript, StageRequest } from '../driver.ts';
import { EXIT } from '../jobWords.ts';
import type { PushedPackage } from '../pushed.ts';
import { touchedPackages } from '../rpm/back.ts';
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

export function rollbackJob(options: {
  capture: Capture;
  actions: PlanAction[];
  lockTimeoutSeconds: number;
}): JobScript {
  const { back, added, marks } = touchedPackages(options.capture, options.actions);
  const request = {
    back: back.map(({ was: { name, arch, version }, file }) => ({ name, arch, version, ...file })),
    added,
    marks: marks.map(({ name, arch, version, auto, held }) => ({ name, arch, version, auto, held })),
    exit: EXIT,
    lockSeconds: patience(options.lockTimeoutSeconds),
  };
  return jobScript(program(request, LOCKS, FETCH, RESOLVE, BACK, JOB, ROLLBACK));
}
