/** What differs between two lists of entries, as three short lists. */
import { Minus, PencilLine, Plus } from 'lucide-react';
import type { Entry, SnapshotDiff } from '../../../shared/model/snapshot.ts';
import { plural } from '../../ui/format.ts';
import { Notice } from '../../ui/Notice.tsx';

const label = (entry: { name: string; arch?: string | undefined }): string =>
  entry.arch === undefined ? entry.name : `${entry.name}:${entry.arch}`;

/** `from` and `to` name the two sides in words: `revision 3`, `the last scan`. */
export const DiffView = ({ diff, from, to }: { diff: SnapshotDiff; from: string; to: string }) => {
  const { added, removed, changed } = diff;
  if (added.length + removed.length + changed.length === 0)
    return <Notice tone="good" title={`No difference between ${from} and ${to}.`} />;
  return (
    <div className="snap-diff">
      {added.length > 0 && (
        <Side title={`Only in ${to}`} against={from} count={added.length} tone="good" entries={added} />
      )}
      {removed.length > 0 && (
        <Side title={`Only in ${from}`} against={to} count={removed.length} tone="bad" entries={removed} />
      )}
      {changed.length > 0 && (
        <section aria-label={`Changed between ${from} and ${to}`}>
          <p className="snap-diff-title">
            Changed <span className="muted num">{changed.length}</span>
          </p>
          <ul>
            {changed.map((each) => (
              <li key={`${label(each)} ${each.field}`} data-tone="warn">
                <PencilLine size={13} aria-hidden />
                <span className="mono wrap-any">{label(each)}</span>
                <span className="wrap-any">
                  {each.field} <span className="mono">{each.from === '' ? 'none' : each.from}</span> →{' '}
                  <span className="mono">{each.to === '' ? 'none' : each.to}</span>
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
};

const Side = ({
  title,
  against,
  count,
  tone,
  entries,
}: {
  title: string;
  against: string;
  count: number;
  tone: 'good' | 'bad';
  entries: readonly Entry[];
}) => {
  const Icon = tone === 'good' ? Plus : Minus;
  return (
    <section aria-label={`${title}, not in ${against}: ${plural(count, 'entry', 'entries')}`}>
      <p className="snap-diff-title">
        {title} <span className="muted num">{count}</span>
      </p>
      <ul>
        {entries.map((entry) => (
          <li key={`${label(entry)} ${entry.version}`} data-tone={tone}>
            <Icon size={13} aria-hidden />
            <span className="mono wrap-any">{label(entry)}</span>
            <span className="mono wrap-any">{entry.version}</span>
          </li>
        ))}
      </ul>
    </section>
  );
};
