/** The actions on one host in the order of their stages, what is removed or not listed visibly marked. */
import { PackageMinus, PackagePlus } from 'lucide-react';
import type { PlanAction } from '../../../shared/model/plan.ts';
import { Badge } from '../../ui/Badge.tsx';
import { ACTION_ORDER } from './model.ts';

const WORD: Record<PlanAction['action'], string> = {
  install: 'install',
  upgrade: 'upgrade',
  downgrade: 'downgrade',
  remove: 'remove',
};

export const ActionTable = ({ actions, host }: { actions: readonly PlanAction[]; host: string }) => {
  const sorted = actions.toSorted(
    (a, b) =>
      a.stage - b.stage ||
      ACTION_ORDER[a.action] - ACTION_ORDER[b.action] ||
      a.name.localeCompare(b.name, 'en'),
  );
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard
    <section className="plan-table-box" tabIndex={0} aria-label={`Actions on ${host}`}>
      <table className="plan-table">
        <thead>
          <tr>
            <th scope="col">Stage</th>
            <th scope="col">Package</th>
            <th scope="col">Action</th>
            <th scope="col">From</th>
            <th scope="col">To</th>
            <th scope="col">Origin</th>
          </tr>
        </thead>
        <tbody>
          {sorted.map((action) => (
            <tr key={`${action.stage} ${action.name}:${action.arch} ${action.action}`}>
              <td className="num">{action.stage}</td>
              <td className="mono">
                {action.name}
                <span className="muted">:{action.arch}</span>
              </td>
              <td>
                <ActionMark action={action.action} dependency={action.dependency} />
                {action.exception !== undefined && <ExceptionMark exception={action.exception} />}
              </td>
              <td className="mono">{action.from ?? '–'}</td>
              <td className="mono">{action.to ?? '–'}</td>
              <td className="muted">{action.origin ?? ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
};

/** A freeze lets it through by an exception: whoever approves the plan sees why, and by whom. */
const ExceptionMark = ({ exception }: { exception: NonNullable<PlanAction['exception']> }) => (
  <span className="small wrap-any">
    <Badge tone="frozen">exception</Badge> by {exception.author}: {exception.reason}
  </span>
);

export const ActionMark = ({ action, dependency }: Pick<PlanAction, 'action' | 'dependency'>) => (
  <span className="row plan-mark">
    {action === 'remove' ? (
      <Badge tone="bad" icon={PackageMinus}>
        remove
      </Badge>
    ) : action === 'downgrade' ? (
      <Badge tone="warn">downgrade</Badge>
    ) : (
      <span>{WORD[action]}</span>
    )}
    {dependency && (
      <Badge
        tone="warn"
        icon={PackagePlus}
        title="Not an entry of the snapshot: comes in because an entry needs it"
      >
        dependency
      </Badge>
    )}
  </span>
);
