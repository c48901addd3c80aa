/** A host now against its capture, package by package. Pure. */
import type { Capture, CaptureDifference } from '../../../../shared/model/run.ts';
import { isPresent } from './inventory.ts';

type Package = Capture['packages'][number];

const keyOf = (p: Package): string => `${p.name}:${p.arch}`;
const index = (packages: Package[]): Map<string, Package> => new Map(packages.map((p) => [keyOf(p), p]));

/** Every package counts, also those the task never touched: what somebody else changed meanwhile is a difference too. */
export function compareCapture(capture: Capture, now: Package[]): CaptureDifference {
  const before = index(capture.packages);
  const after = index(now);
  const versions: CaptureDifference['versions'] = [];
  const marks: CaptureDifference['marks'] = [];
  for (const key of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    const was = before.get(key);
    const is = after.get(key);
    const { name, arch } = was ?? is ?? { name: '', arch: '' };
    const had = was && isPresent(was) ? was.version : null;
    const has = is && isPresent(is) ? is.version : null;
    if (had !== has) versions.push({ name, arch, captured: had, now: has });
    const mark = (field: 'auto' | 'held' | 'state', captured: string, current: string) => {
      if (captured !== current) marks.push({ name, arch, field, captured, now: current });
    };
    // A package that is gone, or new, differs in its version already; leftovers of a removed one are a state of their own.
    if ((had === null) !== (has === null)) continue;
    mark('state', was?.state ?? 'absent', is?.state ?? 'absent');
    if (had === null) continue;
    mark('auto', String(was?.auto), String(is?.auto));
    mark('held', String(was?.held), String(is?.held));
  }
  return { equal: versions.length === 0 && marks.length === 0, versions, marks };
}
