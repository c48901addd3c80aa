/** A run's parameters as sentences, each with the concrete number it results in. Shared by the dialog, the plan and the run. Pure. */

import { slowStartLimit, type Threshold } from '../../../shared/model/parameters.ts';
import type { HostPlan, ResolvedParameters } from '../../../shared/model/plan.ts';
import { formatDateTime, plural } from '../../ui/format.ts';

export const ordinal = (value: number): string => {
  const rest = value % 100;
  if (rest >= 11 && rest <= 13) return `${value}th`;
  return `${value}${{ 1: 'st', 2: 'nd', 3: 'rd' }[value % 10] ?? 'th'}`;
};

/** `2 hours`, `90 seconds`: in the largest unit that leaves nothing over. */
export const spell = (seconds: number): string => {
  if (seconds % 86_400 === 0) return plural(seconds / 86_400, 'day');
  if (seconds % 3600 === 0) return plural(seconds / 3600, 'hour');
  if (seconds % 60 === 0) return plural(seconds / 60, 'minute');
  return plural(seconds, 'second');
};

export const atOnceText = (cap: number): string => `At most ${plural(cap, 'host')} at once.`;

/** `1 host at first, 2 once 1 has ended well, 4 once 3 have, then 6` */
export const slowStartText = (cap: number): string => {
  const steps: string[] = [];
  for (let well = 1, limit = 1; limit < cap; well = 2 * well + 1) {
    limit = slowStartLimit(well, cap);
    steps.push(`${limit} once ${well} ${well === 1 ? 'has' : 'have'} ended well`);
  }
  return steps.length === 0
    ? 'Slow start: 1 host at once anyway.'
    : `Slow start: 1 host at first, ${steps.join(', ')}.`;
};

export const thresholdText = (
  { abortsAtFailure, abortsAtShare }: Threshold,
  maxFailures: string,
  targets: number,
): string => {
  if (abortsAtShare !== null)
    return `Aborts when more than ${abortsAtShare.percent} % of the completed hosts have failed, once ${plural(abortsAtShare.minCompleted, 'host has', 'hosts have')} completed.`;
  return abortsAtFailure === null
    ? `Never aborts by itself: max failures ${maxFailures} of ${plural(targets, 'host')} cannot be exceeded.`
    : `Aborts at the ${ordinal(abortsAtFailure)} failed host (max failures ${maxFailures} of ${plural(targets, 'host')}).`;
};

const GATES: Record<'auto' | 'manual', string> = {
  auto: 'the next begins by itself when every host before it is at rest',
  manual: 'the next begins when you approve it',
};
export const gateText = (gate: ResolvedParameters['resolvedGate']): string =>
  gate.kind === 'soak'
    ? `the next begins ${spell(gate.seconds)} after the hosts before it came to rest, or when you approve it earlier`
    : GATES[gate.kind];

const NAMED = 3;

/** `Waves: 1 host (web-01), then 2, then 7; the next begins when you approve it.` Names are told for small waves only. */
export const wavesText = (
  sizes: readonly number[],
  gate: ResolvedParameters['resolvedGate'],
  hosts: readonly HostPlan[] = [],
): string => {
  if (sizes.length < 2) return 'All hosts in one wave.';
  const parts = sizes.map((size, index) => {
    const names = hosts.filter((host) => host.wave === index + 1).map((host) => host.host);
    const count = index === 0 ? plural(size, 'host') : String(size);
    return names.length === 0 || names.length > NAMED ? count : `${count} (${names.join(', ')})`;
  });
  return `Waves: ${parts.join(', then ')}; ${gateText(gate)}.`;
};

export const ON_FAILURE: Record<ResolvedParameters['onFailure'], string> = {
  keep: 'A host that fails is left as it is.',
  'rollback-host': 'A host that fails is rolled back.',
  'rollback-run': 'When a host fails, every host of the run is rolled back, the newest completed first.',
};
export const REBOOT: Record<ResolvedParameters['reboot'], string> = {
  never: 'No host is rebooted; the run says which ones want it.',
  'if-required': 'Hosts that want a reboot afterwards are rebooted; the others never are.',
  always: 'Every host that was changed is rebooted afterwards.',
};

const retriesText = (retries: number): string =>
  retries === 0
    ? 'A connection that fails is not tried again.'
    : `A connection that fails or is lost is tried ${retries === 1 ? 'once' : `${retries} times`} more, with growing pauses; a change never is.`;

const hookText = (p: ResolvedParameters): string[] => [
  ...(p.before === undefined
    ? []
    : [`Before its packages are changed, each host runs “${p.before}” as root.`]),
  ...(p.after === undefined ? [] : [`Afterwards each host runs “${p.after}” as root.`]),
  ...(p.before === undefined && p.after === undefined
    ? []
    : [`A hook may take ${spell(p.hookTimeoutSeconds)}; one that fails makes its host fail.`]),
  ...(p.probe === undefined
    ? []
    : [
        `A host is healthy when “${p.probe}” exits with 0: tried up to ${plural(p.probeRetries + 1, 'time')}, ${spell(p.probeIntervalSeconds)} apart, ${spell(p.probeTimeoutSeconds)} each.`,
      ]),
];

const endsEarly = (p: ResolvedParameters): string[] => [
  thresholdText(p, p.maxFailures, p.targets),
  p.ignoreUnreachable ? 'Unreachable hosts do not count as failed.' : 'Unreachable hosts count as failed.',
  ...(p.until === undefined
    ? []
    : [
        `The window ends at ${formatDateTime(p.until)}: a host that would not be done by then is not started, and the run ends there.`,
      ]),
  ...(p.abortIf === undefined
    ? []
    : [
        `Every ${spell(p.abortIfSeconds)} this machine runs “${p.abortIf}”: exit 0 ends the run, 1 lets it go on. When it cannot be read, the run ${p.abortIfUnreadable === 'abort' ? 'ends, too' : 'goes on'}. No host starts before its first answer.`,
      ]),
];

export type Topic = { title: string; said: string[] };

/** Each parameter as what it concretely means for this plan, by topic; what was not asked for is left out. */
export const topics = (p: ResolvedParameters, hosts: readonly HostPlan[] = []): Topic[] =>
  [
    {
      title: 'Pace',
      said: [atOnceText(p.concurrency), ...(p.slowStart ? [slowStartText(p.concurrency)] : [])],
    },
    { title: 'Waves', said: [wavesText(p.waveSizes, p.resolvedGate, hosts)] },
    { title: 'Ends early', said: endsEarly(p) },
    { title: 'A host that fails', said: [ON_FAILURE[p.onFailure], retriesText(p.retries)] },
    {
      title: 'Reboot',
      said: [
        REBOOT[p.reboot],
        ...(p.reboot === 'never'
          ? []
          : [`A host that is not back after ${spell(p.rebootTimeoutSeconds)} needs attention.`]),
      ],
    },
    { title: 'Hooks and health', said: hookText(p) },
    {
      title: 'Limits',
      said: [
        `A host's change may take ${spell(p.timeoutSeconds)}, each phase before it ${spell(p.prepareTimeoutSeconds)}; it waits ${spell(p.lockTimeoutSeconds)} for another package manager to finish.`,
      ],
    },
    {
      title: 'Proof',
      said: p.requireProof ? ['Hosts whose rollback is not proven are refused.'] : [],
    },
  ].filter((topic) => topic.said.length > 0);
