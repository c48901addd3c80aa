/** The rules of a snapshot applied once more: what that would change, before it is saved. */
import { useState } from 'react';
import type { SnapshotView } from '../../../shared/model/snapshot.ts';
import { present } from '../../app/loadable.ts';
import { useAsked } from '../../app/useAsked.ts';
import { Loading } from '../../ui/EmptyState.tsx';
import { Field, Select } from '../../ui/Field.tsx';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { ErrorState, Notice } from '../../ui/Notice.tsx';
import { toast } from '../../ui/Toast.tsx';
import { useRules } from '../rules/store.ts';
import { DiffView } from './DiffView.tsx';
import { SelectorField } from './SelectorField.tsx';
import { useSnapshots } from './store.ts';
import { useMatches } from './useMatches.ts';

/** The choice that means the rules as the revision holds them; no set of rules has an empty name. */
const HELD = '';

export const ApplyRulesDialog = ({ snapshot, onClose }: { snapshot: SnapshotView; onClose: () => void }) => {
  const apply = useSnapshots((s) => s.applyRules);
  const saved = useRules((s) => present(s.ruleSets)) ?? [];
  const held = snapshot.rules ?? [];
  const [rules, setRules] = useState(held.length === 1 ? HELD : (held[0]?.name ?? HELD));
  const [selector, setSelector] = useState('all');
  const matches = useMatches(selector);
  const from = selector.trim();
  const asked = {
    ref: snapshot.name,
    from: from === '' ? [] : [from],
    ...(rules === HELD ? {} : { rules: { name: rules } }),
  };
  const preview = useAsked('snapshots.previewRules', asked);
  // What stands there while it is asked anew is about something else.
  const found = preview.status === 'ready' && !preview.refreshing ? preview.value : undefined;

  const save = async () => {
    if (found === undefined) return undefined;
    const result = await apply(snapshot.name, { ...asked, expect: found.base });
    if (result.ok && result.value !== undefined)
      toast({ tone: 'good', title: `${snapshot.name} is now revision ${result.value.revision}.` });
    return result;
  };

  return (
    <FormDialog
      onClose={onClose}
      title="Apply the rules again"
      text="To what the hosts are offered now. What was added, decided, pinned, ordered, noted or taken out by hand stays."
      size="lg"
      onSubmit={save}
      errorTitle="It was not saved"
      action={`Save as revision ${snapshot.revision + 1}`}
      disabled={found === undefined || found.same}
      reason={found === undefined ? 'It is not known yet what would change' : 'Nothing would change'}
    >
      <Field label="Rules">
        <Select value={rules} onChange={(event) => setRules(event.target.value)}>
          {held.length === 1 && (
            <option value={HELD}>
              {held[0]?.name}, as revision {snapshot.revision} holds them
              {held[0]?.version === undefined ? '' : ` (version ${held[0].version})`}
            </option>
          )}
          {saved.map((one) => (
            <option key={one.name} value={one.name}>
              {one.name}, saved version {one.version}
            </option>
          ))}
        </Select>
      </Field>
      <SelectorField label="What they take on" matches={matches} value={selector} onChange={setSelector} />
      <section
        aria-label="What would change"
        aria-busy={found === undefined && preview.status !== 'error'}
        className="stack"
      >
        {found === undefined && preview.status !== 'error' && <Loading label="Applying the rules" rows={3} />}
        {preview.status === 'error' && (
          <ErrorState title="The rules cannot be applied" error={preview.error} />
        )}
        {found?.remarks.map((remark) => (
          <Notice key={remark} tone="warn" title={remark} />
        ))}
        {found !== undefined && (
          <DiffView diff={found.diff} from={`revision ${snapshot.revision}`} to="what the rules take now" />
        )}
      </section>
    </FormDialog>
  );
};
