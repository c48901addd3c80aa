/** Conflicts of a merge as they are shown and decided in the window. Pure. */
import type { MergeConflict, Resolution } from '../../../shared/model/versions.ts';

export type Decision = Pick<Resolution, 'take' | 'value'>;

export const conflictKey = (one: Pick<MergeConflict, 'ecosystem' | 'name' | 'arch' | 'field'>): string =>
  [one.ecosystem ?? '', one.name, one.arch ?? '', one.field].join('/');

export const conflictTitle = (one: MergeConflict): string =>
  one.arch === undefined ? one.name : `${one.name}:${one.arch}`;

const FIELDS: Record<string, string> = {
  version: 'Version',
  decision: 'Decision',
  stage: 'Stage',
  note: 'Note',
  order: 'Order within the stage',
  entry: 'Removed on one side, changed on the other',
  arch: 'Any architecture, or single ones',
  freeze: 'Freeze; the other one is lifted',
  rule: 'Rules',
  exception: 'Exception',
  sha256: 'Hash of the package file',
};
export const fieldTitle = (field: string): string => FIELDS[field] ?? field;

/** Whether a value of one's own can be given. */
export const takesValue = (field: string): boolean => ['version', 'stage', 'note'].includes(field);

/** A value in words; `nothing` where there is none. */
export const valueText = (value: MergeConflict['ours']): string => {
  if (value === null || value === '') return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'nothing' : value.map(valueText).join(', ');
  if (typeof value !== 'object') return String(value);
  const { version, decision, arch, stage, hosts, from, to } = value;
  if (typeof version === 'string')
    return [version, arch, decision, typeof stage === 'number' ? `stage ${stage}` : undefined]
      .filter((part) => typeof part === 'string')
      .join(' ');
  if (typeof hosts === 'string') return `${hosts}, ${String(from)} to ${String(to)}`;
  return JSON.stringify(value);
};

/** What is sent: every decision with the conflict it was made about. */
export const resolutionsOf = (
  conflicts: readonly MergeConflict[],
  decisions: ReadonlyMap<string, Decision>,
): Resolution[] =>
  conflicts.flatMap((one) => {
    const decision = decisions.get(conflictKey(one));
    if (decision === undefined) return [];
    const { name, arch, ecosystem, field } = one;
    return [
      {
        name,
        field,
        ...(arch === undefined ? {} : { arch }),
        ...(ecosystem === undefined ? {} : { ecosystem }),
        ...decision,
      },
    ];
  });
