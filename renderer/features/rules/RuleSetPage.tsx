/** One set of rules: its text, what is wrong with it, what it would take now, its versions. */
import { Layers, Save, Undo2 } from 'lucide-react';
import { useCallback, useEffect, useState } from 'react';
import { Link, useLocation } from 'wouter';
import type { FrostError } from '../../../shared/errors.ts';
import type { RuleSetSummary, SavedRuleSet } from '../../../shared/model/rule.ts';
import { useCommand } from '../../app/commands.ts';
import { useDeps } from '../../transport/client.tsx';
import { Badge } from '../../ui/Badge.tsx';
import { Button } from '../../ui/Button.tsx';
import { Loading } from '../../ui/EmptyState.tsx';
import { Field, Input, Select } from '../../ui/Field.tsx';
import { formatDateTime, plural } from '../../ui/format.ts';
import { ErrorState, Notice } from '../../ui/Notice.tsx';
import { PageHeader } from '../../ui/PageHeader.tsx';
import { toast } from '../../ui/Toast.tsx';
import { SelectorField } from '../snapshots/SelectorField.tsx';
import { useMatches } from '../snapshots/useMatches.ts';
import { CreateFromRules } from './CreateFromRules.tsx';
import { PreviewTable } from './PreviewTable.tsx';
import { RulesText } from './RulesText.tsx';
import { NEW, useRules } from './store.ts';
import { useJudged } from './useJudged.ts';
import './rules.css';

const FIRST = `# Security patches at once, everything else after a week.
name: baseline
rules:
  - id: security
    match:
      classification: security
    complianceLevel: critical
  - id: rest
    approve:
      afterDays: 7
`;

type Stored =
  | { status: 'loading' }
  | { status: 'ready'; newest?: SavedRuleSet; versions: readonly RuleSetSummary[] }
  | { status: 'error'; error: FrostError };

/** The set as it is stored, read again when rules change. */
const useStored = (name: string): Stored => {
  const { client, changes } = useDeps();
  const [stored, setStored] = useState<Stored>({ status: 'loading' });
  const read = useCallback(async () => {
    if (name === NEW) return setStored({ status: 'ready', versions: [] });
    const [newest, history] = await Promise.all([
      client.call('rules.show', { name }),
      client.call('rules.history', { name }),
    ]);
    if (!newest.ok) return setStored({ status: 'error', error: newest.error });
    if (!history.ok) return setStored({ status: 'error', error: history.error });
    setStored({ status: 'ready', newest: newest.value.saved, versions: history.value.versions });
  }, [client, name]);
  useEffect(() => {
    void read();
    return changes.on((change) => {
      if (change.type === 'rules' || change.type === 'reset') void read();
    });
  }, [changes, read]);
  return stored;
};

/** Counts up when hosts, scans or advisory data changed: what is offered may be other now. */
const useOffered = (): number => {
  const { changes } = useDeps();
  const [count, setCount] = useState(0);
  useEffect(
    () =>
      changes.on((change) => {
        if (['scan', 'hosts', 'advisories', 'reset'].includes(change.type)) setCount((before) => before + 1);
      }),
    [changes],
  );
  return count;
};

export const RuleSetPage = ({ name }: { name: string }) => {
  const stored = useStored(name);
  if (stored.status === 'ready')
    return <RuleSetEditor name={name} newest={stored.newest} versions={stored.versions} />;
  return (
    <div className="page">
      <PageHeader title={name} crumb={<Link href="/rules">Rules</Link>} />
      <div className="page-body">
        {stored.status === 'loading' ? (
          <Loading label="Reading the rules" />
        ) : (
          <ErrorState title="These rules cannot be read" error={stored.error} />
        )}
      </div>
    </div>
  );
};

const RuleSetEditor = ({
  name,
  newest,
  versions,
}: {
  name: string;
  newest: SavedRuleSet | undefined;
  versions: readonly RuleSetSummary[];
}) => {
  const { client } = useDeps();
  const [, navigate] = useLocation();
  const { draft, setDraft } = useRules((s) => ({ draft: s.drafts.get(name), setDraft: s.setDraft }));
  const [selector, setSelector] = useState('all');
  const [creating, setCreating] = useState(false);
  const [saving, setSaving] = useState(false);
  const [message, setMessage] = useState('');
  const [error, setError] = useState<FrostError>();
  const savedText = newest?.text ?? FIRST;
  const text = draft?.text ?? savedText;
  const base = draft?.base ?? newest?.version ?? 0;
  const changed = newest === undefined || text !== newest.text;
  const judged = useJudged(text, selector, useOffered());
  const matches = useMatches(selector);
  const sound = !judged.stale && judged.name !== undefined;
  const write = (next: string) => setDraft(name, next === savedText ? undefined : { text: next, base });

  const save = async () => {
    setSaving(true);
    setError(undefined);
    const result = await client.call('rules.save', {
      text,
      // A text that names another set is the next version of that one.
      ...(judged.name === newest?.name || newest === undefined ? { expect: base } : {}),
      ...(message.trim() === '' ? {} : { message: message.trim() }),
    });
    setSaving(false);
    if (!result.ok) return setError(result.error);
    setDraft(name, undefined);
    setMessage('');
    const { saved } = result.value;
    toast({ tone: 'good', title: `${saved.name} is saved as version ${saved.version}.` });
    navigate(`/rules/${encodeURIComponent(saved.name)}`, { replace: true });
  };
  const why = judged.stale ? 'The rules are just being checked' : 'The rules have faults';
  useCommand({
    id: 'rules.save',
    label: 'Save the rules',
    group: 'Rules',
    keys: 'mod+s',
    disabled: !sound || !changed,
    run: () => void save(),
  });

  const showVersion = async (version: number) => {
    const found = await client.call('rules.show', { name, version });
    if (!found.ok) return setError(found.error);
    write(found.value.saved.text);
  };

  const { preview } = judged;
  return (
    <div className="page">
      <PageHeader
        title={newest?.name ?? 'New rules'}
        crumb={<Link href="/rules">Rules</Link>}
        badges={
          changed ? (
            <Badge tone="warn">not saved</Badge>
          ) : (
            <Badge tone="good">{`version ${newest.version}`}</Badge>
          )
        }
        actions={
          <>
            {draft !== undefined && (
              <Button icon={<Undo2 size={15} aria-hidden />} onClick={() => setDraft(name, undefined)}>
                Drop changes
              </Button>
            )}
            <Button
              icon={<Layers size={15} aria-hidden />}
              disabled={!sound || preview === undefined}
              reason={preview === undefined && sound ? 'There is nothing to take' : why}
              onClick={() => setCreating(true)}
            >
              Create snapshot…
            </Button>
            <Button
              variant="primary"
              icon={<Save size={15} aria-hidden />}
              busy={saving}
              disabled={!sound || !changed}
              reason={changed ? why : 'Nothing was changed'}
              onClick={() => void save()}
            >
              Save
            </Button>
          </>
        }
      />
      <div className="page-body rules-body">
        <div className="rules-side stack">
          <RulesText text={text} issues={judged.issues} onChange={write} />
          {error !== undefined && <ErrorState title="The rules were not saved" error={error} />}
          <div className="rules-fields">
            {versions.length > 1 && (
              <Field label="Take the text of a version">
                <Select value="" onChange={(event) => void showVersion(Number(event.target.value))}>
                  <option value="" disabled>
                    {plural(versions.length, 'version')}
                  </option>
                  {versions.map((one) => (
                    <option key={one.version} value={one.version}>
                      {`${one.version} · ${formatDateTime(one.savedAt)} · ${one.author}${one.message === undefined ? '' : ` · ${one.message}`}`}
                    </option>
                  ))}
                </Select>
              </Field>
            )}
            {changed && (
              <Field label="Why this change" optional>
                <Input
                  maxLength={2000}
                  value={message}
                  onChange={(event) => setMessage(event.target.value)}
                />
              </Field>
            )}
          </div>
        </div>
        <section className="rules-preview stack" aria-label="Preview" aria-busy={judged.stale}>
          <SelectorField
            label="What they take on"
            matches={matches}
            value={selector}
            onChange={setSelector}
          />
          <p role="status" className="small">
            {preview === undefined
              ? judged.issues.length > 0
                ? 'Mend the faults to see what the rules take.'
                : judged.error === undefined
                  ? 'Checking the rules…'
                  : ''
              : `${plural(preview.entries, 'entry', 'entries')} out of ${plural(preview.rows.length, 'offered version')}.`}
          </p>
          {judged.error !== undefined && <ErrorState error={judged.error} />}
          {preview?.remarks.map((remark) => (
            <Notice key={remark} tone="warn" title={remark} />
          ))}
          {preview !== undefined && preview.unused.length > 0 && (
            <Notice
              tone="neutral"
              title={`Listed, but not offered by any of these hosts: ${preview.unused
                .map(
                  ({ list, item }) =>
                    `${item.name}${item.version === undefined ? '' : ` ${item.version}`} (${list})`,
                )
                .join(', ')}`}
            />
          )}
          {preview !== undefined && <PreviewTable rows={preview.rows} />}
        </section>
      </div>
      {creating && preview !== undefined && (
        <CreateFromRules
          rules={changed ? { text } : { name: newest.name, version: newest.version }}
          selector={selector}
          entries={preview.entries}
          onClose={() => setCreating(false)}
        />
      )}
    </div>
  );
};
