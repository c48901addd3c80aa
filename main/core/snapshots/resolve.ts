/**
 * From what a person writes to a revision: `NAME` (the newest), `NAME@3`, `NAME@1a2b3c` (the beginning of its id), a line's id, a
 * revision's id or its beginning. A line with branches may have two revisions of one number: then it has to be an id.
 */
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { Revision } from '../../../shared/model/snapshot.ts';
import type { SnapshotLine, SnapshotStore } from '../ports.ts';

/** As short as people copy them; shorter ones are taken for typing errors. */
const SHORTEST_BEGINNING = /^sha256:[0-9a-f]{6,64}$/;

/** After a name, where it can only be one of its revisions. */
const BEGINNING = /^[0-9a-f]{6,64}$/;

const beginningWith = (text: string, store: SnapshotStore): { id: string }[] =>
  SHORTEST_BEGINNING.test(text)
    ? store
        .lines()
        .flatMap((line) => store.revisionIds(line.id))
        .filter(({ id }) => id.startsWith(text))
    : [];

/** `head`: it is the newest of its line. Errors: `not-found`, `input.invalid` (a number that is none). */
export const resolveRef = (
  ref: string,
  store: SnapshotStore,
): Result<{ revision: Revision; head: boolean; line: SnapshotLine }> => {
  const text = ref.trim();
  const found = (revision: Revision | undefined, line: SnapshotLine | undefined, what: string) =>
    revision === undefined || line === undefined
      ? fail('not-found', what, { hint: 'List the snapshots to see what there is.' })
      : ok({ revision, line, head: revision.id === line.headId });

  if (text.startsWith('sha256:')) {
    const begins = text.length < 'sha256:'.length + 64 ? beginningWith(text, store) : [];
    if (begins.length > 1)
      return fail('input.invalid', `${text} is the beginning of more than one revision.`, {
        hint: `Write more of it: ${begins
          .slice(0, 3)
          .map(({ id }) => id)
          .join(', ')}`,
      });
    const revision = store.revision(begins[0]?.id ?? text);
    return found(
      revision,
      revision && store.line(revision.content.line.id),
      `There is no snapshot revision ${text.slice(0, 80)}.`,
    );
  }
  const at = text.lastIndexOf('@');
  const name = at < 0 ? text : text.slice(0, at);
  const line = store.line(name);
  if (line === undefined) return found(undefined, undefined, `There is no snapshot '${name.slice(0, 80)}'.`);
  if (at < 0)
    return found(store.revision(line.headId), line, `Snapshot '${line.name}' has lost its newest revision.`);
  const wanted = text.slice(at + 1);
  const all = store.revisionIds(line.id);
  const numbered = all.filter(({ number }) => `${number}` === wanted);
  const begins = BEGINNING.test(wanted)
    ? all.filter(({ id }) => id.slice('sha256:'.length).startsWith(wanted))
    : [];
  const [one, ...others] = numbered.length > 0 ? numbered : begins;
  if (others.length > 0 && one !== undefined)
    return fail('input.invalid', `'${line.name}' has more than one revision ${wanted}: it has branches.`, {
      hint: `Write which: ${[one, ...others]
        .slice(0, 4)
        .map(({ id }) => `${line.name}@${id.slice('sha256:'.length, 'sha256:'.length + 12)}`)
        .join(', ')}`,
    });
  if (one === undefined && !/^[1-9]\d{0,6}$/.test(wanted) && !BEGINNING.test(wanted))
    return fail('input.invalid', `'${wanted.slice(0, 80)}' is not a revision number.`, {
      hint: `Write ${line.name}@1, ${line.name}@2, …, or the beginning of a revision's id.`,
    });
  return found(one && store.revision(one.id), line, `Snapshot '${line.name}' has no revision ${wanted}.`);
};
