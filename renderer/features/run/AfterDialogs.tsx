/** What can be done with a finished run besides rolling back: try hosts again, or accept it for good. */
import type { Run, Task } from '../../../shared/model/run.ts';
import { StatusDot } from '../../ui/Badge.tsx';
import { ConfirmDialog } from '../../ui/Dialog.tsx';
import { plural } from '../../ui/format.ts';
import { taskLook } from '../../ui/states.ts';
import { toast } from '../../ui/Toast.tsx';
import { useRunPage } from './store.ts';

type Common = { open: boolean; onOpenChange: (open: boolean) => void };

export const RetryDialog = ({ open, onOpenChange, tasks }: Common & { tasks: readonly Task[] }) => {
  const retry = useRunPage((s) => s.retry);
  return (
    <ConfirmDialog
      open={open}
      onOpenChange={onOpenChange}
      tone="primary"
      title={tasks.length === 1 ? `Retry ${tasks[0]?.host}?` : `Retry ${plural(tasks.length, 'host')}?`}
      confirmLabel={`Retry ${plural(tasks.length, 'host')}`}
      onConfirm={() => retry(tasks.map((task) => task.host))}
    >
      <p>
        Each of them is checked and simulated anew, in this run and under its limits. A host whose packages
        are no longer as the plan saw them stops with an error instead of doing something else.
      </p>
      {tasks.some((task) => task.state === 'needs-attention' || task.state === 'interrupted') && (
        <p>
          Where the end of the last job is not known, it is looked for first, in the host’s own record of it;
          no change is repeated blindly.
        </p>
      )}
      <ul className="run-hostlist">
        {tasks.map((task) => (
          <li key={task.host} className="row">
            <strong>{task.host}</strong>
            <StatusDot {...taskLook[task.state]}>{taskLook[task.state].label}</StatusDot>
            {task.error !== undefined && <span className="small muted wrap-any">{task.error.message}</span>}
          </li>
        ))}
      </ul>
    </ConfirmDialog>
  );
};

export const AcceptDialog = ({ open, onOpenChange, run }: Common & { run: Run }) => {
  const accept = useRunPage((s) => s.accept);
  const touched = run.tasks.filter((task) => task.token !== undefined).length;
  return (
    <ConfirmDialog
      open={open}
      onOpenChange={onOpenChange}
      tone="primary"
      title="Accept this run?"
      confirmLabel="Accept the run"
      onConfirm={async () => {
        const result = await accept();
        if (result.ok && result.value.notCleaned.length > 0)
          toast({
            tone: 'warn',
            title: 'Accepted, but not every host could be cleaned up',
            text: result.value.notCleaned.map((each) => `${each.host}: ${each.reason}`).join(' · '),
          });
        return result;
      }}
    >
      <p>
        The old packages and job files kept for a rollback are removed from{' '}
        {touched === 0 ? 'the hosts' : plural(touched, 'host')}.
      </p>
      <p>
        <strong>After this the run can neither be rolled back nor retried.</strong>
      </p>
    </ConfirmDialog>
  );
};
