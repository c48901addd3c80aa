/** The source of a verdict and the age of its data, as they stand beside it. */
import { groundsText, SOURCE_NAMES } from '../../shared/grounds.ts';
import type { Ground } from '../../shared/model/grounds.ts';
import { RelativeTime, useNow } from './Time.tsx';

/** The source that decided, behind its age, which is what is read where there is little room; the others stand in the title. */
export const GroundsCell = ({ grounds }: { grounds: readonly Ground[] }) => {
  const now = useNow();
  const [first, ...others] = grounds;
  if (first === undefined) return <span className="muted">–</span>;
  return (
    <span className="small" title={groundsText(grounds, now)}>
      {first.asOf === null ? 'age unknown' : <RelativeTime at={first.asOf} />},{' '}
      {first.source === 'hosts' ? 'hosts’ lists' : SOURCE_NAMES[first.source]}
      {others.length > 0 && <span className="muted"> +{others.length}</span>}
    </span>
  );
};

/** All of them as words within a line. */
export const GroundsWords = ({ grounds }: { grounds: readonly Ground[] }) => groundsText(grounds, useNow());

/** All of them in a sentence, under what they are about. */
export const GroundsLine = ({ grounds }: { grounds: readonly Ground[] }) => {
  const now = useNow();
  return grounds.length === 0 ? null : (
    <p className="small muted">Severities from {groundsText(grounds, now)}.</p>
  );
};
