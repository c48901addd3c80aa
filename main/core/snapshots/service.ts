/** Snapshots: lines of revisions, made from scans. Edits are in editing.ts, freezes in freezing.ts, files in transfer.ts. */
import type { Caller, HandlerInput, Output } from '../../../shared/contract/contract.ts';
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { RevisionContent, SnapshotSummary } from '../../../shared/model/snapshot.ts';
import { compareVersions } from '../advisories/describe.ts';
import type { Ports } from '../ports.ts';
import { appliedRuleSet, applyRules } from '../rules/service.ts';
import { createTurns } from '../turns.ts';
import { diffRevisions, diffVersions } from './diff.ts';
import { createEditing, ecosystemOf } from './editing.ts';
import { createExcepting } from './excepting.ts';
import { freezeLabel } from './freeze.ts';
import { createFreezing } from './freezing.ts';
import { entriesFromScans } from './fromScans.ts';
import { selectorMatches } from './judge.ts';
import { createKnowledge } from './known.ts';
import { createLines, shown } from './lines.ts';
import { revisionsInTurns, SLICE_CHARACTERS } from './longWork.ts';
import { createJoin, createMerging } from './merging.ts';
import { outsideOf } from './outside.ts';
import { createPromoting } from './promoting.ts';
import { createReapplying } from './reapplying.ts';
import { checkText, joined } from './text.ts';
import { createTransfer } from './transfer.ts';
import { contextOf, summaryOf } from './view.ts';

export type SnapshotService = ReturnType<typeof createSnapshotService>;

export const createSnapshotService = (ports: Ports) => {
  const { store, clock, changes } = ports;
  const lines = createLines(ports);
  const versions = { ...createMerging(ports, lines), ...createPromoting(ports, lines) };
  const knowledge = createKnowledge(store, clock);
  const { findings, ...editing } = createEditing(ports, lines, knowledge);

  const excepting = createExcepting(ports, lines);
  const except = async (
    input: HandlerInput<'snapshots.except'>,
  ): Promise<Result<Output<'snapshots.except'>>> => {
    const known = input.ecosystem === undefined ? await knowledge.read() : undefined;
    return excepting.except(input, (name, version, { content }) =>
      ecosystemOf(name, version, known, content.scope.ecosystem, content.entries),
    );
  };

  const list = (): Result<Output<'snapshots.list'>> => {
    const freezes = store.freezes();
    return ok({
      snapshots: store.lines().flatMap((line): SnapshotSummary[] => {
        const head = store.revision(line.headId);
        return head === undefined
          ? []
          : [summaryOf(head, contextOf(line, freezes, clock.now()), line.revisions)];
      }),
    });
  };

  const show = async (
    input: HandlerInput<'snapshots.show'>,
    caller?: Caller,
  ): Promise<Result<Output<'snapshots.show'>>> => {
    const found = lines.find(input.ref);
    if (!found.ok) return found;
    const { revision, line } = found.value;
    const live = lines.liveFreeze(line.id);
    const view = lines.view(revision);
    const frozen = live !== undefined && (view.state === 'frozen' || view.frozenRevision !== undefined);
    const context = { store, hosts: store.hosts(), matches: selectorMatches(store), at: clock.now() };
    return ok({
      snapshot: frozen ? { ...view, outside: outsideOf(live, context) } : view,
      warnings: await findings(revision, caller?.signal),
    });
  };

  const history = async (
    input: HandlerInput<'snapshots.history'>,
    caller?: Caller,
  ): Promise<Result<Output<'snapshots.history'>>> => {
    const found = lines.find(input.ref);
    if (!found.ok) return found;
    const { line } = found.value;
    const turn = createTurns(clock, SLICE_CHARACTERS, caller?.signal);
    const all = await revisionsInTurns(store, line.id, turn);
    const context = contextOf(line, store.freezes(), clock.now());
    return ok({ revisions: all.map((revision) => summaryOf(revision, context, line.revisions)) });
  };

  /** What a new snapshot holds: what rules take, what scans offer, or nothing. */
  const contentFrom = (
    input: HandlerInput<'snapshots.create'>,
  ): Result<Pick<RevisionContent, 'entries' | 'scope' | 'rules'> & { remarks: string[] }> => {
    const from = input.from ?? [];
    if (input.rules !== undefined) {
      if (input.security)
        return fail('input.invalid', 'Rules say themselves what is taken: security goes without them.');
      const applied = applyRules(input.rules, from, ports);
      return applied.ok ? ok({ ...applied.value, rules: [appliedRuleSet(applied.value)] }) : applied;
    }
    if (from.length === 0) return ok({ entries: [], scope: {}, remarks: [], rules: [] });
    const made = entriesFromScans({ selectors: from, security: input.security, store, compareVersions });
    return made.ok ? ok({ ...made.value, rules: [] }) : made;
  };

  const create = (input: HandlerInput<'snapshots.create'>): Result<Output<'snapshots.create'>> => {
    const sound = checkText(input.message);
    if (!sound.ok) return sound;
    const namesake = store.line(input.name);
    if (namesake !== undefined)
      return fail('already-exists', `There is a snapshot named '${namesake.name}' already.`, {
        hint: 'Choose another name, or remove that one.',
      });
    const made = contentFrom(input);
    if (!made.ok) return made;
    const { entries, scope, remarks, rules } = made.value;
    const revision = lines.first(input.name, entries, scope, joined([input.message, ...remarks]), rules);
    store.putRevisions(
      [revision],
      { lineId: revision.content.line.id, name: input.name, revisionId: revision.id },
      [],
    );
    changes.announce({ type: 'snapshots' });
    return shown(lines, ok(revision));
  };

  const restore = (input: HandlerInput<'snapshots.restore'>): Result<Output<'snapshots.restore'>> => {
    const found = lines.find(input.ref);
    if (!found.ok) return found;
    const { revision, head, line } = found.value;
    if (head) return shown(lines, ok(revision));
    const newest = store.revision(line.headId);
    if (newest === undefined) return fail('internal', `'${line.name}' has lost its newest revision.`);
    const { entries, scope, rules, number } = revision.content;
    const message = `Restored from revision ${number}.`;
    return shown(lines, lines.append(newest, lines.next(newest, { entries, scope, rules, message }), []));
  };

  const diff = (input: HandlerInput<'snapshots.diff'>): Result<Output<'snapshots.diff'>> => {
    const a = lines.find(input.a);
    if (!a.ok) return a;
    const b = lines.find(input.b);
    if (!b.ok) return b;
    return ok(diffRevisions(a.value.revision.content, b.value.revision.content));
  };

  const diffScan = (input: HandlerInput<'snapshots.diffScan'>): Result<Output<'snapshots.diffScan'>> => {
    const found = lines.find(input.ref);
    if (!found.ok) return found;
    const offered = entriesFromScans({ selectors: input.selectors, security: false, store, compareVersions });
    if (!offered.ok) return offered;
    // A comparison has no room for a remark, and what an unknown host offers might be the difference.
    if (offered.value.without.length > 0)
      return fail('input.invalid', `Never scanned with success: ${offered.value.without.join(', ')}.`, {
        hint: 'Scan these hosts, or leave them out: their updates are not known.',
      });
    return ok(diffVersions(found.value.revision.content.entries, offered.value.entries));
  };

  const remove = (input: HandlerInput<'snapshots.remove'>): Result<Output<'snapshots.remove'>> => {
    const found = lines.find(input.ref);
    if (!found.ok) return found;
    const { line, head } = found.value;
    if (!head)
      return fail('input.invalid', `Single revisions are never removed; '${line.name}' can be, as a whole.`);
    const live = lines.liveFreeze(line.id);
    if (live !== undefined)
      return fail(
        'state.conflict',
        `'${line.name}' cannot be removed: there is ${freezeLabel(live, clock.now())}.`,
        {
          hint: 'Thaw it first.',
        },
      );
    const own = new Set(store.revisionIds(line.id).map(({ id }) => id));
    if (store.unfinishedRuns().some(({ run }) => own.has(run.snapshot.id)))
      return fail('state.conflict', `'${line.name}' cannot be removed: a run of it is not finished.`);
    store.removeLine(line.id);
    changes.announce({ type: 'snapshots' });
    return ok({ removed: line.name });
  };

  return {
    list: async (_input: HandlerInput<'snapshots.list'>) => list(),
    show,
    history,
    create: async (input: HandlerInput<'snapshots.create'>) => create(input),
    restore: async (input: HandlerInput<'snapshots.restore'>) => restore(input),
    diff: async (input: HandlerInput<'snapshots.diff'>) => diff(input),
    diffScan: async (input: HandlerInput<'snapshots.diffScan'>) => diffScan(input),
    remove: async (input: HandlerInput<'snapshots.remove'>) => remove(input),
    ...editing,
    ...createReapplying(ports, lines),
    ...createFreezing(ports, lines),
    except,
    withdraw: async (input: HandlerInput<'snapshots.withdraw'>) => excepting.withdraw(input),
    ...createTransfer(ports, lines, createJoin(ports, lines)),
    versions,
  };
};
