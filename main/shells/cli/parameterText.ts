/** A run's parameters in words, each with the concrete number it results in, and the waves with their hosts. */
import type { HostPlan, Plan, ResolvedParameters } from '../../../shared/model/plan.ts';
import { showTime } from '../../core/snapshots/time.ts';
import { leftOutByWindow, slowStartSteps } from './forecast.ts';
import { count, elapsed, names, oneLine, ordinal, type Paint, span } from './terminal.ts';
import { machineZone } from './zone.ts';

/** An instant as a person here reads it. */
export const showHere = (at: string): string => showTime(at, machineZone());

export const abortText = (o: ResolvedParameters): string => {
  const which = o.ignoreUnreachable ? 'unreachable hosts do not count' : 'unreachable hosts count';
  if (o.abortsAtShare !== null && o.abortsAtShare.percent < 100)
    return `aborts when more than ${o.abortsAtShare.percent} % of the completed hosts have failed, once ${o.abortsAtShare.minCompleted} have completed; ${which}`;
  return o.abortsAtFailure === null
    ? 'never aborts because hosts failed'
    : `aborts at the ${ordinal(o.abortsAtFailure)} failed host; ${which}`;
};

const gateText = (o: ResolvedParameters): string => {
  const gate = o.resolvedGate;
  return gate.kind === 'soak' ? `${span(gate.seconds)} of soak` : gate.kind;
};

/** The hosts of each wave; empty where there are no waves. */
export const hostsByWave = (plan: Plan): string[][] =>
  plan.parameters.waveSizes.length < 2
    ? []
    : plan.parameters.waveSizes.map((_size, index) =>
        plan.hosts.filter((host) => host.wave === index + 1).map((host) => host.host),
      );

const waveLines = (plan: Plan): string[] => {
  const waves = hostsByWave(plan);
  return waves.map((hosts, index) => {
    const gate = index + 1 < waves.length ? `; gate: ${gateText(plan.parameters)}` : '';
    return `wave ${index + 1} of ${waves.length}: ${count(hosts.length, 'host')} (${names(hosts)})${gate}`;
  });
};

const ready = (plan: Plan): HostPlan[] => plan.hosts.filter((host) => host.state === 'ready');

const rebootLine = (plan: Plan): string => {
  const { reboot } = plan.parameters;
  const expected = ready(plan)
    .filter((host) => host.reboot)
    .map((host) => host.host);
  const whom = expected.length === 0 ? 'none' : `${count(expected.length, 'host')} (${names(expected)})`;
  switch (reboot) {
    case 'never':
      return `reboot never; expected to want one afterwards: ${whom}`;
    case 'if-required':
      return `reboot if the update asks for it; expected: ${whom}`;
    case 'always':
      return `reboot always: every host that is changed; expected to need it: ${whom}`;
  }
};

const windowLines = (plan: Plan): string[] => {
  const { until } = plan.parameters;
  if (until === undefined) return [];
  const left = Date.parse(until) - Date.parse(plan.createdAt);
  const unknown = ready(plan).filter((host) => host.predictedSeconds === undefined);
  const late = leftOutByWindow(plan);
  return [
    `window ends at ${showHere(until)}, in ${elapsed(left)}; nothing starts after it, and what would not be done by then is not started`,
    ...(late.length === 0 ? [] : [`  expected not to fit: ${names(late)}`]),
    ...(unknown.length === 0
      ? []
      : [
          `  how long it takes is not known of ${names(unknown.map((host) => host.host))}: started until the window ends`,
        ]),
  ];
};

const commandLines = (o: ResolvedParameters): string[] => [
  ...(o.before === undefined ? [] : [`before, on each host as root: ${oneLine(o.before)}`]),
  ...(o.after === undefined ? [] : [`after, on each host as root: ${oneLine(o.after)}`]),
  ...(o.probe === undefined
    ? []
    : [
        `probe, on each host as root: ${oneLine(o.probe)} (up to ${count(o.probeRetries + 1, 'try')}, ${span(o.probeIntervalSeconds)} apart, each at most ${span(o.probeTimeoutSeconds)})`,
      ]),
  ...(o.abortIf === undefined
    ? []
    : [
        `aborts if, on this machine: ${oneLine(o.abortIf)} (every ${span(o.abortIfSeconds)}; when it cannot be read: ${o.abortIfUnreadable})`,
      ]),
];

const limitsLine = (o: ResolvedParameters): string => {
  const limits: [string, number][] = [
    ['each phase of the preparation', o.prepareTimeoutSeconds],
    ['change', o.timeoutSeconds],
    ['lock', o.lockTimeoutSeconds],
    ...(o.before === undefined && o.after === undefined
      ? []
      : [['hook', o.hookTimeoutSeconds] satisfies [string, number]]),
    ...(o.reboot === 'never' ? [] : [['restart', o.rebootTimeoutSeconds] satisfies [string, number]]),
  ];
  return `limits: ${limits.map(([what, seconds]) => `${what} ${span(seconds)}`).join(', ')}; a lost connection is ${o.retries === 0 ? 'not tried again' : `tried ${count(o.retries, 'more time')}`}`;
};

/** One line each, without the hosts' own. */
export const parameterLines = (plan: Plan, p: Paint): string[] => {
  const o = plan.parameters;
  const steps = slowStartSteps(o.concurrency);
  const slow = o.slowStart ? `, slow start ${steps.join(', ')}: doubles as hosts end well` : '';
  return [
    `at most ${count(o.concurrency, 'host')} at once${slow}`,
    ...waveLines(plan),
    abortText(o),
    `on failure ${o.onFailure}`,
    rebootLine(plan),
    ...commandLines(o),
    ...windowLines(plan).map((line) => (line.startsWith('  expected') ? p.yellow(line) : line)),
    limitsLine(o),
  ].map((line) => `  ${line}`);
};
