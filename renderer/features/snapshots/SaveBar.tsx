/** What is not saved yet, and what happened when somebody else was faster. */
import { Save } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import type { FrostError } from '../../../shared/errors.ts';
import { Button } from '../../ui/Button.tsx';
import { ConfirmDialog } from '../../ui/Dialog.tsx';
import { Input } from '../../ui/Field.tsx';
import { plural } from '../../ui/format.ts';
import { ErrorState, Notice } from '../../ui/Notice.tsx';
import { toast } from '../../ui/Toast.tsx';
import { type Change, listChanges } from './changes.ts';
import { doneThere, isDirty } from './drafts.ts';
import { useSnapshots } from './store.ts';

const SHOWN = 12;

export const SaveBar = ({ name }: { name: string }) => {
  const { draft, save, discard, reapply } = useSnapshots((s) => ({
    draft: s.drafts[name],
    save: s.save,
    discard: s.discard,
    reapply: s.reapply,
  }));
  const [message, setMessage] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<FrostError>();
  const [asking, setAsking] = useState(false);
  const dirty = isDirty(draft);
  const newer = draft?.newer;

  const saveIt = async () => {
    if (!dirty || busy || newer !== undefined) return;
    setBusy(true);
    setError(undefined);
    const result = await save(name, message.trim());
    setBusy(false);
    if (result.ok) {
      setMessage('');
      if (result.value !== undefined)
        toast({ tone: 'good', title: `Saved as ${name}@${result.value.revision}` });
    } else if (result.error.code !== 'state.conflict') setError(result.error);
  };
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 's' && !event.altKey) {
        event.preventDefault();
        void saveIt();
      }
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  });

  const base = draft?.editor.base;
  const entries = draft?.editor.entries;
  const changes = useMemo(
    () => (base === undefined || entries === undefined ? [] : listChanges(base.entries, entries)),
    [base, entries],
  );
  if (draft === undefined || base === undefined || (!dirty && newer === undefined && error === undefined))
    return null;
  const frozen = base.freeze !== undefined && base.state === 'frozen';
  return (
    <section className="snap-save" aria-label="Unsaved changes">
      {newer !== undefined && (
        <Notice
          tone="warn"
          title={
            <>
              <strong>
                {newer.author.name} made revision {newer.revision} meanwhile
              </strong>
              ; your {plural(changes.length, 'change')} {changes.length === 1 ? 'is' : 'are'} still based on
              revision {base.revision}. Nothing is lost.
            </>
          }
          actions={
            <>
              <Button size="sm" variant="primary" onClick={() => reapply(name)}>
                Re-apply my changes on revision {newer.revision}
              </Button>
              <Button size="sm" onClick={() => setAsking(true)}>
                Discard mine…
              </Button>
            </>
          }
        >
          <ChangeList label={`What revision ${newer.revision} changed`} changes={doneThere(draft)} />
        </Notice>
      )}
      {draft.clashes.length > 0 && (
        <Notice tone="warn" title="Both sides changed these; look at them before you save:">
          <ul className="small">
            {draft.clashes.map((each) => (
              <li key={`${each.key} ${each.what}`}>
                <span className="mono">{each.name}</span> {each.what}
              </li>
            ))}
          </ul>
        </Notice>
      )}
      {error !== undefined && (
        <ErrorState title="It was not saved" error={error} onRetry={() => void saveIt()} />
      )}
      {dirty && newer === undefined && (
        <div className="row">
          <ChangeList label={plural(changes.length, 'unsaved change')} changes={changes} />
          <div className="grow snap-message">
            <Input
              aria-label="Message for the new revision"
              placeholder="What for? (optional)"
              maxLength={2000}
              value={message}
              onChange={(event) => setMessage(event.target.value)}
            />
          </div>
          <Button onClick={() => setAsking(true)}>Discard…</Button>
          <Button
            variant="primary"
            icon={<Save size={15} aria-hidden />}
            busy={busy}
            onClick={() => void saveIt()}
          >
            Save as {frozen ? 'draft ' : ''}revision {base.revision + 1}
          </Button>
        </div>
      )}
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title="Discard the unsaved changes?"
        confirmLabel={`Discard ${plural(changes.length, 'change')}`}
        onConfirm={() => {
          discard(name);
          return Promise.resolve({ ok: true, value: undefined });
        }}
      >
        <p>
          {plural(changes.length, 'change')} to {name} {changes.length === 1 ? 'is' : 'are'} forgotten; the
          list is again that of revision {(newer ?? base).revision}.
        </p>
      </ConfirmDialog>
    </section>
  );
};

const ChangeList = ({ label, changes }: { label: string; changes: readonly Change[] }) => (
  <details className="snap-changes small">
    <summary>{label}</summary>
    <ul>
      {changes.slice(0, SHOWN).map((each) => (
        <li key={`${each.key} ${each.what}`}>
          <span className="mono">{each.name}</span> {each.what}
        </li>
      ))}
      {changes.length > SHOWN && <li className="muted">and {changes.length - SHOWN} more</li>}
    </ul>
  </details>
);
