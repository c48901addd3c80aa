/** The last question before anything changes: exactly what will be done. */
import { useLocation } from 'wouter';
import type { HostPlan, Plan } from '../../../shared/model/plan.ts';
import { ConfirmDialog } from '../../ui/Dialog.tsx';
import { formatBytes, formatList, plural } from '../../ui/format.ts';
import { Notice } from '../../ui/Notice.tsx';
import { actionText, byPackage, countActions, grouped, rebootFate } from './model.ts';
import { usePlans } from './store.ts';
import { Topics } from './Topics.tsx';
import { topics } from './words.ts';

export const RunDialog = ({
  open,
  onOpenChange,
  plan,
  hosts,
}: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  plan: Plan;
  /** Those that can be patched. */
  hosts: readonly HostPlan[];
}) => {
  const start = usePlans((s) => s.start);
  const [, navigate] = useLocation();
  const names = hosts.map((host) => host.host);
  const counts = countActions(hosts.flatMap((host) => host.actions));
  const removed = byPackage(hosts).filter((row) => row.action === 'remove');
  const groups = grouped(plan);
  const without = plan.hosts.length - hosts.length - groups.compliant.length;
  const impossible = hosts.filter((host) => host.proof === 'impossible').map((host) => host.host);
  const bestEffort = hosts.filter((host) => host.proof === 'best-effort').map((host) => host.host);
  const rebooted = hosts
    .filter((host) => rebootFate(host, plan.parameters.reboot) === 'will')
    .map((host) => host.host);
  const warnings = [
    ...(impossible.length > 0
      ? [
          `${formatList(impossible, 6)} cannot be rolled back completely: some old packages are nowhere to be had.`,
        ]
      : []),
    ...(bestEffort.length > 0
      ? [
          `Going back is best effort only on ${formatList(bestEffort, 6)}: see “Rollback proof” for the packages.`,
        ]
      : []),
    ...(rebooted.length > 0
      ? [
          `${plural(rebooted.length, 'host is', 'hosts are')} rebooted as part of the run: ${formatList(rebooted, 8)}.`,
        ]
      : []),
  ];
  const download = hosts.reduce((sum, host) => sum + host.bytes.download, 0);

  return (
    <ConfirmDialog
      open={open}
      onOpenChange={onOpenChange}
      size="lg"
      tone="primary"
      title={`Run ${plan.snapshot.name}@${plan.snapshot.revision} on ${plural(hosts.length, 'host')}?`}
      confirmLabel={`Change ${plural(hosts.length, 'host')} now`}
      onConfirm={async () => {
        const result = await start(plan);
        if (result.ok) navigate(`/runs/${result.value.run.id}`);
        return result;
      }}
    >
      <p>
        <strong>{actionText(counts)}</strong> on {formatList(names, 8)}; {formatBytes(download)} are
        downloaded. Every host is simulated once more right before; one that would do anything else than this
        plan stops with an error.
      </p>
      {removed.length > 0 && (
        <Notice
          tone="bad"
          title={`${plural(removed.length, 'package')} will be removed: ${removed
            .map((row) => `${row.name} (${plural(row.hosts.length, 'host')})`)
            .join(', ')}`}
        />
      )}
      {warnings.length > 0 && (
        <Notice tone="warn" title={warnings[0]}>
          <ul className="plan-warnings">
            {warnings.slice(1).map((warning) => (
              <li key={warning}>{warning}</li>
            ))}
          </ul>
        </Notice>
      )}
      {without > 0 && (
        <p>
          {plural(without, 'host')} of the plan {without === 1 ? 'is' : 'are'} refused, unreachable or could
          not be planned: {without === 1 ? 'it counts as a target, but is' : 'they count as targets, but are'}{' '}
          not changed.
        </p>
      )}
      <Topics topics={topics(plan.parameters, plan.hosts)} />
    </ConfirmDialog>
  );
};
