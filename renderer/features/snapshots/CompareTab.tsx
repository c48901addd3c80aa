/** Compares the saved snapshot with what the last scans offer now, or any two of its revisions. */
import { useEffect, useState } from 'react';
import type { Result } from '../../../shared/errors.ts';
import type { SnapshotDiff, SnapshotView } from '../../../shared/model/snapshot.ts';
import { Loading } from '../../ui/EmptyState.tsx';
import { Field, Segmented, Select } from '../../ui/Field.tsx';
import { ErrorState, Notice } from '../../ui/Notice.tsx';
import { type GraphRevision, shortId, useVersions } from '../versions/store.ts';
import { DiffView } from './DiffView.tsx';
import { SelectorField } from './SelectorField.tsx';
import { useSnapshots } from './store.ts';
import { UnscannedNotice } from './UnscannedNotice.tsx';
import { unscannedOf, useMatches, without } from './useMatches.ts';

type Against = 'scan' | 'revision';

export const CompareTab = ({ head, dirty }: { head: SnapshotView; dirty: boolean }) => {
  const { diff, diffScan } = useSnapshots((s) => ({ diff: s.diff, diffScan: s.diffScan }));
  const [against, setAgainst] = useState<Against>('scan');
  const [selector, setSelector] = useState(head.freeze?.hosts ?? 'all');
  const graph = useVersions((s) => s.graph);
  const [revisions, setRevisions] = useState<readonly GraphRevision[]>([]);
  const [from, setFrom] = useState(head.parents[0] ?? head.id);
  const [to, setTo] = useState(head.id);
  const [answer, setAnswer] = useState<Result<SnapshotDiff>>();
  const [attempt, setAttempt] = useState(0);
  const matches = useMatches(against === 'scan' ? selector : '');
  const unscanned = unscannedOf(matches);
  const counted = matches.status === 'matched' && matches.hosts.length > 0 && unscanned.length === 0;

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new head asks anew
  useEffect(() => {
    let current = true;
    void graph(head.name).then((result) => {
      if (current && result.ok) setRevisions(result.value.revisions);
    });
    return () => {
      current = false;
    };
  }, [graph, head.name, head.id]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new head or a retry asks anew
  useEffect(() => {
    if (against === 'scan' && !counted) return setAnswer(undefined);
    let current = true;
    setAnswer(undefined);
    const asked = against === 'scan' ? diffScan(head.name, [selector.trim()]) : diff(from, to);
    void asked.then((result) => {
      if (current) setAnswer(result);
    });
    return () => {
      current = false;
    };
  }, [against, counted, selector, from, to, head.id, attempt, diff, diffScan]);

  return (
    <div className="stack">
      {dirty && (
        <Notice tone="neutral" title="The saved revision is compared; unsaved changes are not in it." />
      )}
      <div className="fields">
        <Segmented
          label="Compare with"
          value={against}
          onChange={setAgainst}
          options={[
            { value: 'scan', label: 'The last scan' },
            { value: 'revision', label: 'Two revisions' },
          ]}
        />
        {against === 'scan' ? (
          <SelectorField label="Of hosts" matches={matches} value={selector} onChange={setSelector} />
        ) : (
          <>
            <RevisionField label="From" value={from} onChange={setFrom} revisions={revisions} />
            <RevisionField label="To" value={to} onChange={setTo} revisions={revisions} />
          </>
        )}
      </div>
      {unscanned.length > 0 && (
        <UnscannedNotice hosts={unscanned} onLeaveOut={() => setSelector(without(selector, unscanned))} />
      )}
      {answer === undefined ? (
        (against === 'revision' || counted) && <Loading label="Comparing" rows={5} />
      ) : answer.ok ? (
        <DiffView
          diff={answer.value}
          from={against === 'scan' ? `${head.name}@${head.revision}` : labelOf(from, revisions)}
          to={against === 'scan' ? 'the last scan' : labelOf(to, revisions)}
        />
      ) : (
        <ErrorState error={answer.error} onRetry={() => setAttempt((count) => count + 1)} />
      )}
    </div>
  );
};

const labelOf = (id: string, revisions: readonly GraphRevision[]): string => {
  const one = revisions.find((revision) => revision.id === id);
  return one === undefined ? shortId(id) : `revision ${one.revision} (${shortId(id)})`;
};

const RevisionField = ({
  label,
  value,
  onChange,
  revisions,
}: {
  label: string;
  value: string;
  onChange: (id: string) => void;
  revisions: readonly GraphRevision[];
}) => (
  <Field label={label}>
    <Select value={value} onChange={(event) => onChange(event.target.value)}>
      {revisions.map((one) => (
        <option key={one.id} value={one.id}>
          {`${one.revision} ${shortId(one.id)} ${one.author.name}${one.branch ? ', not merged' : ''}`}
        </option>
      ))}
    </Select>
  </Field>
);
