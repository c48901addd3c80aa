/** Edits of a snapshot's entries, their check against the fleet, and refreshing from newer scans. */
import type { Caller, HandlerInput, Output } from '../../../shared/contract/contract.ts';
import type { EntryWarning } from '../../../shared/contract/snapshots.ts';
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { Ecosystem } from '../../../shared/model/primitives.ts';
import type { Entry, Revision, RevisionContent } from '../../../shared/model/snapshot.ts';
import { compareVersions, createDescriber } from '../advisories/describe.ts';
import { likelyEcosystem, versionFault } from '../drivers/registry.ts';
import type { Ports } from '../ports.ts';
import { createTurns, inTurns } from '../turns.ts';
import { type CheckContext, type Checked, checkSteps } from './check.ts';
import { diffEntries } from './diff.ts';
import { applyEdits, byStage, type EditContext } from './edit.ts';
import { fixAll } from './fixAll.ts';
import { entriesFromScans } from './fromScans.ts';
import type { Knowledge } from './known.ts';
import { type Lines, shown } from './lines.ts';
import { refreshEntries } from './refresh.ts';
import { checkText, joined } from './text.ts';
import { factsOf, type Judging, verdictSteps } from './verdicts.ts';

/**
 * Whose package a name means: that of the hosts that know it in this version, else at all; of several the one the snapshot
 * is for or the only one that has such versions. A name nobody knows goes with the snapshot's own hosts or entries, then with the fleet's.
 * Errors: `input.invalid` where it could be more than one.
 */
export const ecosystemOf = (
  name: string,
  version: string,
  known: Knowledge | undefined,
  scope: Ecosystem | undefined,
  entries: Entry[],
): Result<Ecosystem> => {
  const own = [...new Set(scope === undefined ? entries.map((entry) => entry.ecosystem) : [scope])];
  const groups = [
    known?.ecosystems(name, version) ?? [],
    known?.ecosystems(name, undefined) ?? [],
    own,
    known?.all ?? [],
  ];
  // A name that only other hosts know so far, with a version that theirs cannot have, is not theirs.
  const fitting = groups.map((group) => group.filter((one) => versionFault(one, version) === undefined));
  const [first, ...others] = fitting.find((group) => group.length > 0) ?? [];
  if (first === undefined)
    return ok(groups.find((group) => group.length > 0)?.[0] ?? likelyEcosystem(version));
  if (others.length === 0) return ok(first);
  if (scope !== undefined && [first, ...others].includes(scope)) return ok(scope);
  return fail(
    'input.invalid',
    `${name} ${version} could be a package of ${[first, ...others].join(' or ')}.`,
    {
      hint: 'Say which with --ecosystem, add it out of the list of updates, or make a snapshot from hosts of one kind.',
      packages: [name],
    },
  );
};

/** Lists whose last check is remembered, so that the next one judges only what changed. */
const REMEMBERED = 4;
/** So many hosts are looked at for entries in one go. */
const SLICE_HOSTS = 5000;

export const createEditing = (ports: Ports, lines: Lines, knowledge: { read(): Promise<Knowledge> }) => {
  const { store, artefacts, clock } = ports;
  const remembered = new Map<string, Checked>();
  const kinds: Judging['kinds'] = new WeakMap();

  const judging = (): Judging => ({ describer: createDescriber(store), compareVersions, kinds });

  /** `known`: only where packages are added. */
  const editContext = (content: RevisionContent, known: Knowledge | undefined): EditContext => {
    const judge = judging();
    return {
      // One kind of host alone has or is offered exactly this version: it is that host's package.
      exactly: (name, version) => {
        const [one, ...others] = known?.ecosystems(name, version) ?? [];
        return others.length === 0 ? one : undefined;
      },
      ecosystemOf: (name, version) =>
        ecosystemOf(name, version, known, content.scope.ecosystem, content.entries),
      describe: (ecosystem, name, arch, version) =>
        known === undefined ? {} : factsOf({ ecosystem, name, arch, version }, known.everything, judge),
    };
  };

  const held: CheckContext['held'] = ({ ecosystem, name, arch, version }) =>
    arch === undefined
      ? store
          .artefacts()
          .some((one) => one.ecosystem === ecosystem && one.name === name && one.version === version)
      : artefacts.find({ ecosystem, name, arch, version }).length > 0;

  const check = async (
    { content }: Revision,
    entries: Entry[],
    known: Knowledge,
    signal?: AbortSignal,
  ): Promise<EntryWarning[]> => {
    const world = await known.world(content.scope);
    const before = remembered.get(content.line.id);
    const checked = await inTurns(
      checkSteps(entries, { world, compareVersions, held }, before),
      createTurns(clock, SLICE_HOSTS, signal),
    );
    remembered.delete(content.line.id);
    remembered.set(content.line.id, checked);
    const [oldest] = remembered.keys();
    if (remembered.size > REMEMBERED && oldest !== undefined) remembered.delete(oldest);
    return checked.findings;
  };

  const edit = async (input: HandlerInput<'snapshots.edit'>): Promise<Result<Output<'snapshots.edit'>>> => {
    const known = input.edits.some((one) => one.kind === 'add') ? await knowledge.read() : undefined;
    // From here on without a pause: nobody else's edit may come in between.
    const sound = checkText(
      input.message,
      ...input.edits.map((one) => (one.kind === 'add' || one.kind === 'note' ? one.note : undefined)),
    );
    if (!sound.ok) return sound;
    const found = lines.findHead(input.ref, input.expect);
    if (!found.ok) return found;
    const { revision } = found.value;
    const { entries } = revision.content;
    const edited = applyEdits(entries, input.edits, editContext(revision.content, known));
    if (!edited.ok) return edited;
    const message = joined([input.message]);
    // Edits that cancel out are no new revision: above all, a frozen one stays the newest.
    const same = JSON.stringify(edited.value) === JSON.stringify(byStage(entries));
    if (same && message === undefined) return shown(lines, ok(revision));
    return shown(lines, lines.append(revision, lines.next(revision, { entries: edited.value, message }), []));
  };

  const checkDraft = async (
    input: HandlerInput<'snapshots.check'>,
    signal?: AbortSignal,
  ): Promise<Result<Output<'snapshots.check'>>> => {
    const known = await knowledge.read();
    const found = lines.find(input.ref);
    if (!found.ok) return found;
    const { revision } = found.value;
    const context = editContext(revision.content, known);
    const edited = applyEdits(revision.content.entries, input.edits, context);
    if (!edited.ok) return edited;
    if (!input.fix) return ok({ findings: await check(revision, edited.value, known, signal), fixes: [] });
    const fixed = await fixAll(edited.value, {
      check: (entries) => check(revision, entries, known, signal),
      apply: (entries, edits) => applyEdits(entries, edits, context),
    });
    return ok({ findings: fixed.findings, fixes: fixed.edits });
  };

  const verdicts = async (
    input: HandlerInput<'snapshots.verdicts'>,
    signal?: AbortSignal,
  ): Promise<Result<Output<'snapshots.verdicts'>>> => {
    const known = await knowledge.read();
    const found = lines.find(input.ref);
    if (!found.ok) return found;
    const { content } = found.value.revision;
    const edited = applyEdits(content.entries, input.edits, editContext(content, known));
    if (!edited.ok) return edited;
    const world = await known.world(content.scope);
    const steps = verdictSteps(edited.value, world, judging());
    return ok({ verdicts: await inTurns(steps, createTurns(clock, SLICE_HOSTS, signal)) });
  };

  const refresh = (input: HandlerInput<'snapshots.refresh'>): Result<Output<'snapshots.refresh'>> => {
    const sound = checkText(input.message);
    if (!sound.ok) return sound;
    const found = lines.findHead(input.ref, undefined);
    if (!found.ok) return found;
    const { revision } = found.value;
    const offered = entriesFromScans({
      selectors: input.from,
      security: input.security,
      store,
      compareVersions,
    });
    if (!offered.ok) return offered;
    const old = byStage(revision.content.entries);
    const entries = refreshEntries(
      old,
      offered.value.entries,
      (ecosystem) => (a, b) => compareVersions(ecosystem, a, b),
    );
    const diff = diffEntries(old, entries);
    const same = JSON.stringify(entries) === JSON.stringify(old);
    const message = joined([
      input.message ?? `Refreshed from ${input.from.join(', ')}.`,
      ...offered.value.remarks,
    ]);
    const after = same
      ? ok(revision)
      : lines.append(revision, lines.next(revision, { entries, message }), []);
    if (!after.ok) return after;
    return ok({ snapshot: lines.view(after.value), diff });
  };

  return {
    /** For a revision as it is stored. */
    findings: async (revision: Revision, signal?: AbortSignal) =>
      check(revision, revision.content.entries, await knowledge.read(), signal),
    edit,
    /** Rejects with `cancelled` where the caller lost interest. */
    check: (input: HandlerInput<'snapshots.check'>, caller?: Caller) => checkDraft(input, caller?.signal),
    /** As `check`. */
    verdicts: (input: HandlerInput<'snapshots.verdicts'>, caller?: Caller) => verdicts(input, caller?.signal),
    refresh: async (input: HandlerInput<'snapshots.refresh'>) => refresh(input),
  };
};
