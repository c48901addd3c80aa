/** How far the guards of a freeze are: in its banner. */
import { Link } from 'wouter';
import { present } from '../../app/loadable.ts';
import { useGuards } from './store.ts';
import { guardLook, guardProgress } from './words.ts';

export const GuardProgress = ({ hosts }: { hosts: readonly string[] }) => {
  const { guards } = useGuards((state) => ({ guards: state.guards }));
  const { on, total, wrong } = guardProgress(present(guards) ?? [], hosts);
  return (
    <div aria-live="polite">
      <p className="small">
        {on} of {total} hosts are guarded: they refuse by themselves what is not listed.
      </p>
      {wrong.length > 0 && (
        <ul className="small">
          {wrong.slice(0, 10).map((guard) => (
            <li key={guard.hostId}>
              <Link href={`/fleet/${encodeURIComponent(guard.host)}`}>{guard.host}</Link>:{' '}
              {guardLook(guard).label}
              {guard.error !== undefined && `. ${guard.error.message} ${guard.error.hint ?? ''}`}
            </li>
          ))}
          {wrong.length > 10 && <li>and {wrong.length - 10} more</li>}
        </ul>
      )}
    </div>
  );
};
