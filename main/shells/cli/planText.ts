/** A plan in words: refusals first, then what changes on each host. */
import type { HostPlan, Plan, PlanAction } from '../../../shared/model/plan.ts';
import { parameterLines } from './parameterText.ts';
import { proofLines, proofSummary } from './proofText.ts';
import { bytes, count, type Paint, safe, span } from './terminal.ts';

const actionText = (a: PlanAction): string => {
  const why = !a.dependency
    ? ''
    : a.action === 'remove'
      ? '  (not listed; has to go for another package)'
      : '  (comes in as a dependency)';
  const versions = [a.from, a.to].filter((version) => version !== undefined).join(' → ');
  const exception =
    a.exception === undefined
      ? ''
      : `  (exception until ${a.exception.until}, by ${safe(a.exception.author)}: ${safe(a.exception.reason)})`;
  return `${a.action.padEnd(9)} ${a.name}:${a.arch}  ${versions}${why}${exception}`;
};

const hostText = (host: HostPlan, several: boolean, p: Paint): string[] => {
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
        `${head}  ${aboutHost(host, several).join(', ')}`,
        ...host.actions.map(
          (action) => `    ${action.action === 'remove' ? p.red(actionText(action)) : actionText(action)}`,
        ),
        ...proofLines(host, p).map((line) => `    ${line}`),
      ];
  }
};

const aboutHost = (host: HostPlan, several: boolean): string[] => [
  ...(several && host.wave !== undefined ? [`wave ${host.wave}`] : []),
  count(host.actions.length, 'action'),
  `download ${bytes(host.bytes.download)}`,
  `rollback ${host.proof}`,
  ...(host.predictedSeconds === undefined ? [] : [`about ${span(Math.round(host.predictedSeconds))}`]),
  ...(host.reboot ? ['will want a reboot'] : []),
];

const ORDER = ['refused', 'failed', 'unreachable', 'ready', 'compliant'];

export const planText = (plan: Plan, p: Paint): string => {
  const hosts = [...plan.hosts].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
  const several = plan.parameters.waveSizes.length > 1;
  const changing = plan.hosts.filter((host) => host.state === 'ready').length;
  return [
    `${p.bold(plan.snapshot.name)} @${plan.snapshot.revision} on ${count(plan.hosts.length, 'host')}, ${changing} to be changed`,
    ...parameterLines(plan, p),
    ...(changing === 0 ? [] : [`  ${proofSummary(plan, p)}`]),
    ...hosts.flatMap((host) => hostText(host, several, p)),
  ].join('\n');
};
