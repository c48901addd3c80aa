/** From the resolutions a person wrote down to what decides a merge's conflicts; a wrong one is refused, never passed over. */
import { type FrostError, frostError } from '../../../shared/errors.ts';
import { Entry } from '../../../shared/model/snapshot.ts';
import type { MergeConflict, Resolution } from '../../../shared/model/versions.ts';
import { versionFault } from '../drivers/registry.ts';
import { entryLabel } from './edit.ts';
import type { Choice, Decide } from './merge.ts';
import { same } from './mergeFields.ts';

const VALUES = {
  version: Entry.shape.version,
  decision: Entry.shape.decision,
  stage: Entry.shape.stage,
  note: Entry.shape.note,
};
const schemaFor = (field: string) => Object.entries(VALUES).find(([name]) => name === field)?.[1];

export const conflictLabel = (one: { name: string; arch?: string | undefined; field: string }): string =>
  `${one.field} of ${entryLabel(one)}`;

const fits = (one: Resolution, conflict: MergeConflict): boolean =>
  one.name === conflict.name &&
  one.field === conflict.field &&
  (one.arch === undefined || one.arch === conflict.arch) &&
  (one.ecosystem === undefined || one.ecosystem === conflict.ecosystem);

/** Whether the conflict it was written for is this one still. */
const stale = (one: Resolution, conflict: MergeConflict): boolean =>
  (['base', 'ours', 'theirs'] as const).some(
    (side) => one[side] !== undefined && !same(one[side], conflict[side]),
  );

const faultOf = (one: Resolution, conflict: MergeConflict): FrostError | undefined => {
  const label = conflictLabel(conflict);
  if (stale(one, conflict))
    return frostError('state.conflict', `The ${label} was decided for other values than there are now.`, {
      hint: 'Merge again without the file, and decide on what it then tells.',
    });
  if (one.take === 'base' && conflict.base === null && !['note', 'entry', 'pinned'].includes(conflict.field))
    return frostError('input.invalid', `The ${label} has no value in the base.`, {
      hint: 'Take ours or theirs.',
    });
  if (one.value === undefined) return undefined;
  const schema = schemaFor(conflict.field);
  if (schema === undefined)
    return frostError('input.invalid', `The ${label} can only be taken from a side.`, {
      hint: 'Write "take": "ours" or "take": "theirs".',
    });
  if (!schema.safeParse(one.value).success)
    return frostError('input.invalid', `${JSON.stringify(one.value)} cannot be the ${label}.`);
  if (conflict.field === 'version' && conflict.ecosystem !== undefined) {
    const fault = versionFault(conflict.ecosystem, String(one.value));
    if (fault !== undefined)
      return frostError('input.invalid', `${one.value} cannot be the version of ${fault.kind}.`, {
        hint: `Versions look like ${fault.example}.`,
      });
  }
  return undefined;
};

const choiceOf = (one: Resolution): Choice | undefined =>
  one.take !== undefined ? { take: one.take } : one.value !== undefined ? { value: one.value } : undefined;

export type Choices = {
  decide: Decide;
  /** Of the resolutions, after the merge: the first that is wrong, ambiguous, or about nothing that is in conflict. */
  fault(): FrostError | undefined;
};

/** `prefer` decides what the resolutions leave open. */
export const createChoices = (resolutions: Resolution[], prefer: 'ours' | 'theirs' | undefined): Choices => {
  const byName = Map.groupBy(resolutions, (one) => one.name);
  const met = new Map<Resolution, MergeConflict>();
  let first: FrostError | undefined;
  return {
    decide: (conflict) => {
      const [one, second] = (byName.get(conflict.name) ?? []).filter((each) => fits(each, conflict));
      if (one === undefined) return prefer === undefined ? undefined : { take: prefer };
      const before = met.get(one);
      if (second !== undefined)
        first ??= frostError('input.invalid', `The ${conflictLabel(conflict)} is decided twice.`);
      else if (before !== undefined)
        first ??= frostError('input.invalid', `The ${conflictLabel(one)} could be more than one conflict.`, {
          hint: 'Write "arch" and "ecosystem" as they were told.',
        });
      met.set(one, conflict);
      if (second !== undefined) met.set(second, conflict);
      const fault = faultOf(one, conflict);
      first ??= fault;
      return fault === undefined ? choiceOf(one) : undefined;
    },
    fault: () => {
      if (first !== undefined) return first;
      const idle = resolutions.find((one) => !met.has(one));
      return (
        idle &&
        frostError('input.invalid', `The ${conflictLabel(idle)} is not in conflict.`, {
          hint: 'Leave it out, or merge again without the file to see what is.',
        })
      );
    },
  };
};
