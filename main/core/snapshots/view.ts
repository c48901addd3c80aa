/** Revisions as they are shown: with their state, which is never stored but follows from the clock and from thaws. */
import type {
  Freeze,
  Revision,
  SnapshotState,
  SnapshotSummary,
  SnapshotView,
} from '../../../shared/model/snapshot.ts';
import type { SnapshotLine, StoredFreeze } from '../ports.ts';
import { isActive } from './exceptions.ts';
import { holdsAt } from './freeze.ts';
import { endOf, windowAt } from './recurrence.ts';

/** Made once for all revisions of a line: there may be ten thousand. */
type Context = {
  /** Of this line, by the frozen revision. */
  freezes: ReadonlyMap<string, StoredFreeze>;
  /** Those that hold now. */
  holding: StoredFreeze[];
  headId: string;
  now: number;
};

/** The freeze a revision has: its own, or the one it continues. */
const freezeOf = ({ id, content }: Revision, { freezes }: Context): StoredFreeze | undefined =>
  freezes.get(content.continues ?? id);

const stateOf = (revision: Revision, context: Context): SnapshotState => {
  const { content } = revision;
  if (content.thaw !== undefined) return 'thawed';
  const stored = freezeOf(revision, context);
  const freeze = content.freeze ?? stored?.freeze;
  if (freeze === undefined) return 'draft';
  if (stored?.thawed !== undefined) return 'thawed';
  return context.now < endOf(freeze) ? 'frozen' : 'expired';
};

const instant = (at: number): string => new Date(at).toISOString();

const freezeView = (freeze: Freeze, active: boolean, now: number): SnapshotView['freeze'] => {
  const window = windowAt(freeze, now);
  return {
    ...freeze,
    active,
    ends: instant(endOf(freeze)),
    ...(window === undefined ? {} : { window: { from: instant(window.from), to: instant(window.to) } }),
  };
};

export const viewOf = (revision: Revision, context: Context): SnapshotView => {
  const { id, content } = revision;
  const { now } = context;
  const state = stateOf(revision, context);
  const stored = freezeOf(revision, context);
  const freeze = content.freeze ?? stored?.freeze;
  const exceptions = (stored?.exceptions ?? content.exceptions).map((one) => ({
    ...one,
    active: state === 'frozen' && isActive(one, now),
  }));
  const holding = context.holding.find((other) => other.revisionId !== (content.continues ?? id));
  return {
    name: content.line.name,
    lineId: content.line.id,
    revision: content.number,
    id,
    parents: content.parents,
    state,
    head: id === context.headId,
    author: content.author,
    createdAt: content.createdAt,
    ...(content.message === undefined ? {} : { message: content.message }),
    scope: content.scope,
    ...(content.rules.length === 0 ? {} : { rules: content.rules }),
    entries: content.entries,
    ...(freeze === undefined
      ? {}
      : { freeze: freezeView(freeze, state === 'frozen' && holdsAt(freeze, now), now) }),
    ...(content.thaw === undefined ? {} : { thaw: content.thaw }),
    ...(content.continues === undefined ? {} : { continues: content.continues }),
    ...(exceptions.length === 0 ? {} : { exceptions }),
    ...(holding === undefined
      ? {}
      : {
          frozenRevision: {
            revision: holding.revision,
            id: holding.revisionId,
            to: instant(windowAt(holding.freeze, now)?.to ?? endOf(holding.freeze)),
          },
        }),
  };
};

/** `revisions`: how many the line has. */
export const summaryOf = (revision: Revision, context: Context, revisions: number): SnapshotSummary => {
  const { entries, rules: _, ...rest } = viewOf(revision, context);
  return { ...rest, entryCount: entries.length, revisions };
};

export const contextOf = (
  line: Pick<SnapshotLine, 'id' | 'headId'>,
  freezes: StoredFreeze[],
  now: number,
): Context => {
  const own = freezes.filter((stored) => stored.lineId === line.id);
  return {
    freezes: new Map(own.map((stored) => [stored.revisionId, stored])),
    holding: own.filter((stored) => stored.thawed === undefined && holdsAt(stored.freeze, now)),
    headId: line.headId,
    now,
  };
};
