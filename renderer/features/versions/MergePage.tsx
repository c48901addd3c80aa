/** Merging a revision into the newest one: what both sides changed side by side, decided one by one, looked at, and saved. */
import { GitMerge } from 'lucide-react';
import { useEffect, useId, useState } from 'react';
import { Link, useLocation } from 'wouter';
import type { FrostError, Result } from '../../../shared/errors.ts';
import type { MergeConflict } from '../../../shared/model/versions.ts';
import { Button } from '../../ui/Button.tsx';
import { EmptyState, Loading } from '../../ui/EmptyState.tsx';
import { Field, Input } from '../../ui/Field.tsx';
import { formatDateTime, plural } from '../../ui/format.ts';
import { ErrorState, Notice } from '../../ui/Notice.tsx';
import { PageHeader } from '../../ui/PageHeader.tsx';
import { toast } from '../../ui/Toast.tsx';
import { DiffView } from '../snapshots/DiffView.tsx';
import {
  conflictKey,
  conflictTitle,
  type Decision,
  fieldTitle,
  resolutionsOf,
  takesValue,
  valueText,
} from './conflicts.ts';
import { type MergePreview, shortId, useVersions } from './store.ts';
import './versions.css';

const NONE: ReadonlyMap<string, Decision> = new Map();

const byKey = (a: MergeConflict, b: MergeConflict): number => (conflictKey(a) < conflictKey(b) ? -1 : 1);

export const MergePage = ({ name, theirs }: { name: string; theirs: string }) => {
  const preview = useVersions((s) => s.preview);
  const [decisions, setDecisions] = useState(NONE);
  const [answer, setAnswer] = useState<Result<MergePreview>>();
  const [all, setAll] = useState<MergeConflict[]>([]);
  const [attempt, setAttempt] = useState(0);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `all` only grows out of the answer; a retry asks anew
  useEffect(() => {
    let current = true;
    void preview({ ours: name, theirs, resolutions: resolutionsOf(all, decisions) }).then((result) => {
      if (!current) return;
      setAnswer(result);
      if (!result.ok) return;
      const { conflicts, decided } = result.value;
      const found = [...conflicts, ...decided.map((one) => one.conflict)].sort(byKey);
      setAll(found);
      // A decision can bring a conflict or take one away: what was decided about that one is not sent any more.
      if (found.map(conflictKey).join('\n') !== all.map(conflictKey).join('\n'))
        setAttempt((count) => count + 1);
    });
    return () => {
      current = false;
    };
  }, [preview, name, theirs, decisions, attempt]);

  const path = `/snapshots/${encodeURIComponent(name)}`;
  return (
    <div className="page">
      <PageHeader title={`Merge into ${name}`} crumb={<Link href={path}>{name}</Link>} />
      <div className="page-body stack">
        {answer === undefined ? (
          <Loading label="Merging" rows={5} />
        ) : answer.ok ? (
          <Merge
            name={name}
            looked={answer.value}
            conflicts={all}
            decisions={decisions}
            onDecide={setDecisions}
          />
        ) : (
          <ErrorState
            title="The merge cannot be shown"
            error={answer.error}
            onRetry={() => {
              setDecisions(NONE);
              setAttempt((count) => count + 1);
            }}
          />
        )}
      </div>
    </div>
  );
};

const Merge = ({
  name,
  looked,
  conflicts,
  decisions,
  onDecide,
}: {
  name: string;
  looked: MergePreview;
  conflicts: readonly MergeConflict[];
  decisions: ReadonlyMap<string, Decision>;
  onDecide: (decisions: ReadonlyMap<string, Decision>) => void;
}) => {
  const merge = useVersions((s) => s.merge);
  const [, navigate] = useLocation();
  const [message, setMessage] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<FrostError>();
  const { ours, theirs, bases, outcome } = looked;
  const path = `/snapshots/${encodeURIComponent(name)}`;
  if (outcome === 'same')
    return (
      <EmptyState title="There is nothing to merge">
        <p>
          The newest revision has all of it already. Go to <Link href={path}>{name}</Link>.
        </p>
      </EmptyState>
    );
  const decide = (one: MergeConflict, decision: Decision) =>
    onDecide(new Map(decisions).set(conflictKey(one), decision));
  const takeAll = (take: 'ours' | 'theirs') =>
    onDecide(new Map(conflicts.map((one) => [conflictKey(one), { take }])));
  const open = looked.conflicts.length;
  const save = async () => {
    setBusy(true);
    setError(undefined);
    const result = await merge({
      ours: name,
      theirs: theirs.id,
      resolutions: resolutionsOf(conflicts, decisions),
      expect: { ours: ours.id, theirs: theirs.id },
      ...(message.trim() === '' ? {} : { message }),
    });
    setBusy(false);
    if (!result.ok) return setError(result.error);
    const { snapshot } = result.value;
    if (snapshot === undefined) return;
    toast({ tone: 'good', title: `Merged as ${name}@${snapshot.revision}` });
    navigate(path);
  };
  return (
    <>
      <section className="ver-sides" aria-label="What is merged">
        <Side title="Ours: the newest revision here" revision={ours} />
        <Side title="Theirs" revision={theirs} />
        <div className="panel">
          <strong>Base: both were made from</strong>
          {bases.length === 0 && <p>nothing in common</p>}
          {bases.map((one) => (
            <p key={one.id} className="small">
              revision {one.revision} <code>{shortId(one.id)}</code>
            </p>
          ))}
        </div>
      </section>
      <Notice
        tone={open > 0 ? 'warn' : 'good'}
        title={
          conflicts.length === 0
            ? 'There is no conflict: the changes of both sides come together.'
            : `${conflicts.length - open} of ${plural(conflicts.length, 'conflict')} decided.`
        }
        actions={
          conflicts.length > 1 && (
            <>
              <Button size="sm" onClick={() => takeAll('ours')}>
                Take ours everywhere
              </Button>
              <Button size="sm" onClick={() => takeAll('theirs')}>
                Take theirs everywhere
              </Button>
            </>
          )
        }
      />
      {conflicts.map((one) => (
        <Conflict
          key={conflictKey(one)}
          conflict={one}
          decision={decisions.get(conflictKey(one))}
          onDecide={(decision) => decide(one, decision)}
        />
      ))}
      {looked.fault !== undefined && <ErrorState error={looked.fault} />}
      <section className="panel stack" aria-label="Preview">
        <h2>What comes out: {plural(looked.entries.length, 'entry', 'entries')}</h2>
        {open > 0 && <p className="small muted">What is not decided yet is shown as it was in the base.</p>}
        <h3>Against ours</h3>
        <DiffView diff={looked.diffOurs} from="ours" to="the merge" />
        <h3>Against theirs</h3>
        <DiffView diff={looked.diffTheirs} from="theirs" to="the merge" />
      </section>
      <section className="panel stack" aria-label="Save">
        <Field label="Message" optional>
          <Input value={message} onChange={(event) => setMessage(event.target.value)} />
        </Field>
        {error !== undefined && <ErrorState error={error} />}
        <div className="row">
          <Button
            variant="primary"
            icon={<GitMerge size={15} aria-hidden />}
            busy={busy}
            disabled={open > 0 || looked.fault !== undefined}
            reason="Decide every conflict first"
            onClick={() => void save()}
          >
            Save the merge
          </Button>
          <Link href={path}>Leave it for later</Link>
        </div>
      </section>
    </>
  );
};

const Side = ({ title, revision }: { title: string; revision: MergePreview['ours'] }) => (
  <div className="panel">
    <strong>{title}</strong>
    <p className="small">
      revision {revision.revision} <code>{shortId(revision.id)}</code>, {revision.author.name},{' '}
      {formatDateTime(revision.createdAt)}
    </p>
    {revision.message !== undefined && <p className="small wrap-any snap-text">{revision.message}</p>}
  </div>
);

const SIDES = [
  ['base', 'Base'],
  ['ours', 'Ours'],
  ['theirs', 'Theirs'],
] as const;

const Conflict = ({
  conflict,
  decision,
  onDecide,
}: {
  conflict: MergeConflict;
  decision: Decision | undefined;
  onDecide: (decision: Decision) => void;
}) => {
  const group = useId();
  const [own, setOwn] = useState('');
  const { field } = conflict;
  const taken = decision?.value;
  // What the base has not got cannot be taken from it, but for a note or an entry that then is none.
  const sides = SIDES.filter(
    ([side]) =>
      side !== 'base' ||
      (field !== 'freeze' && (conflict.base !== null || field === 'note' || field === 'entry')),
  );
  const valueFrom = (text: string): string | number => (field === 'stage' ? Number(text) : text.trim());
  const usable = field === 'stage' ? /^\d{1,2}$/.test(own) : own.trim() !== '';
  return (
    <fieldset className="ver-conflict">
      <legend>
        <span className="mono">{conflictTitle(conflict)}</span>{' '}
        <span className="muted">{fieldTitle(field)}</span>
      </legend>
      <div className="ver-sides">
        {sides.map(([side, label]) => (
          <label key={side} className="ver-choice">
            <input
              type="radio"
              name={group}
              checked={decision?.take === side}
              onChange={() => onDecide({ take: side })}
            />
            <span>
              <span className="small muted">{label}</span>
              <span className="mono wrap-any">{valueText(conflict[side])}</span>
            </span>
          </label>
        ))}
        {takesValue(field) && (
          <Field label={`Another ${field} for ${conflictTitle(conflict)}`}>
            <div className="row">
              <Input mono value={own} onChange={(event) => setOwn(event.target.value)} />
              <Button
                size="sm"
                disabled={!usable}
                reason="Write a value first"
                onClick={() => onDecide({ value: valueFrom(own) })}
              >
                Use it
              </Button>
            </div>
            {taken !== undefined && <p className="small">Taken: {String(taken)}</p>}
          </Field>
        )}
      </div>
    </fieldset>
  );
};
