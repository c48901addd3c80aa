/** A plan in words: refusals first, then what changes on each host. */
import type { HostPlan, Plan, PlanAction } from '../../../shared/model/plan.ts';
import { bytes, type Paint, safe } from './terminal.ts';

const count = (n: number, one: string) => `${n} ${one}${n === 1 ? '' : 's'}`;

const actionText = (a: PlanAction): string => {
  const why = !a.dependency
    ? ''
    : a.action === 'remove'
      ? '  (not listed; has to go for another package)'
      : '  (comes in as a dependency)';
  const versions = [a.from, a.to].filter((version) => version !== undefined).join(' → ');
  return `${a.action.padEnd(9)} ${a.name}:${a.arch}  ${versions}${why}`;
};

const hostText = (host: HostPlan, p: Paint): string[] => {
  const head = p.bold(host.host);
  switch (host.state) {
    case 'compliant':
      return [`${head}  ${p.green('compliant')}: nothing to do`];
    case 'unreachable':
    case 'failed':
      return [`${head}  ${p.red(host.state)}: ${safe(host.error?.message ?? '')}`];
    case 'refused':
      return [
        `${head}  ${p.red('refused')}`,
        ...host.refusals.map((refusal) => `    ${safe(refusal.message)}`),
      ];
    case 'ready':
      return [
        `${head}  ${count(host.actions.length, 'action')}, download ${bytes(host.bytes.download)}, rollback ${host.proof}${host.reboot ? ', will want a reboot' : ''}`,
        ...host.actions.map(
          (action) => `    ${action.action === 'remove' ? p.red(actionText(action)) : actionText(action)}`,
        ),
        ...host.reasons
          .filter((reason) => reason.proof !== 'proven')
          .map(
            (reason) =>
              `    ${p.yellow(`rollback ${reason.proof}`)}: ${reason.package === undefined ? '' : `${reason.package}: `}${safe(reason.reason)}`,
          ),
      ];
  }
};

const ORDER = ['refused', 'failed', 'unreachable', 'ready', 'compliant'];

export const planText = (plan: Plan, p: Paint): string => {
  const { parameters } = plan;
  const aborts =
    parameters.abortsAtFailure === null
      ? 'never aborts for failures'
      : `aborts at failed host number ${parameters.abortsAtFailure}`;
  const hosts = [...plan.hosts].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
  return [
    `${p.bold(plan.snapshot.name)} @${plan.snapshot.revision} on ${count(plan.hosts.length, 'host')}: at most ${parameters.concurrency} at once, ${aborts}, on failure ${parameters.onFailure}`,
    ...hosts.flatMap((host) => hostText(host, p)),
  ].join('\n');
};
