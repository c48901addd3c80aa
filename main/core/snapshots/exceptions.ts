/**
 * Exceptions: one patch that a freeze lets through, with reason, author and expiry.
 *
 * They stand in a revision of their own that continues the freeze: its entries are the frozen ones. A deployment of it asks the
 * hosts for those entries and for what its exceptions grant until then; an exception stands in the place of an entry of the same package.
 */
import type { PlanAction } from '../../../shared/model/plan.ts';
import type { Entry, Exception, ExceptionView, RevisionContent } from '../../../shared/model/snapshot.ts';
import type { StoredFreeze } from '../ports.ts';
import { entryKey } from './edit.ts';

/**
 * Lets its patch through on `[at, until)`; one that a clock elsewhere dated into the future counts at once. A withdrawn one lets
 * nothing through, whatever the time: who took it back meant now.
 */
export const isActive = (one: Pick<Exception, 'until' | 'withdrawn'>, at: number): boolean =>
  one.withdrawn === undefined && at < Date.parse(one.until);

/** It is about this package, in whatever version. */
export const grantedTo = (one: Exception, package_: { name: string; arch: string }): boolean =>
  one.name === package_.name && (one.arch === undefined || one.arch === package_.arch);

/**
 * Whether the exception takes the place of an entry. One for a single architecture leaves an entry for all of them to the others;
 * of two that then mean one package, the newer version is asked for.
 */
const standsFor = (one: Exception, entry: Entry): boolean =>
  one.ecosystem === entry.ecosystem &&
  one.name === entry.name &&
  (one.arch === undefined || one.arch === entry.arch);

/** What a deployment of the revision that begins at `at` (milliseconds) asks for: its entries, with the exceptions that are not over. */
export const entriesAt = (content: Pick<RevisionContent, 'entries' | 'exceptions'>, at: number): Entry[] => {
  const active = content.exceptions.filter((one) => isActive(one, at));
  if (active.length === 0) return content.entries;
  const stage = Math.max(1, ...content.entries.map((entry) => entry.stage));
  const granted = active.map(
    ({ ecosystem, name, arch, version }): Entry => ({
      ecosystem,
      name,
      ...(arch === undefined ? {} : { arch }),
      version,
      decision: 'approve',
      stage: content.entries.find((entry) => entry.name === name)?.stage ?? stage,
      source: 'manual',
    }),
  );
  return [
    ...content.entries.filter((entry) => !active.some((one) => standsFor(one, entry))),
    ...granted,
  ].sort((a, b) => a.stage - b.stage);
};

/** The exception that lets an action through at `at`, for the plan to show. */
export const exceptionFor = (
  action: Pick<PlanAction, 'name' | 'arch' | 'to'>,
  content: Pick<RevisionContent, 'exceptions'>,
  at: number,
): Exception | undefined =>
  content.exceptions.find((one) => grantedTo(one, action) && one.version === action.to && isActive(one, at));

/** The exceptions before with one more: a later one about the same package and architecture takes the place of the earlier. */
export const withException = (before: readonly Exception[], one: Exception): Exception[] => [
  ...before.filter((other) => entryKey(other) !== entryKey(one)),
  one,
];

/**
 * Everything that freezes have let through or do, for reports; with `lineId`, those of one snapshot. `active`: the freeze is
 * neither over nor lifted, and the exception neither over nor withdrawn.
 */
export const exceptionsOf = (
  freezes: readonly StoredFreeze[],
  o: { at: number; isLive: (stored: StoredFreeze, at: number) => boolean; lineId?: string },
): (ExceptionView & { snapshot: string; revisionId: string })[] =>
  freezes
    .filter((stored) => o.lineId === undefined || stored.lineId === o.lineId)
    .flatMap((stored) =>
      (stored.exceptions ?? []).map((one) => ({
        ...one,
        snapshot: stored.snapshot,
        revisionId: stored.revisionId,
        active: o.isLive(stored, o.at) && isActive(one, o.at),
      })),
    );
