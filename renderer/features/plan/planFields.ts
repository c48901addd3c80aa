/** The fields of the new-plan dialog: what they begin with, what is wrong with them, and the parameters they make. Pure. */

import { durationSeconds, wavesGrow } from '../../../shared/model/parameters.ts';
import { MaxFailures, RunParameters } from '../../../shared/model/plan.ts';
import { waveList } from './waveList.ts';

/** As they stand in the inputs: text, but for boxes and choices. */
export type PlanFields = {
  snapshot: string;
  hosts: string;
  concurrency: string;
  maxFailures: string;
  minCompleted: string;
  onFailure: RunParameters['onFailure'];
  reboot: RunParameters['reboot'];
  slowStart: boolean;
  waves: string;
  gate: 'auto' | 'manual' | 'soak';
  soak: string;
  /** `2026-11-24T04:00`, local time; empty: no window. */
  until: string;
  abortIf: string;
  abortIfInterval: string;
  abortIfUnreadable: RunParameters['abortIfUnreadable'];
  before: string;
  after: string;
  hookTimeout: string;
  probe: string;
  probeRetries: string;
  probeInterval: string;
  probeTimeout: string;
  timeout: string;
  prepareTimeout: string;
  lockTimeout: string;
  rebootTimeout: string;
  retries: string;
  requireProof: boolean;
  ignoreUnreachable: boolean;
};
export type FieldName = keyof PlanFields;

export type Section = 'waves' | 'ends' | 'hooks' | 'limits' | 'proof';
/** Which group below the simple part a field stands in. */
export const SECTION: Partial<Record<FieldName, Section>> = {
  slowStart: 'waves',
  waves: 'waves',
  gate: 'waves',
  soak: 'waves',
  until: 'ends',
  abortIf: 'ends',
  abortIfInterval: 'ends',
  abortIfUnreadable: 'ends',
  before: 'hooks',
  after: 'hooks',
  hookTimeout: 'hooks',
  probe: 'hooks',
  probeRetries: 'hooks',
  probeInterval: 'hooks',
  probeTimeout: 'hooks',
  timeout: 'limits',
  prepareTimeout: 'limits',
  lockTimeout: 'limits',
  rebootTimeout: 'limits',
  retries: 'limits',
  requireProof: 'proof',
  ignoreUnreachable: 'proof',
};

export const firstFields = (given: Pick<PlanFields, 'snapshot' | 'hosts'>): PlanFields => {
  const { minCompleted, probeRetries, retries, waves, gate: _gate, ...rest } = RunParameters.parse({});
  return {
    ...rest,
    ...given,
    minCompleted: String(minCompleted),
    probeRetries: String(probeRetries),
    retries: String(retries),
    waves: waves.join(', '),
    gate: 'auto',
    soak: '30m',
    until: '',
    abortIf: '',
    before: '',
    after: '',
    probe: '',
  };
};

/** The end of the window as an instant; undefined where there is none, or what was typed is no time. */
export const instantOf = (local: string): string | undefined => {
  const at = local.trim() === '' ? Number.NaN : Date.parse(local);
  return Number.isNaN(at) ? undefined : new Date(at).toISOString();
};

const stated = (text: string): string | undefined => (text.trim() === '' ? undefined : text.trim());

const number = (text: string): number => (/^\d{1,7}$/.test(text.trim()) ? Number(text) : Number.NaN);

const given = (fields: PlanFields) => ({
  concurrency: fields.concurrency.trim(),
  slowStart: fields.slowStart,
  waves: waveList(fields.waves),
  gate: fields.gate === 'soak' ? fields.soak.trim() : fields.gate,
  maxFailures: fields.maxFailures.trim(),
  // What is not shown must not stand in the way.
  minCompleted: sharesOfCompleted(fields) ? number(fields.minCompleted) : 5,
  ignoreUnreachable: fields.ignoreUnreachable,
  onFailure: fields.onFailure,
  reboot: fields.reboot,
  before: stated(fields.before),
  after: stated(fields.after),
  probe: stated(fields.probe),
  probeRetries: number(fields.probeRetries),
  probeInterval: fields.probeInterval.trim(),
  abortIf: stated(fields.abortIf),
  abortIfInterval: fields.abortIfInterval.trim(),
  abortIfUnreadable: fields.abortIfUnreadable,
  until: instantOf(fields.until),
  timeout: fields.timeout.trim(),
  prepareTimeout: fields.prepareTimeout.trim(),
  rebootTimeout: fields.rebootTimeout.trim(),
  hookTimeout: fields.hookTimeout.trim(),
  probeTimeout: fields.probeTimeout.trim(),
  lockTimeout: fields.lockTimeout.trim(),
  retries: number(fields.retries),
  requireProof: fields.requireProof,
});

/** The failures allowed are a share of the completed hosts. */
export const sharesOfCompleted = (fields: Pick<PlanFields, 'maxFailures'>): boolean =>
  MaxFailures.safeParse(fields.maxFailures.trim()).success && fields.maxFailures.includes('completed');

const DURATION = 'A duration: 90s, 45m, 2h, 1d.';
const MESSAGES: Partial<Record<FieldName, string>> = {
  concurrency: 'A number of hosts or a share of them: 5 or 25%.',
  maxFailures: 'A number, a share of all or of the completed: 2, 10% or 10%-of-completed.',
  minCompleted: 'A whole number of hosts, at least 1.',
  waves: 'Numbers of hosts or shares of them, with commas: 1, 10%, 50%, 100%.',
  soak: DURATION,
  probeRetries: 'A whole number up to 1000.',
  retries: 'A whole number up to 20.',
  abortIf: 'One command line of up to 4000 characters.',
  before: 'One command line of up to 4000 characters.',
  after: 'One command line of up to 4000 characters.',
  probe: 'One command line of up to 4000 characters.',
};

const HOUR = 3600;
const DAY = 24 * HOUR;
/** Longest each duration may be, in seconds, as the host process has it. */
const MOST: Partial<Record<FieldName, number>> = {
  timeout: 7 * DAY,
  lockTimeout: DAY,
  prepareTimeout: DAY,
  rebootTimeout: DAY,
  hookTimeout: DAY,
  probeTimeout: HOUR,
  probeInterval: HOUR,
  abortIfInterval: DAY,
};

export type FieldProblems = Partial<Record<FieldName, string>>;

const isField = (name: string, fields: PlanFields): name is FieldName => Object.hasOwn(fields, name);

/** What is wrong, field by field; empty: the parameters can be made. `now`: ms since epoch. */
export const problemsOf = (fields: PlanFields, now: number): FieldProblems => {
  const found: FieldProblems = {};
  const say = (name: FieldName, message: string) => {
    found[name] ??= message;
  };
  if (fields.snapshot === '') say('snapshot', 'Choose a snapshot.');
  if (fields.hosts.trim() === '') say('hosts', 'Say which hosts: all, env=test, web-* …');
  const parsed = RunParameters.safeParse(given(fields));
  for (const { path } of parsed.success ? [] : parsed.error.issues) {
    const at = String(path[0]);
    const name = at === 'gate' ? 'soak' : at;
    if (isField(name, fields)) say(name, MESSAGES[name] ?? DURATION);
  }
  if (/^0%?$/.test(fields.concurrency.trim())) say('concurrency', 'At least 1: with 0 nothing would start.');
  if (found.waves === undefined && !wavesGrow(waveList(fields.waves)))
    say('waves', 'Each is how many hosts have started by then, so they have to grow: 1, 10%, 50%, 100%.');
  if (fields.until.trim() !== '') {
    const until = instantOf(fields.until);
    if (until === undefined) say('until', 'A day and a time.');
    else if (Date.parse(until) <= now) say('until', 'That is over: the window has to end in the future.');
  }
  for (const [name, most] of Object.entries(MOST)) {
    if (!isField(name, fields) || found[name] !== undefined) continue;
    const text = fields[name];
    if (typeof text === 'string' && durationSeconds(text.trim()) > most)
      say(name, `At most ${most >= DAY ? `${most / DAY}d` : `${most / HOUR}h`}.`);
  }
  return found;
};

/** The parameters of fields without problems. */
export const parametersOf = (fields: PlanFields): RunParameters => RunParameters.parse(given(fields));
