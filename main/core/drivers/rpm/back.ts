/** What a rollback has to bring back and to take away, of what a plan's actions touched. Pure. */
import type { PlanAction } from '../../../../shared/model/plan.ts';
import type { Capture } from '../../../../shared/model/run.ts';

type Captured = Capture['packages'][number];

export type Touched = {
  /** Packages as captured, with the file that was put aside, if one was. */
  back: { was: Captured; file?: { path: string; sha256: string } }[];
  /** What was not there. `only`: no version of it was, so all go; else just this one, of several side by side. */
  added: { name: string; arch: string; version: string; only: boolean }[];
  /** Removing one of several versions changes the mark of those that stay: every one of a touched name counts. */
  marks: Captured[];
};

/** The captured package an action changed; an update may have changed its architecture to noarch or from it. */
function capturedFor(packages: readonly Captured[], action: PlanAction): Captured | undefined {
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

export function touchedPackages(capture: Capture, actions: readonly PlanAction[]): Touched {
  const byName = Map.groupBy(capture.packages, (p) => p.name);
  const back = new Map<string, Touched['back'][number]>();
  const added = new Map<string, Touched['added'][number]>();
  for (const action of actions) {
    const here = byName.get(action.name) ?? [];
    const was = capturedFor(here, action);
    if (was) {
      const { name, arch, version } = was;
      const file = capture.secured.find((s) => s.name === name && s.arch === arch && s.version === version);
      back.set(`${name}:${arch}:${version}`, {
        was,
        ...(file === undefined ? {} : { file: { path: file.path, sha256: file.sha256 } }),
      });
    } else if (
      action.to !== undefined &&
      !here.some((p) => p.arch === action.arch && p.version === action.to)
    ) {
      const { name, arch, to } = action;
      added.set(`${name}:${arch}:${to}`, {
        name,
        arch,
        version: to,
        only: !here.some((p) => p.arch === arch),
      });
    }
  }
  const names = new Set(actions.map((action) => action.name));
  return {
    back: [...back.values()],
    added: [...added.values()],
    marks: capture.packages.filter((p) => names.has(p.name)),
  };
}
