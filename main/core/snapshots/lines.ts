/** What the snapshot services share: finding a line's newest revision, making the next one, storing it. */
import { type FrostError, fail, ok, type Result } from '../../../shared/errors.ts';
import {
  REVISION_FORMAT,
  type Revision,
  type RevisionContent,
  type SnapshotView,
} from '../../../shared/model/snapshot.ts';
import type { Ports, SnapshotLine, StoredFreeze } from '../ports.ts';
import { revisionId } from './canonical.ts';
import { isLive } from './freeze.ts';
import { resolveRef } from './resolve.ts';
import { contextOf, viewOf } from './view.ts';

export type Found = { revision: Revision; head: boolean; line: SnapshotLine };
type Change = Partial<
  Pick<RevisionContent, 'entries' | 'scope' | 'rules' | 'freeze' | 'thaw' | 'continues' | 'exceptions'>
> & {
  message?: string | undefined;
};

export type Lines = ReturnType<typeof createLines>;

export const createLines = (ports: Ports) => {
  const { store, clock, hasher, random, changes } = ports;

  const author = () => ({ name: ports.user.slice(0, 200) });
  const instant = (): string => new Date(clock.now()).toISOString();

  const find = (ref: string): Result<Found> => resolveRef(ref, store);

  /** For changes: they are made on the newest revision and nowhere else. `expect`: the one the caller has seen. */
  const findHead = (ref: string, expect?: string): Result<Found> => {
    const found = find(ref);
    if (!found.ok) return found;
    const { line, revision, head } = found.value;
    if (!head)
      return fail(
        'state.conflict',
        `Revision ${revision.content.number} is not the newest one of '${line.name}'; older ones are never changed.`,
        { hint: `Change '${line.name}', or make this one the newest with restore.` },
      );
    if (expect !== undefined && expect !== revision.id)
      return fail(
        'state.conflict',
        `'${line.name}' was changed in the meantime: its newest revision is ${revision.content.number}.`,
        { hint: 'Look at the new revision, and make the change again.' },
      );
    return found;
  };

  const build = (content: RevisionContent): Revision => ({ id: revisionId(content, hasher), content });

  const first = (
    name: string,
    entries: RevisionContent['entries'],
    scope: RevisionContent['scope'],
    message?: string,
    rules: RevisionContent['rules'] = [],
  ): Revision =>
    build({
      format: REVISION_FORMAT,
      line: { id: random.id(), name },
      number: 1,
      parents: [],
      author: author(),
      createdAt: instant(),
      ...(message === undefined ? {} : { message }),
      scope,
      rules,
      entries,
      exceptions: [],
    });

  /** A freeze, a thaw and exceptions belong to the one revision they were made in; none is handed on. */
  const next = (on: Revision, change: Change): Revision => {
    const { freeze: _freeze, thaw: _thaw, message: _message, continues: _continues, ...kept } = on.content;
    const { message, ...rest } = change;
    return build({
      ...kept,
      number: on.content.number + 1,
      parents: [on.id],
      author: author(),
      createdAt: instant(),
      exceptions: [],
      ...(message === undefined || message === '' ? {} : { message }),
      ...rest,
    });
  };

  /** Stores a line's next revision, unless somebody was faster. */
  const append = (on: Revision, revision: Revision, freezes: StoredFreeze[]): Result<Revision> => {
    const { line } = revision.content;
    const stored = store.putRevisions(
      [revision],
      { lineId: line.id, name: line.name, revisionId: revision.id, expectHead: on.id },
      freezes,
    );
    if (!stored)
      return fail('state.conflict', `'${line.name}' was changed in the meantime.`, {
        hint: 'Look at the new revision, and make the change again.',
      });
    changes.announce({ type: 'snapshots' });
    return ok(revision);
  };

  const view = (revision: Revision): SnapshotView => {
    const { id } = revision.content.line;
    const promotions = store.promotions(revision.id);
    return {
      ...viewOf(
        revision,
        contextOf({ id, headId: store.line(id)?.headId ?? revision.id }, store.freezes(), clock.now()),
      ),
      ...(promotions.length === 0 ? {} : { promotions }),
    };
  };

  /** The freeze of a line that holds now or will; there is at most one. */
  const liveFreeze = (lineId: string): StoredFreeze | undefined =>
    store.freezes().find((stored) => stored.lineId === lineId && isLive(stored, clock.now()));

  return { instant, author, find, findHead, build, first, next, append, view, liveFreeze };
};

/** The answer that carries one snapshot. */
export const shown = (
  lines: Lines,
  result: Result<Revision>,
): Result<{ snapshot: SnapshotView }, FrostError> =>
  result.ok ? ok({ snapshot: lines.view(result.value) }) : result;
