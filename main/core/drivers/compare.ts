/** A host now against its capture, package by package. Pure. */
import type { Capture, CaptureDifference } from '../../../shared/model/run.ts';
import { isPresent } from './states.ts';

type Package = Capture['packages'][number];

const keyOf = (p: Package): string => `${p.name}:${p.arch}`;

/**
 * Every package counts, also those the task never touched: what somebody else changed meanwhile is a difference too. Where
 * a package can be there in several versions (kernels), each version is a package of its own.
 */
export function compareCapture(capture: Capture, now: Package[]): CaptureDifference {
  const before = Map.groupBy(capture.packages, keyOf);
  const after = Map.groupBy(now, keyOf);
  const versions: CaptureDifference['versions'] = [];
  const marks: CaptureDifference['marks'] = [];
  const pair = (was: Package | undefined, is: Package | undefined) => {
    const { name, arch } = was ?? is ?? { name: '', arch: '' };
    const had = was && isPresent(was) ? was.version : null;
    const has = is && isPresent(is) ? is.version : null;
    if (had !== has) versions.push({ name, arch, captured: had, now: has });
    const mark = (field: 'auto' | 'held' | 'state', captured: string, current: string) => {
      if (captured !== current) marks.push({ name, arch, field, captured, now: current });
    };
    // A package that is gone, or new, differs in its version already; leftovers of a removed one are a state of their own.
    if ((had === null) !== (has === null)) return;
    mark('state', was?.state ?? 'absent', is?.state ?? 'absent');
    if (had === null) return;
    mark('auto', String(was?.auto), String(is?.auto));
    mark('held', String(was?.held), String(is?.held));
  };
  for (const key of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    const was = before.get(key) ?? [];
    const is = after.get(key) ?? [];
    if (was.length <= 1 && is.length <= 1) pair(was[0], is[0]);
    else {
      for (const one of was)
        pair(
          one,
          is.find((other) => other.version === one.version),
        );
      for (const one of is) if (!was.some((other) => other.version === one.version)) pair(undefined, one);
    }
  }
  return { equal: versions.length === 0 && marks.length === 0, versions, marks };
}
