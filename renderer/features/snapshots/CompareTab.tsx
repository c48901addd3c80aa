/** Compares the saved snapshot with what the last scans offer now, or with another of its revisions. */
import { useEffect, useState } from 'react';
import type { Result } from '../../../shared/errors.ts';
import type { SnapshotDiff, SnapshotView } from '../../../shared/model/snapshot.ts';
import { Loading } from '../../ui/EmptyState.tsx';
import { Field, Input, Segmented, Select } from '../../ui/Field.tsx';
import { ErrorState, Notice } from '../../ui/Notice.tsx';
import { DiffView } from './DiffView.tsx';
import { useSnapshots } from './store.ts';
import { UnscannedNotice } from './UnscannedNotice.tsx';
import { matchText, unscannedOf, useMatches, without } from './useMatches.ts';

type Against = 'scan' | 'revision';

export const CompareTab = ({ head, dirty }: { head: SnapshotView; dirty: boolean }) => {
  const { diff, diffScan } = useSnapshots((s) => ({ diff: s.diff, diffScan: s.diffScan }));
  const [against, setAgainst] = useState<Against>('scan');
  const [selector, setSelector] = useState(head.freeze?.hosts ?? 'all');
  const [revision, setRevision] = useState(Math.max(1, head.revision - 1));
  const [answer, setAnswer] = useState<Result<SnapshotDiff>>();
  const [attempt, setAttempt] = useState(0);
  const matches = useMatches(against === 'scan' ? selector : '');
  const unscanned = unscannedOf(matches);
  const counted = matches.status === 'matched' && matches.hosts.length > 0 && unscanned.length === 0;

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new head or a retry asks anew
  useEffect(() => {
    if (against === 'scan' && !counted) return setAnswer(undefined);
    let current = true;
    setAnswer(undefined);
    const asked =
      against === 'scan'
        ? diffScan(head.name, [selector.trim()])
        : diff(`${head.name}@${revision}`, `${head.name}@${head.revision}`);
    void asked.then((result) => {
      if (current) setAnswer(result);
    });
    return () => {
      current = false;
    };
  }, [against, counted, selector, revision, head.id, attempt, diff, diffScan]);

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
            { value: 'revision', label: 'A revision' },
          ]}
        />
        {against === 'scan' ? (
          <Field
            label="Of hosts"
            hint={matchText(matches)}
            error={matches.status === 'error' ? matches.error.message : undefined}
          >
            <Input mono value={selector} onChange={(event) => setSelector(event.target.value)} />
          </Field>
        ) : (
          <Field label="Revision">
            <Select value={revision} onChange={(event) => setRevision(Number(event.target.value))}>
              {Array.from({ length: head.revision }, (_, index) => head.revision - index).map((each) => (
                <option key={each} value={each}>
                  {each}
                </option>
              ))}
            </Select>
          </Field>
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
          from={against === 'scan' ? `${head.name}@${head.revision}` : `revision ${revision}`}
          to={against === 'scan' ? 'the last scan' : `revision ${head.revision}`}
        />
      ) : (
        <ErrorState error={answer.error} onRetry={() => setAttempt((count) => count + 1)} />
      )}
    </div>
  );
};
