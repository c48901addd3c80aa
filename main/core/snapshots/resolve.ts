/** From what a person writes to a revision: `NAME` (the newest), `NAME@3`, a line's id, a revision's id or its beginning. */
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { Revision } from '../../../shared/model/snapshot.ts';
import type { SnapshotLine, SnapshotStore } from '../ports.ts';

/** As short as people copy them; shorter ones are taken for typing errors. */
const SHORTEST_BEGINNING = /^sha256:[0-9a-f]{6,64}$/;

const beginningWith = (text: string, store: SnapshotStore): Revision[] =>
  SHORTEST_BEGINNING.test(text)
    ? store
        .lines()
        .flatMap((line) => store.revisions(line.id))
        .filter((revision) => revision.id.startsWith(text))
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
  if (!/^[1-9]\d{0,6}$/.test(wanted))
    return fail('input.invalid', `'${wanted.slice(0, 80)}' is not a revision number.`, {
      hint: `Write ${line.name}@1, ${line.name}@2, …`,
    });
  return found(
    store.revisions(line.id).find((revision) => revision.content.number === Number(wanted)),
    line,
    `Snapshot '${line.name}' has no revision ${wanted}.`,
  );
};
