/**
 * Beside the grid while no host is open: what is worth a look. It keeps the place of a host's panel, so that the cells stay where
 * they are when one opens.
 */
import { ChevronRight } from 'lucide-react';
import type { Run, Task } from '../../../shared/model/run.ts';
import { StatusDot } from '../../ui/Badge.tsx';
import { plural } from '../../ui/format.ts';
import { taskLook } from '../../ui/states.ts';
import { worthALook } from './model.ts';

const MOST = 40;

export const RunDigest = ({ run, onOpen }: { run: Run; onOpen: (host: string) => void }) => {
  const tasks = worthALook(run.tasks);
  const shown = tasks.slice(0, MOST);
  return (
    <aside className="panel run-panel run-digest" aria-label="Worth a look">
      <h2 className="panel-title">Worth a look</h2>
      {shown.length === 0 ? (
        <p className="muted">
          Nothing so far. Choose a host to see its output, its packages and what happened to it.
        </p>
      ) : (
        <ul className="run-digest-list">
          {shown.map((task) => (
            <li key={task.host}>
              <button type="button" className="run-digest-row" onClick={() => onOpen(task.host)}>
                <span className="row">
                  <strong className="wrap-any">{task.host}</strong>
                  <StatusDot {...taskLook[task.state]}>{taskLook[task.state].label}</StatusDot>
                </span>
                {why(task) !== '' && <span className="small muted wrap-any">{why(task)}</span>}
                <ChevronRight size={15} aria-hidden className="run-digest-go" />
              </button>
            </li>
          ))}
        </ul>
      )}
      {tasks.length > shown.length && (
        <p className="small muted">
          and {plural(tasks.length - shown.length, 'more host')}, by the filter above
        </p>
      )}
    </aside>
  );
};

const why = (task: Task): string => {
  if (task.waitingFor !== undefined) return `waits for ${task.waitingFor}`;
  if (task.error !== undefined) return task.error.message;
  if (task.difference?.equal === false) return 'not equal to its capture';
  return task.rebootRequired === true ? 'wants a reboot' : '';
};
