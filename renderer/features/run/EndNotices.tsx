/** What stands above the hosts when a run did not go its usual way: why it ended early, and a rollback that stopped. */
import type { Run } from '../../../shared/model/run.ts';
import { Button } from '../../ui/Button.tsx';
import { formatList } from '../../ui/format.ts';
import { Notice } from '../../ui/Notice.tsx';
import { abortWords } from './causes.ts';
import type { RollbackStopped } from './fold.ts';

/** Beyond this many, the hosts that counted are found with the filter below. */
const MOST_LINKS = 12;

export const AbortNotice = ({ run, onHost }: { run: Run; onHost: (host: string) => void }) => {
  const words = abortWords(run);
  if (words === undefined) return null;
  const shown = words.hosts.slice(0, MOST_LINKS);
  return (
    <Notice
      tone="bad"
      title={
        <>
          <strong>{run.state === 'finished' ? 'Aborted' : 'Aborting'}:</strong> {words.what}
          {/[.!?]$/.test(words.what) ? '' : '.'}
        </>
      }
      hint={words.arithmetic}
    >
      {shown.length > 0 && (
        <p className="row small run-culprits">
          <span>Counted:</span>
          {shown.map((host) => (
            <Button key={host} size="sm" onClick={() => onHost(host)}>
              {host}
            </Button>
          ))}
          {words.hosts.length > shown.length && <span>and {words.hosts.length - shown.length} more</span>}
        </p>
      )}
    </Notice>
  );
};

export const StoppedNotice = ({
  stopped,
  onHost,
  onRollBack,
}: {
  stopped: RollbackStopped | undefined;
  onHost: (host: string) => void;
  /** Undefined: nothing can be rolled back just now. */
  onRollBack: (() => void) | undefined;
}) => {
  if (stopped === undefined) return null;
  return (
    <Notice
      tone="bad"
      title={
        <>
          <strong>The rollback stopped:</strong> going back failed on {stopped.host}.{' '}
          {stopped.left.length === 0
            ? 'No other host waited for its turn.'
            : `${formatList(stopped.left, 10)} ${
                stopped.left.length === 1
                  ? 'was not rolled back: it is as the run left it.'
                  : 'were not rolled back: they are as the run left them.'
              }`}
        </>
      }
      hint={`What broke this one may break the others. See why on ${stopped.host}, mend the cause, then roll back again: the hosts that were left, or all.`}
      actions={
        <>
          <Button size="sm" onClick={() => onHost(stopped.host)}>
            Open {stopped.host}
          </Button>
          {onRollBack !== undefined && (
            <Button size="sm" onClick={onRollBack}>
              Roll back again…
            </Button>
          )}
        </>
      }
    />
  );
};
