/** Snapshots: the list, the one that is open, and the unsaved edits, which stay while the window is open. */

import type { z } from 'zod';
import { createStore } from 'zustand/vanilla';
import type { CallInput, Output } from '../../../shared/contract/contract.ts';
import type { SignWith } from '../../../shared/contract/signatures.ts';
import type { Edit, EntryVerdict, EntryWarning } from '../../../shared/contract/snapshots.ts';
import { type FrostError, frostError, type Result } from '../../../shared/errors.ts';
import type { Entry, ExceptionView, SnapshotSummary, SnapshotView } from '../../../shared/model/snapshot.ts';
import { featureStore } from '../../app/featureStore.ts';
import { coalesce, type Loadable, loaded, loading, refreshing } from '../../app/loadable.ts';
import { type Draft, isDirty, meet, openDraft, reapply, saved, unsaved } from './drafts.ts';
import { edit, redo, undo } from './editor.ts';

export type FreezeInfo = Output<'snapshots.freezes'>['freezes'][number];
export type Warning = z.infer<typeof EntryWarning>;
export type KnownUpdate = Output<'scans.updates'>['updates'][number];
export type Verified = Output<'snapshots.verify'>;
/** A file's text, and what opens it where it is encrypted. */
export type Incoming = CallInput<'snapshots.verify'>;
export type FreezeForm = {
  hosts: string;
  from: string;
  to: string;
  zone: string;
  policy: 'listed-only' | 'listed-or-dependency';
  guard: boolean;
  recurrence?: { rule: string; exclude: string[] };
};
export type ExceptionForm = Omit<CallInput<'snapshots.except'>, 'ref'>;
type Answer = Promise<Result<SnapshotView>>;

/** `SnapshotPage` shows one of these. `head` is the newest revision as read last. */
export type OpenSnapshot = { head: SnapshotView; warnings: readonly Warning[] };

export type SnapshotsState = {
  list: Loadable<readonly SnapshotSummary[]>;
  freezes: readonly FreezeInfo[];
  open: Readonly<Record<string, Loadable<OpenSnapshot>>>;
  drafts: Readonly<Record<string, Draft>>;
  updates: Loadable<readonly KnownUpdate[]>;
  /** Grows when scans, the fleet or imported data changed what findings and verdicts rest on; of a burst of changes only now and then. */
  scans: number;
  reload: () => Promise<void>;
  read: (name: string) => Promise<void>;
  readUpdates: () => Promise<void>;
  create: (o: { name: string; from: string[] | undefined; security: boolean; message: string }) => Answer;
  change: (name: string, label: string, how: (entries: readonly Entry[]) => readonly Entry[]) => void;
  undo: (name: string) => void;
  redo: (name: string) => void;
  discard: (name: string) => void;
  reapply: (name: string) => void;
  save: (name: string, message: string) => Promise<Result<SnapshotView | undefined>>;
  restore: (name: string, revision: number) => Answer;
  freeze: (name: string, form: FreezeForm) => Answer;
  thaw: (name: string, reason: string) => Answer;
  except: (name: string, form: ExceptionForm) => Answer;
  withdraw: (name: string, exception: ExceptionView, reason: string) => Answer;
  preview: (
    asked: CallInput<'freezes.preview'>,
    signal?: AbortSignal,
  ) => Promise<Result<Output<'freezes.preview'>>>;
  readCalendar: (text: string, zone: string) => Promise<Result<Output<'freezes.readCalendar'>>>;
  remove: (name: string) => Promise<Result<unknown>>;
  applyRules: (name: string, asked: CallInput<'snapshots.applyRules'>) => Answer;
  /** Findings on a revision with edits that are not stored. */
  check: (ref: string, edits: Edit[], signal: AbortSignal) => Promise<Result<readonly EntryWarning[]>>;
  /** What is known today of the entries, with edits that are not stored. */
  verdicts: (ref: string, edits: Edit[], signal: AbortSignal) => Promise<Result<readonly EntryVerdict[]>>;
  /** The edits that mend what can be, on top of these. */
  fixes: (ref: string, edits: Edit[]) => Promise<Result<Output<'snapshots.check'>>>;
  history: (name: string) => Promise<Result<Output<'snapshots.history'>>>;
  diff: (a: string, b: string) => Promise<Result<Output<'snapshots.diff'>>>;
  diffScan: (ref: string, selectors: string[]) => Promise<Result<Output<'snapshots.diffScan'>>>;
  exportFile: (ref: string) => Promise<Result<Output<'snapshots.export'>>>;
  verify: (file: Incoming) => Promise<Result<Verified>>;
  importFile: (file: Incoming) => Answer;
  /** Empty `file`: in the data folder; empty `since`: whole. */
  makeBundle: (o: {
    ref: string;
    hosts: string;
    file: string;
    since: string;
    direct: boolean;
  }) => Promise<Result<Output<'bundles.make'>>>;
  signBundle: (file: string, how: SignWith) => Promise<Result<Output<'bundles.sign'>>>;
  bundleFolder: () => Promise<Result<Output<'bundles.list'>>>;
  verifyBundle: (file: string) => Promise<Result<Output<'bundles.verify'>>>;
  importBundle: (file: string) => Answer;
  /** Hosts a selector matches. */
  match: (selectors: string[], signal?: AbortSignal) => Promise<Result<Output<'hosts.list'>>>;
};

/** While a fleet is being scanned, findings are asked for anew no more often than this. */
const SCANS_PAUSE_MS = 3000;

export const useSnapshots = featureStore<SnapshotsState>(({ client, changes }) => {
  /** Being saved: the revision that is announced meanwhile is our own. */
  const saving = new Set<string>();
  const store = createStore<SnapshotsState>((set, get) => {
    const setDraft = (name: string, draft: Draft) =>
      set((state) => ({ drafts: { ...state.drafts, [name]: draft } }));
    const onDraft = (name: string, how: (draft: Draft) => Draft) => {
      const draft = get().drafts[name];
      if (draft !== undefined) setDraft(name, how(draft));
    };
    /** What a command answered is newer than what was read; warnings are read again after it. */
    const settle = async (asked: Promise<Result<{ snapshot: SnapshotView }>>): Answer => {
      const result = await asked;
      if (!result.ok) return result;
      const head = result.value.snapshot;
      onDraft(head.name, (draft) => meet(draft, head));
      void readList();
      await get().read(head.name);
      return { ok: true, value: head };
    };

    return {
      list: loading,
      freezes: [],
      open: {},
      drafts: {},
      updates: loading,
      scans: 0,
      reload: () => readList(),
      read: async (name) => {
        const before = get().open[name] ?? loading;
        set((state) => ({ open: { ...state.open, [name]: refreshing(before) } }));
        const result = await client.call('snapshots.show', { ref: name });
        const answer: Result<OpenSnapshot> = result.ok
          ? { ok: true, value: { head: result.value.snapshot, warnings: result.value.warnings } }
          : result;
        set((state) => ({ open: { ...state.open, [name]: loaded(answer, before) } }));
        if (result.ok && !saving.has(name)) setDraft(name, meet(get().drafts[name], result.value.snapshot));
      },
      readUpdates: async () => {
        const result = await client.call('scans.updates', { selectors: ['all'], security: false });
        const answer = result.ok ? { ok: true as const, value: result.value.updates } : result;
        set((state) => ({ updates: loaded(answer, state.updates) }));
      },
      create: ({ name, from, security, message }) =>
        settle(
          client.call('snapshots.create', {
            name,
            ...(from === undefined ? {} : { from, security }),
            ...(message === '' ? {} : { message }),
          }),
        ),
      change: (name, label, how) =>
        onDraft(name, (draft) => ({ ...draft, editor: edit(draft.editor, label, how) })),
      undo: (name) => onDraft(name, (draft) => ({ ...draft, editor: undo(draft.editor) })),
      redo: (name) => onDraft(name, (draft) => ({ ...draft, editor: redo(draft.editor) })),
      discard: (name) => onDraft(name, (draft) => openDraft(draft.newer ?? draft.editor.base)),
      reapply: (name) => onDraft(name, reapply),
      save: async (name, message) => {
        const draft = get().drafts[name];
        if (draft === undefined) return { ok: true, value: undefined };
        const { base } = draft.editor;
        const sent = draft.editor.entries;
        saving.add(name);
        const result = await client.call('snapshots.edit', {
          ref: name,
          edits: unsaved(draft),
          expect: base.id,
          ...(message === '' ? {} : { message }),
        });
        saving.delete(name);
        if (result.ok) {
          const view = result.value.snapshot;
          // Edits made while it was being saved stay unsaved edits.
          onDraft(name, (now) =>
            now.editor.entries === sent
              ? saved(now, view)
              : reapply({
                  ...now,
                  editor: { ...now.editor, base: { ...base, entries: [...sent] } },
                  newer: view,
                }),
          );
          void readList();
          await get().read(name);
          return { ok: true, value: view };
        }
        // Somebody was faster: the newest revision is read and waits beside the unsaved edits.
        if (result.error.code === 'state.conflict') await get().read(name);
        return result;
      },
      restore: (name, revision) => settle(client.call('snapshots.restore', { ref: `${name}@${revision}` })),
      freeze: (name, form) => settle(client.call('snapshots.freeze', { ref: name, ...form })),
      thaw: (name, reason) => settle(client.call('snapshots.thaw', { ref: name, reason })),
      except: (name, form) => settle(client.call('snapshots.except', { ref: name, ...form })),
      withdraw: (ref, { name, version, arch, ecosystem }, reason) =>
        settle(
          client.call('snapshots.withdraw', {
            ref,
            name,
            version,
            ...(arch === undefined ? {} : { arch }),
            ecosystem,
            reason,
          }),
        ),
      preview: (asked, signal) => client.call('freezes.preview', asked, signal),
      readCalendar: (text, zone) => client.call('freezes.readCalendar', { text, zone }),
      remove: async (name) => {
        const result = await client.call('snapshots.remove', { ref: name });
        if (result.ok) {
          set((state) => ({ drafts: without(state.drafts, name), open: without(state.open, name) }));
          void readList();
        }
        return result;
      },
      applyRules: (name, asked) => settle(client.call('snapshots.applyRules', { ...asked, ref: name })),
      check: async (ref, edits, signal) => {
        const result = await client.call('snapshots.check', { ref, edits, fix: false }, signal);
        return result.ok ? { ok: true, value: result.value.findings } : result;
      },
      verdicts: async (ref, edits, signal) => {
        const result = await client.call('snapshots.verdicts', { ref, edits }, signal);
        return result.ok ? { ok: true, value: result.value.verdicts } : result;
      },
      fixes: (ref, edits) => client.call('snapshots.check', { ref, edits, fix: true }),
      history: (name) => client.call('snapshots.history', { ref: name }),
      diff: (a, b) => client.call('snapshots.diff', { a, b }),
      diffScan: (ref, selectors) => client.call('snapshots.diffScan', { ref, selectors }),
      exportFile: (ref) => client.call('snapshots.export', { ref }),
      verify: (file) => client.call('snapshots.verify', file),
      importFile: (file) => settle(client.call('snapshots.import', file)),
      makeBundle: ({ ref, hosts, file, since, direct }) =>
        client.call('bundles.make', {
          ref,
          hosts: [hosts],
          ...(file === '' ? {} : { file }),
          ...(since === '' ? {} : { since }),
          direct,
        }),
      signBundle: (file, how) => client.call('bundles.sign', { file, with: how }),
      bundleFolder: () => client.call('bundles.list', {}),
      verifyBundle: (file) => client.call('bundles.verify', { file }),
      importBundle: (file) => settle(client.call('bundles.import', { file })),
      match: (selectors, signal) => client.call('hosts.list', { selectors }, signal),
    };
  });

  const readList = coalesce(async () => {
    store.setState((state) => ({ list: refreshing(state.list) }));
    const [list, freezes] = await Promise.all([
      client.call('snapshots.list', {}),
      client.call('snapshots.freezes', {}),
    ]);
    store.setState((state) => ({
      list: loaded(list.ok ? { ok: true, value: list.value.snapshots } : list, state.list),
      ...(freezes.ok ? { freezes: freezes.value.freezes } : {}),
    }));
  });
  const readOpen = coalesce(async () => {
    await Promise.all(Object.keys(store.getState().open).map((name) => store.getState().read(name)));
  });
  const noticeScans = coalesce(
    async () => store.setState((state) => ({ scans: state.scans + 1 })),
    SCANS_PAUSE_MS,
  );
  changes.on((change) => {
    if (change.type === 'scan' || change.type === 'hosts' || change.type === 'advisories') void noticeScans();
    // How grave the patches outside a freeze are.
    if (change.type === 'advisories') void readList();
    if (change.type !== 'snapshots' && change.type !== 'reset') return;
    void readList();
    void readOpen();
  });
  void readList();
  return store;
});

const without = <T>(record: Readonly<Record<string, T>>, name: string): Record<string, T> =>
  Object.fromEntries(Object.entries(record).filter(([key]) => key !== name));

/** Names of the snapshots with unsaved edits. */
export const dirtyNames = (state: SnapshotsState): string[] =>
  Object.entries(state.drafts).flatMap(([name, draft]) => (isDirty(draft) ? [name] : []));

export const tooLarge = (bytes: number, most: number): FrostError =>
  frostError('exchange.too-large', `The file has ${bytes} bytes; at most ${most} are read.`);
