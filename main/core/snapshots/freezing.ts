/** Freezing a revision on hosts, lifting a freeze early, and listing what is frozen. What a freeze forbids stands in freeze.ts. */
import type { HandlerInput, Output } from '../../../shared/contract/contract.ts';
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { Host } from '../../../shared/model/host.ts';
import type { Freeze } from '../../../shared/model/snapshot.ts';
import { selectHosts } from '../fleet/selector.ts';
import type { Ports, StoredFreeze } from '../ports.ts';
import { coversHost, freezeLabel, holdsAt, isLive } from './freeze.ts';
import { selectorMatches } from './judge.ts';
import { createLines, type Lines, shown } from './lines.ts';
import { isZone, showTime } from './time.ts';

/** Hosts the selector matches now. */
export const hostsUnder = (selector: string, store: Ports['store']): Result<Host[]> =>
  selectHosts([selector], store.hosts(), (id) => store.lastGoodScan(id)?.facts);

const overlaps = (a: Pick<Freeze, 'from' | 'to'>, b: Pick<Freeze, 'from' | 'to'>): boolean =>
  Date.parse(a.from) < Date.parse(b.to) && Date.parse(b.from) < Date.parse(a.to);

/**
 * Two freezes of different lines on one host at one time would forbid each other, and leave nothing that may be deployed.
 * `freeze.overlap`, naming the other freeze and the hosts.
 */
export const checkOverlap = (
  wanted: { lineId: string; freeze: Pick<Freeze, 'from' | 'to'>; hosts: Host[] },
  ports: Pick<Ports, 'store' | 'clock'>,
): Result<void> => {
  const matches = selectorMatches(ports.store);
  for (const stored of ports.store.freezes()) {
    if (stored.lineId === wanted.lineId || !isLive(stored, ports.clock.now())) continue;
    if (!overlaps(stored.freeze, wanted.freeze)) continue;
    const both = wanted.hosts.filter((host) => coversHost(stored, host, matches)).map((host) => host.name);
    if (both.length === 0) continue;
    const names =
      both.length <= 10 ? both.join(', ') : `${both.slice(0, 10).join(', ')} and ${both.length - 10} more`;
    return fail('freeze.overlap', `On ${names} there is already ${freezeLabel(stored)}.`, {
      hint: `Choose other hosts or another time, or thaw '${stored.snapshot}'.`,
    });
  }
  return ok(undefined);
};

const checkWindow = (input: HandlerInput<'snapshots.freeze'>, now: number): Result<void> => {
  if (!isZone(input.zone))
    return fail('input.invalid', `'${input.zone}' is not a time zone this machine knows.`);
  const [from, to] = [Date.parse(input.from), Date.parse(input.to)];
  if (to <= from)
    return fail(
      'input.invalid',
      `The freeze would end (${showTime(input.to, input.zone)}) before it begins (${showTime(input.from, input.zone)}).`,
    );
  if (to <= now)
    return fail(
      'input.invalid',
      `The freeze would be over already: ${showTime(input.to, input.zone)} is past.`,
    );
  return ok(undefined);
};

const freeze =
  (ports: Ports, lines: Lines) =>
  (input: HandlerInput<'snapshots.freeze'>): Result<Output<'snapshots.freeze'>> => {
    const { store, clock } = ports;
    if (input.guard)
      return fail(
        'not-available',
        'The host guard (holds and pins on the hosts themselves) is not part of this version.',
        {
          hint: 'Freeze without it: Frostline itself refuses other changes.',
        },
      );
    const window = checkWindow(input, clock.now());
    if (!window.ok) return window;
    const found = lines.findHead(input.ref);
    if (!found.ok) return found;
    const { line, revision } = found.value;
    const live = lines.liveFreeze(line.id);
    if (live !== undefined)
      return fail('state.conflict', `There is already ${freezeLabel(live)}.`, {
        hint: `Thaw '${line.name}' first; a snapshot has one freeze at a time.`,
      });
    const hosts = hostsUnder(input.hosts, store);
    if (!hosts.ok) return hosts;
    if (hosts.value.length === 0)
      return fail('input.invalid', `No host matches ${input.hosts}: such a freeze would protect nothing.`);
    const content: Freeze = {
      hosts: input.hosts.trim(),
      from: input.from,
      to: input.to,
      zone: input.zone,
      policy: input.policy,
      guard: input.guard,
    };
    const free = checkOverlap({ lineId: line.id, freeze: content, hosts: hosts.value }, ports);
    if (!free.ok) return free;
    const frozen = lines.next(revision, { freeze: content });
    const stored: StoredFreeze = {
      lineId: line.id,
      snapshot: line.name,
      revisionId: frozen.id,
      revision: frozen.content.number,
      freeze: content,
      hostIds: hosts.value.map((host) => host.id),
    };
    return shown(lines, lines.append(revision, frozen, [stored]));
  };

const thaw =
  (ports: Ports, lines: Lines) =>
  (input: HandlerInput<'snapshots.thaw'>): Result<Output<'snapshots.thaw'>> => {
    const found = lines.find(input.ref);
    if (!found.ok) return found;
    const { line } = found.value;
    const reason = input.reason.trim();
    if (reason === '') return fail('input.invalid', 'Lifting a freeze early wants a reason.');
    const live = lines.liveFreeze(line.id);
    const head = ports.store.revision(line.headId);
    if (live === undefined || head === undefined)
      return fail('freeze.not-frozen', `'${line.name}' is not frozen.`);
    const at = lines.instant();
    const thawed = lines.next(head, { thaw: { revision: live.revisionId, at, reason } });
    ports.store.thaw(live.revisionId, { at, reason }, thawed, { lineId: line.id, name: line.name });
    ports.changes.announce({ type: 'snapshots' });
    return shown(lines, ok(thawed));
  };

const freezes = (ports: Ports) => (): Result<Output<'snapshots.freezes'>> => {
  const { store, clock } = ports;
  const now = clock.now();
  const matches = selectorMatches(store);
  const all = store.hosts();
  return ok({
    freezes: store
      .freezes()
      .filter((stored) => isLive(stored, now))
      .sort((a, b) => Date.parse(a.freeze.from) - Date.parse(b.freeze.from))
      .map((stored) => ({
        snapshot: stored.snapshot,
        lineId: stored.lineId,
        revision: stored.revision,
        id: stored.revisionId,
        selector: stored.freeze.hosts,
        hosts: all.filter((host) => coversHost(stored, host, matches)).map((host) => host.name),
        from: stored.freeze.from,
        to: stored.freeze.to,
        zone: stored.freeze.zone,
        policy: stored.freeze.policy,
        active: holdsAt(stored.freeze, now),
      })),
  });
};

export const createFreezing = (ports: Ports, lines = createLines(ports)) => ({
  freeze: async (input: HandlerInput<'snapshots.freeze'>) => freeze(ports, lines)(input),
  thaw: async (input: HandlerInput<'snapshots.thaw'>) => thaw(ports, lines)(input),
  freezes: async (_input: HandlerInput<'snapshots.freezes'>) => freezes(ports)(),
});
