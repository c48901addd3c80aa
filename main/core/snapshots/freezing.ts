/** Freezing a revision on hosts, lifting a freeze early, and listing what is frozen. What a freeze forbids stands in freeze.ts. */
import type { HandlerInput, Output } from '../../../shared/contract/contract.ts';
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { Host } from '../../../shared/model/host.ts';
import type { Freeze, Revision } from '../../../shared/model/snapshot.ts';
import { signaturesSufficeFor } from '../exchange/suffice.ts';
import { selectHosts } from '../fleet/selector.ts';
import type { Ports, StoredFreeze } from '../ports.ts';
import { isActive } from './exceptions.ts';
import { coversHost, freezeLabel, holdsAt, isLive } from './freeze.ts';
import { checkSpan, tidyRecurrence } from './freezeCalendar.ts';
import { selectorMatches } from './judge.ts';
import { createLines, type Lines, shown } from './lines.ts';
import { outsideOf } from './outside.ts';
import { endOf, firstOverlap, MAX_RECURRING, type Span, windowAt } from './recurrence.ts';
import { wordsOf } from './rule.ts';
import { showTime } from './time.ts';

/** Hosts the selector matches now. */
export const hostsUnder = (selector: string, store: Ports['store']): Result<Host[]> =>
  selectHosts([selector], store.hosts(), (id) => store.lastGoodScan(id)?.facts);

/**
 * Two freezes of different lines on one host at one time would forbid each other, and leave nothing that may be deployed; every
 * occurrence of either counts. `freeze.overlap`, naming the other freeze, the hosts and the first time both would hold.
 */
export const checkOverlap = (
  wanted: { lineId: string; freeze: Span; hosts: Host[] },
  ports: Pick<Ports, 'store' | 'clock'>,
): Result<void> => {
  const matches = selectorMatches(ports.store);
  const now = ports.clock.now();
  for (const stored of ports.store.freezes()) {
    if (stored.lineId === wanted.lineId || !isLive(stored, now)) continue;
    const clash = firstOverlap(stored.freeze, wanted.freeze);
    if (clash === undefined) continue;
    const both = wanted.hosts.filter((host) => coversHost(stored, host, matches)).map((host) => host.name);
    if (both.length === 0) continue;
    const names =
      both.length <= 10 ? both.join(', ') : `${both.slice(0, 10).join(', ')} and ${both.length - 10} more`;
    const recurs = stored.freeze.recurrence !== undefined || wanted.freeze.recurrence !== undefined;
    const { zone } = wanted.freeze;
    const when = recurs
      ? ` Both would hold from ${showTime(clash.from, zone)} until ${showTime(clash.to, zone)}.`
      : '';
    return fail('freeze.overlap', `On ${names} there is already ${freezeLabel(stored, clash.from)}.${when}`, {
      hint: `Choose other hosts or another time, or thaw '${stored.snapshot}'.`,
    });
  }
  return ok(undefined);
};

const checkWindow = (input: Span, now: number): Result<void> => {
  const windows = checkSpan(input);
  if (!windows.ok) return windows;
  const end = endOf(input);
  if (end <= now)
    return fail('input.invalid', `The freeze would be over already: ${showTime(end, input.zone)} is past.`);
  return ok(undefined);
};

const freeze =
  (ports: Ports, lines: Lines) =>
  (wanted: HandlerInput<'snapshots.freeze'>): Result<Output<'snapshots.freeze'>> => {
    const { store, clock } = ports;
    const recurrence = wanted.recurrence === undefined ? ok(undefined) : tidyRecurrence(wanted.recurrence);
    if (!recurrence.ok) return recurrence;
    const { recurrence: _, ...rest } = wanted;
    const input = { ...rest, ...(recurrence.value && { recurrence: recurrence.value }) };
    const window = checkWindow(input, clock.now());
    if (!window.ok) return window;
    const found = lines.findHead(input.ref);
    if (!found.ok) return found;
    const { line, revision } = found.value;
    const live = lines.liveFreeze(line.id);
    if (live !== undefined)
      return fail(
        firstOverlap(live.freeze, input) === undefined ? 'state.conflict' : 'freeze.overlap',
        `There is already ${freezeLabel(live, clock.now())}.`,
        {
          hint: `Thaw '${line.name}' first; a snapshot has one freeze at a time.`,
        },
      );
    const recurring = (one: Revision) => one.content.freeze?.recurrence !== undefined;
    if (input.recurrence !== undefined && store.revisions(line.id).filter(recurring).length >= MAX_RECURRING)
      return fail(
        'input.invalid',
        `'${line.name}' has had ${MAX_RECURRING} recurring freezes, the most it can.`,
        {
          hint: 'Make a new snapshot for it.',
        },
      );
    const hosts = hostsUnder(input.hosts, store);
    if (!hosts.ok) return hosts;
    if (hosts.value.length === 0)
      return fail('input.invalid', `No host matches ${input.hosts}: such a freeze would protect nothing.`);
    const signed = signaturesSufficeFor(revision.id, hosts.value, 'freeze', ports);
    if (!signed.ok) return signed;
    const content: Freeze = {
      hosts: input.hosts.trim(),
      from: input.from,
      to: input.to,
      zone: input.zone,
      policy: input.policy,
      guard: input.guard,
      ...(input.recurrence === undefined ? {} : { recurrence: input.recurrence }),
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
  const instant = (at: number): string => new Date(at).toISOString();
  return ok({
    freezes: store
      .freezes()
      .filter((stored) => isLive(stored, now))
      .map((stored) => ({ stored, window: windowAt(stored.freeze, now) }))
      .sort((a, b) => (a.window?.from ?? 0) - (b.window?.from ?? 0))
      .map(({ stored, window }) => {
        const { freeze: own } = stored;
        const exceptions = stored.exceptions ?? [];
        return {
          snapshot: stored.snapshot,
          lineId: stored.lineId,
          revision: stored.revision,
          id: stored.revisionId,
          selector: own.hosts,
          hosts: all.filter((host) => coversHost(stored, host, matches)).map((host) => host.name),
          from: own.from,
          to: own.to,
          zone: own.zone,
          policy: own.policy,
          guard: own.guard,
          active: holdsAt(own, now),
          outside: outsideOf(stored, { store, hosts: all, matches, at: now }),
          ends: instant(endOf(own)),
          ...(window === undefined ? {} : { window: { from: instant(window.from), to: instant(window.to) } }),
          ...(own.recurrence === undefined
            ? {}
            : { recurrence: own.recurrence, words: wordsOf(own.recurrence.rule) }),
          ...(exceptions.length === 0
            ? {}
            : { exceptions: exceptions.map((one) => ({ ...one, active: isActive(one, now) })) }),
        };
      }),
  });
};

export const createFreezing = (ports: Ports, lines = createLines(ports)) => ({
  freeze: async (input: HandlerInput<'snapshots.freeze'>) => freeze(ports, lines)(input),
  thaw: async (input: HandlerInput<'snapshots.thaw'>) => thaw(ports, lines)(input),
  freezes: async (_input: HandlerInput<'snapshots.freezes'>) => freezes(ports)(),
});
