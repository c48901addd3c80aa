/** The fleet's hosts: adding, changing, removing, trusting, importing. Secrets go to the vault and nowhere else. */
import type { Caller, HandlerInput, Output } from '../../../shared/contract/contract.ts';
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { Host } from '../../../shared/model/host.ts';
import type { Ports } from '../ports.ts';
import { byName, changedHost, fits, newHost } from './describe.ts';
import { importHosts } from './importHosts.ts';
import { dropSecrets, emptied, keepSecrets } from './secrets.ts';
import { selectStored } from './select.ts';
import { selectHosts } from './selector.ts';
import { trustHosts } from './trust.ts';

type Names = 'list' | 'add' | 'change' | 'remove' | 'import' | 'trust' | 'forgetKey';
export type HostsService = {
  [N in Names]: (input: HandlerInput<`hosts.${N}`>, caller: Caller) => Promise<Result<Output<`hosts.${N}`>>>;
};

export type HostsExtra = {
  /** Name of the snapshot whose freeze holds on the host now. */
  frozenBy(host: Host): string | undefined;
  /** The unfinished run the host takes part in. */
  activeRun(hostId: string): string | undefined;
  /** Ids of those whose key stands in a file of the user's own; absent: only Frostline's own store is asked. */
  knownElsewhere?(hosts: Host[]): Promise<Set<string>>;
};

/** What an unfinished run has to rely on: which machine the host is, and how the run names it. */
const FIXED_IN_RUN = ['name', 'address', 'port', 'jump'] as const;

const inRun = (host: Host, run: string, what: string): Result<never> =>
  fail(
    'state.conflict',
    `${host.name} takes part in run ${run} and cannot be ${what} until that has finished.`,
    {
      host: host.name,
      hint: 'Wait for the run, or abort it.',
    },
  );

const list = async (
  ports: Ports,
  extra: HostsExtra,
  input: HandlerInput<'hosts.list'>,
): Promise<Result<Output<'hosts.list'>>> => {
  const summaries = ports.store.scanSummaries();
  const hosts = ports.store.hosts();
  const selectors = input.selectors.length === 0 ? ['all'] : input.selectors;
  const selected = selectHosts(selectors, hosts, (id) => summaries.get(id)?.lastGood?.facts);
  if (!selected.ok) return selected;
  const elsewhere = await extra.knownElsewhere?.(selected.value);
  const guards = new Map(ports.store.guards().map((guard) => [guard.hostId, guard]));
  return ok({
    hosts: selected.value.map((host) => {
      const scans = summaries.get(host.id);
      const frozenBy = extra.frozenBy(host);
      const activeRun = extra.activeRun(host.id);
      const guard = guards.get(host.id);
      const trusted =
        ports.store.trustedKeys(host.address, host.port).length > 0 || elsewhere?.has(host.id) === true;
      return {
        host,
        trusted,
        ...(scans === undefined ? {} : { latest: scans.latest }),
        ...(scans?.lastGood === undefined ? {} : { lastGood: scans.lastGood }),
        ...(frozenBy === undefined ? {} : { frozenBy }),
        ...(guard === undefined ? {} : { guard: { desired: guard.desired, state: guard.state } }),
        ...(activeRun === undefined ? {} : { activeRun }),
      };
    }),
  });
};

const add = async (ports: Ports, input: HandlerInput<'hosts.add'>): Promise<Result<{ host: Host }>> => {
  const host = newHost(input.host, ports.random.id(), new Date(ports.clock.now()).toISOString());
  const fit = fits(host, ports.store);
  if (!fit.ok) return fit;
  const kept = await keepSecrets(ports.vault, host.id, input.host.secrets);
  if (!kept.ok) return kept;
  try {
    ports.store.putHost(host);
  } catch (failure) {
    await kept.value();
    throw failure;
  }
  ports.changes.announce({ type: 'hosts' });
  return ok({ host });
};

const change = async (
  ports: Ports,
  extra: HostsExtra,
  { change: given }: HandlerInput<'hosts.change'>,
): Promise<Result<{ host: Host }>> => {
  const before = ports.store.host(given.id);
  if (before === undefined) return fail('not-found', 'There is no such host.');
  const changed = changedHost(before, given, new Date(ports.clock.now()).toISOString());
  if (!changed.ok) return changed;
  const host = changed.value;
  const run = extra.activeRun(host.id);
  if (run !== undefined && FIXED_IN_RUN.some((field) => host[field] !== before[field]))
    return inRun(before, run, 'renamed or moved');
  const others = ports.store.hosts().filter((other) => other.id !== host.id);
  // Those that are reached through it follow its new name.
  const lower = before.name.toLowerCase();
  const following =
    host.name === before.name ? [] : others.filter((other) => other.jump?.toLowerCase() === lower);
  const moved = following.map((other) => ({ ...other, jump: host.name }));
  const fit = fits(host, byName([...others, ...moved]));
  if (!fit.ok) return fit;
  const kept = await keepSecrets(ports.vault, host.id, given.secrets);
  if (!kept.ok) return kept;
  try {
    ports.store.putHosts([host, ...moved]);
  } catch (failure) {
    await kept.value();
    throw failure;
  }
  // Kept connections were made as it was described before. A run's own are left: what it relies on has not changed.
  if (run === undefined) ports.transport.release(host.id);
  ports.changes.announce({ type: 'hosts' });
  const dropped = await dropSecrets(ports.vault, host.id, emptied(given.secrets));
  return dropped.ok ? ok({ host }) : dropped;
};

const remove = async (
  ports: Ports,
  extra: HostsExtra,
  input: HandlerInput<'hosts.remove'>,
): Promise<Result<{ hosts: Host[] }>> => {
  const selected = selectStored(input.selectors, ports.store);
  if (!selected.ok) return selected;
  const ids = new Set(selected.value.map((host) => host.id));
  const staying = ports.store.hosts().filter((host) => !ids.has(host.id));
  for (const host of selected.value) {
    const run = extra.activeRun(host.id);
    if (run !== undefined) return inRun(host, run, 'removed');
    const behind = staying.filter((other) => other.jump?.toLowerCase() === host.name.toLowerCase());
    if (behind.length > 0)
      return fail(
        'state.conflict',
        `${host.name} is the way to ${behind.map((other) => other.name).join(', ')} and cannot be removed before.`,
        { host: host.name, hint: 'Remove those too, or change their jump host. Nothing was removed.' },
      );
  }
  for (const host of selected.value) {
    // Secrets first: if that fails the host is still there to try again with; the other way round they would be orphans.
    const dropped = await dropSecrets(ports.vault, host.id);
    if (!dropped.ok) return dropped;
    ports.store.removeHost(host.id);
    ports.transport.release(host.id);
  }
  // A key stays trusted only as long as some host is met at its address.
  const at = (host: Host): string => `${host.address.toLowerCase()} ${host.port}`;
  const inUse = new Set(staying.map(at));
  for (const host of selected.value)
    if (!inUse.has(at(host))) ports.store.removeTrustedKeys(host.address, host.port);
  if (selected.value.length > 0) ports.changes.announce({ type: 'hosts' });
  return ok({ hosts: selected.value });
};

const forgetKey = (ports: Ports, hostId: string): Result<{ host: Host }> => {
  const host = ports.store.host(hostId);
  if (host === undefined) return fail('not-found', 'There is no such host.');
  ports.store.removeTrustedKeys(host.address, host.port);
  ports.transport.release(host.id);
  ports.changes.announce({ type: 'hosts' });
  return ok({ host });
};

export const createHostsService = (ports: Ports, extra: HostsExtra): HostsService => {
  // Changes read, wait for the vault, then write: one at a time, or two would overwrite each other.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };
  return {
    list: async (input) => list(ports, extra, input),
    add: (input) => inTurn(() => add(ports, input)),
    change: (input) => inTurn(() => change(ports, extra, input)),
    remove: (input) => inTurn(() => remove(ports, extra, input)),
    import: (input) => inTurn(async () => importHosts(ports, input, extra.activeRun)),
    trust: (input, caller) => trustHosts(ports, input, caller.signal),
    forgetKey: (input) => inTurn(async () => forgetKey(ports, input.hostId)),
  };
};
