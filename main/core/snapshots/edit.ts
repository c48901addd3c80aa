/**
 * Editing a list of entries. Pure: a list and edits in, a new list or the first error out; nothing is done by halves.
 *
 * The order of entries is the ascending order of their stages, and within a stage the order they stand in. Every edit keeps
 * that: a new entry goes to the end of its stage, a change of stage to the end of the new one, and a move stays within its
 * stage (a place outside it means its nearer end).
 */
import type { Edit } from '../../../shared/contract/snapshots.ts';
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { Ecosystem } from '../../../shared/model/primitives.ts';
import type { Entry } from '../../../shared/model/snapshot.ts';
import { versionFault } from '../drivers/registry.ts';

const MAX_ENTRIES = 20_000;

/** What is known of a version from scans, to describe an entry added by hand. */
export type Described = Pick<Entry, 'severity' | 'classification' | 'advisories'>;

export type EditContext = {
  /** For an added entry that names no ecosystem. Errors where it could be more than one. */
  ecosystemOf(name: string, version: string): Result<Ecosystem>;
  /** The one ecosystem that is known to have exactly this version, whatever the list has under that name. */
  exactly?(name: string, version: string): Ecosystem | undefined;
  describe(ecosystem: Ecosystem, name: string, arch: string | undefined, version: string): Described;
};

/** `openssl`, `libc6:i386`, for messages. */
export const entryLabel = (entry: { name: string; arch?: string | undefined }): string =>
  entry.arch === undefined ? entry.name : `${entry.name}:${entry.arch}`;

/** Two entries with the same key are the same package; a revision holds a key at most once. */
export const entryKey = (entry: Pick<Entry, 'ecosystem' | 'name' | 'arch'>): string =>
  `${entry.ecosystem}/${entry.name}/${entry.arch ?? ''}`;

export const byStage = (entries: Entry[]): Entry[] => entries.toSorted((a, b) => a.stage - b.stage);

type Target = Pick<Edit, 'name' | 'arch' | 'ecosystem'>;

/** Index of the entry an edit means; undefined: none. An edit that leaves out what tells two entries apart is an error. */
const locate = (entries: Entry[], target: Target): Result<number | undefined> => {
  const candidates = entries.flatMap((entry, index) =>
    entry.name === target.name &&
    (target.ecosystem === undefined || entry.ecosystem === target.ecosystem) &&
    (target.arch === undefined || entry.arch === target.arch)
      ? [index]
      : [],
  );
  if (candidates.length > 1)
    return fail('input.invalid', `${target.name} is listed more than once.`, {
      hint: `Say which: ${candidates
        .flatMap((index) => entries[index] ?? [])
        .map((entry) => `${entryLabel(entry)} (${entry.ecosystem})`)
        .join(', ')}`,
      packages: [target.name],
    });
  return ok(candidates[0]);
};

const add = (
  entries: Entry[],
  edit: Extract<Edit, { kind: 'add' }>,
  context: EditContext,
): Result<Entry[]> => {
  const sure = edit.ecosystem ?? context.exactly?.(edit.name, edit.version);
  const place = locate(entries, { ...edit, ecosystem: sure });
  if (!place.ok) return place;
  const old = place.value === undefined ? undefined : entries[place.value];
  if (old === undefined && edit.arch !== undefined) {
    const general = entries.find(
      (entry) =>
        entry.name === edit.name && entry.arch === undefined && entry.ecosystem === (sure ?? entry.ecosystem),
    );
    if (general !== undefined)
      return fail('input.invalid', `${edit.name} is already listed for every architecture.`, {
        hint: `Remove ${edit.name} first, then add it for each architecture.`,
        packages: [edit.name],
      });
  }
  if (old === undefined && entries.length >= MAX_ENTRIES)
    return fail('input.invalid', `A snapshot holds at most ${MAX_ENTRIES} entries.`);
  const named = sure ?? old?.ecosystem;
  const found = named === undefined ? context.ecosystemOf(edit.name, edit.version) : ok(named);
  if (!found.ok) return found;
  const ecosystem = found.value;
  const fault = versionFault(ecosystem, edit.version);
  if (fault !== undefined)
    return fail('input.invalid', `${edit.version} cannot be the version of ${fault.kind}.`, {
      hint: `Versions look like ${fault.example}; an architecture may follow after a colon.`,
      packages: [edit.name],
    });
  const arch = edit.arch ?? old?.arch;
  const note = edit.note ?? old?.note;
  const entry: Entry = {
    ecosystem,
    name: edit.name,
    ...(arch === undefined ? {} : { arch }),
    version: edit.version,
    decision: 'approve',
    stage: edit.stage ?? old?.stage ?? 1,
    source: 'manual',
    // Severity, advisories, size and hash belong to a version: what the old one had says nothing about this one.
    ...context.describe(ecosystem, edit.name, arch, edit.version),
    ...(note === undefined || note === '' ? {} : { note }),
    ...(old?.pinned === undefined ? {} : { pinned: old.pinned }),
  };
  if (old === undefined || old.stage !== entry.stage)
    return ok(byStage([...entries.filter((other) => other !== old), entry]));
  return ok(entries.map((other) => (other === old ? entry : other)));
};

const move = (entries: Entry[], from: number, entry: Entry, to: number): Entry[] => {
  const rest = entries.toSpliced(from, 1);
  const first = rest.findIndex((other) => other.stage >= entry.stage);
  const start = first < 0 ? rest.length : first;
  const end = start + rest.filter((other) => other.stage === entry.stage).length;
  // `to` counts in the list as it still was, with the entry in it.
  const wanted = to > from ? to - 1 : to;
  return rest.toSpliced(Math.min(Math.max(wanted, start), end), 0, entry);
};

const applyOne = (entries: Entry[], edit: Edit, context: EditContext): Result<Entry[]> => {
  if (edit.kind === 'add') return add(entries, edit, context);
  const place = locate(entries, edit);
  if (!place.ok) return place;
  const index = place.value;
  const entry = index === undefined ? undefined : entries[index];
  if (index === undefined || entry === undefined)
    return fail('not-found', `${entryLabel(edit)} is not in this snapshot.`, { packages: [edit.name] });
  switch (edit.kind) {
    case 'remove':
      return ok(entries.toSpliced(index, 1));
    case 'decide':
      return ok(entries.with(index, { ...entry, decision: edit.decision }));
    case 'stage':
      return ok(
        edit.stage === entry.stage
          ? entries
          : byStage([...entries.toSpliced(index, 1), { ...entry, stage: edit.stage }]),
      );
    case 'note': {
      const { note: _old, ...bare } = entry;
      return ok(entries.with(index, edit.note === '' ? bare : { ...bare, note: edit.note }));
    }
    case 'pin': {
      const { pinned: _old, ...bare } = entry;
      return ok(entries.with(index, edit.pinned ? { ...bare, pinned: true } : bare));
    }
    case 'move':
      return ok(move(entries, index, entry, edit.index));
  }
};

/**
 * All edits in the order given, or the first error and nothing done. Errors: `not-found` for an entry that is not there,
 * `input.invalid` for an ambiguous one; both name the package.
 */
export const applyEdits = (entries: Entry[], edits: Edit[], context: EditContext): Result<Entry[]> => {
  let list = byStage(entries);
  for (const edit of edits) {
    const next = applyOne(list, edit, context);
    if (!next.ok) return next;
    list = next.value;
  }
  return ok(list);
};
