/** Revisions as they are shown: with their state, which is never stored but follows from the clock and from thaws. */
import type {
  Revision,
  SnapshotState,
  SnapshotSummary,
  SnapshotView,
} from '../../../shared/model/snapshot.ts';
import type { SnapshotLine, StoredFreeze } from '../ports.ts';
import { holdsAt } from './freeze.ts';

type Context = {
  /** Of this line. */
  freezes: StoredFreeze[];
  headId: string;
  now: number;
};

const stateOf = ({ id, content }: Revision, { freezes, now }: Context): SnapshotState => {
  if (content.thaw !== undefined) return 'thawed';
  if (content.freeze === undefined) return 'draft';
  if (freezes.some((stored) => stored.revisionId === id && stored.thawed !== undefined)) return 'thawed';
  return now < Date.parse(content.freeze.to) ? 'frozen' : 'expired';
};

export const viewOf = (revision: Revision, context: Context): SnapshotView => {
  const { id, content } = revision;
  const state = stateOf(revision, context);
  const holding = context.freezes.find(
    (stored) =>
      stored.revisionId !== id && stored.thawed === undefined && holdsAt(stored.freeze, context.now),
  );
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
    entries: content.entries,
    ...(content.freeze === undefined
      ? {}
      : {
          freeze: {
            ...content.freeze,
            active: state === 'frozen' && holdsAt(content.freeze, context.now),
          },
        }),
    ...(content.thaw === undefined ? {} : { thaw: content.thaw }),
    ...(holding === undefined
      ? {}
      : {
          frozenRevision: { revision: holding.revision, id: holding.revisionId, to: holding.freeze.to },
        }),
  };
};

/** `revisions`: how many the line has. */
export const summaryOf = (revision: Revision, context: Context, revisions: number): SnapshotSummary => {
  const { entries, ...rest } = viewOf(revision, context);
  return { ...rest, entryCount: entries.length, revisions };
};

export const contextOf = (
  line: Pick<SnapshotLine, 'id' | 'headId'>,
  freezes: StoredFreeze[],
  now: number,
): Context => ({
  freezes: freezes.filter((stored) => stored.lineId === line.id),
  headId: line.headId,
  now,
});
