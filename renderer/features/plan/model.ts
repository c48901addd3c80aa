/** What the plan page shows, worked out from the plan. Pure. */
import { type HostPlan, type Plan, type PlanAction, packagesOf } from '../../../shared/model/plan.ts';
import { formatList } from '../../ui/format.ts';

const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;

export type PlanGroups = Record<HostPlan['state'], HostPlan[]>;

export const grouped = (plan: Plan): PlanGroups => {
  const groups: PlanGroups = { refused: [], failed: [], unreachable: [], ready: [], compliant: [] };
  for (const host of plan.hosts) groups[host.state].push(host);
  return groups;
};

/** A package over all hosts that can run: what happens to it where. */
export type PackageRow = {
  key: string;
  name: string;
  arch: string;
  action: PlanAction['action'];
  /** Versions it comes from, each once; empty for what is new. */
  from: string[];
  to: string | undefined;
  stage: number;
  dependency: boolean;
  hosts: string[];
};

export const byPackage = (hosts: readonly HostPlan[]): PackageRow[] => {
  const rows = new Map<string, PackageRow>();
  for (const host of hosts) {
    for (const action of host.actions) {
      const key = [
        action.name,
        action.arch,
        action.action,
        action.to ?? '',
        action.stage,
        action.dependency,
      ].join(' ');
      const row = rows.get(key) ?? {
        key,
        name: action.name,
        arch: action.arch,
        action: action.action,
        from: [],
        to: action.to,
        stage: action.stage,
        dependency: action.dependency,
        hosts: [],
      };
      row.hosts.push(host.host);
      if (action.from !== undefined && !row.from.includes(action.from)) row.from.push(action.from);
      rows.set(key, row);
    }
  }
  return [...rows.values()];
};

export const ACTION_ORDER: Record<PlanAction['action'], number> = {
  remove: 0,
  downgrade: 1,
  install: 2,
  upgrade: 3,
};

/** Every action over all hosts, counted. */
export type ActionCounts = Record<PlanAction['action'] | 'dependency', number>;
export const countActions = (actions: readonly PlanAction[]): ActionCounts => {
  const counts: ActionCounts = { install: 0, upgrade: 0, downgrade: 0, remove: 0, dependency: 0 };
  for (const action of actions) {
    counts[action.action] += 1;
    if (action.dependency) counts.dependency += 1;
  }
  return counts;
};

/** `3 upgrades, 1 removal` */
export const actionText = (counts: ActionCounts): string => {
  const parts = [
    counts.upgrade > 0 ? plural(counts.upgrade, 'upgrade') : '',
    counts.install > 0 ? plural(counts.install, 'new package') : '',
    counts.downgrade > 0 ? plural(counts.downgrade, 'downgrade') : '',
    counts.remove > 0 ? plural(counts.remove, 'removal') : '',
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'nothing to do' : parts.join(', ');
};

/** Refusals of all hosts by what they say: the same freeze refuses many hosts with the same words. */
export type RefusalRow = { key: string; code: string; message: string; hosts: string[]; packages: string[] };
export const refusals = (plan: Plan): RefusalRow[] => {
  const rows = new Map<string, RefusalRow & { names: boolean }>();
  for (const host of plan.hosts) {
    for (const refusal of host.refusals) {
      const { said, names } = withoutParticulars(refusal.message, host.host);
      const key = `${refusal.code} ${said}`;
      const row = rows.get(key) ?? { key, code: refusal.code, message: said, hosts: [], packages: [], names };
      if (!row.hosts.includes(host.host)) row.hosts.push(host.host);
      for (const name of packagesOf(refusal)) if (!row.packages.includes(name)) row.packages.push(name);
      rows.set(key, row);
    }
  }
  return [...rows.values()]
    .map(({ names, ...row }) =>
      names ? { ...row, message: `${row.message} It would change ${formatList(row.packages, 8)}.` } : row,
    )
    .sort((a, b) => b.hosts.length - a.hosts.length);
};

const TOUCHED = ' It would change ';

/** What a refusal says but for the host's name and its packages, which stand beside it: else every host would have a row of its own. */
const withoutParticulars = (message: string, host: string): { said: string; names: boolean } => {
  const about = `${host} is `;
  const said = (message.startsWith(about) ? message.slice(about.length) : message).replace(
    ` on ${host} `,
    ' ',
  );
  const tail = said.lastIndexOf(TOUCHED);
  return tail < 0 ? { said, names: false } : { said: said.slice(0, tail), names: true };
};

/** Whether the plan can be run, else why not. */
export const runnable = (plan: Plan): { ok: true; hosts: HostPlan[] } | { ok: false; reason: string } => {
  const groups = grouped(plan);
  if (groups.ready.length > 0) return { ok: true, hosts: groups.ready };
  if (plan.hosts.length === 0) return { ok: false, reason: 'The plan has no hosts.' };
  if (groups.compliant.length === plan.hosts.length)
    return { ok: false, reason: 'Every host is compliant: there is nothing to do.' };
  if (groups.refused.length > 0 && groups.refused.length + groups.compliant.length === plan.hosts.length)
    return { ok: false, reason: 'Every host with something to do is refused; the reasons stand below.' };
  return { ok: false, reason: 'No host can be patched with this plan: see each host below.' };
};

export type RebootFate = 'none' | 'wanted' | 'will';
/** What becomes of a reboot on this host: not foreseen, wanted but not done by this run, or done. */
export const rebootFate = (host: HostPlan, policy: Plan['parameters']['reboot']): RebootFate => {
  if (policy === 'always') return host.state === 'ready' ? 'will' : 'none';
  if (!host.reboot) return 'none';
  return policy === 'if-required' ? 'will' : 'wanted';
};

/** What a refusal means beyond its own words, by code. */
export const REFUSAL_HELP: Partial<Record<string, string>> = {
  'proof.insufficient':
    'This plan asks for a proven rollback. Bring the missing old packages within reach (a repository or the cache that still has them) and plan again, or plan without “Only hosts whose rollback is proven”.',
};
