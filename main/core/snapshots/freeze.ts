/**
 * What a freeze forbids. The engine asks here when it plans and again when a task starts; nothing else decides.
 *
 * While a freeze holds on a host, exactly one thing may be deployed on it: the revision that was frozen, by its id. Another
 * revision of the same line is `freeze.edited-revision` even where its entries are the same (what was approved is a hash, not
 * a list that looks alike); anything else is `freeze.other-snapshot`. What the transaction on the host would do is then held
 * against the frozen entries, `freeze.unlisted-package` for each package that does not fit:
 *
 * - listed: the package is an approved entry (same name; same architecture where the entry names one) and would end up in
 *   exactly the entry's version;
 * - `listed-only`: every install, upgrade and downgrade must be listed;
 * - `listed-or-dependency`: an install or upgrade that comes in as a dependency, of a package that is no entry at all, is let
 *   through too. A dependency that is an entry, rejected or in another version, is not: somebody decided about it.
 * - A downgrade that is not listed is refused under both, and so is the removal of a package that is an entry. The removal of one
 *   that is none lets nothing in: it is what a listed package itself asks for (Conflicts, Replaces), and the plan shows it.
 *
 * A revision that `continues` the freeze has the frozen entries, and exceptions: it may be deployed like the frozen one. An
 * exception that is granted now (by the newest such revision, whichever is deployed) lets exactly its package in its version through until its `until`; it
 * stands before the entry of that package, if there is one. One that was withdrawn lets nothing through.
 *
 * Where several freezes hold on a host, each of them must agree. Rollback is not judged: it only returns to what was there.
 */

import type { Host } from '../../../shared/model/host.ts';
import type { PlanAction, Refusal } from '../../../shared/model/plan.ts';
import type { Entry, Exception, Freeze, Revision } from '../../../shared/model/snapshot.ts';
import type { StoredFreeze } from '../ports.ts';
import { entryLabel } from './edit.ts';
import { grantedTo, isActive } from './exceptions.ts';
import { endOf, type Span, windowAt } from './recurrence.ts';
import { showTime } from './time.ts';

export type Matches = (selector: string, host: Host) => boolean;

/** Holds on `[from, to)`, of every occurrence. */
export const holdsAt = (freeze: Span, at: number): boolean => {
  const window = windowAt(freeze, at);
  return window !== undefined && window.from <= at;
};

/** Neither lifted nor over: it holds now or will. */
export const isLive = (stored: StoredFreeze, at: number): boolean =>
  stored.thawed === undefined && at < endOf(stored.freeze);

/**
 * The host was matched when it was frozen, or is matched now: a host cannot leave a freeze by losing a tag, and one that gains
 * the tag is in it.
 */
export const coversHost = (stored: StoredFreeze, host: Host, matches: Matches): boolean =>
  stored.hostIds.includes(host.id) || matches(stored.freeze.hosts, host);

/** Freezes that hold on the host at `at` (milliseconds), longest first. */
export const freezesOn = (
  host: Host,
  at: number,
  context: { freezes: StoredFreeze[]; matches: Matches },
): StoredFreeze[] =>
  context.freezes
    .filter(
      (stored) =>
        stored.thawed === undefined &&
        holdsAt(stored.freeze, at) &&
        coversHost(stored, host, context.matches),
    )
    .sort((a, b) => (windowAt(b.freeze, at)?.to ?? 0) - (windowAt(a.freeze, at)?.to ?? 0));

/**
 * `the freeze of 'x' (revision 3) until 2026-11-23 14:00 Europe/Berlin (+01:00)`; of a recurring one, until when it holds at `at`,
 * or when it will next.
 */
export const freezeLabel = (stored: StoredFreeze, at: number): string => {
  const { freeze } = stored;
  const name = `the freeze of '${stored.snapshot}' (revision ${stored.revision})`;
  const window = windowAt(freeze, at);
  if (freeze.recurrence === undefined || window === undefined)
    return `${name} until ${showTime(freeze.to, freeze.zone)}`;
  const until = `until ${showTime(window.to, freeze.zone)}`;
  return window.from <= at
    ? `${name} ${until}, recurring`
    : `${name} from ${showTime(window.from, freeze.zone)} ${until}, recurring`;
};

const NAMED = 20;

const few = (names: string[]): string =>
  names.length <= NAMED
    ? names.join(', ')
    : `${names.slice(0, NAMED).join(', ')} and ${names.length - NAMED} more`;

const entriesFor = (action: PlanAction, entries: Entry[]): Entry[] =>
  entries.filter(
    (entry) => entry.name === action.name && (entry.arch === undefined || entry.arch === action.arch),
  );

/** Why an action does not fit the frozen entries and exceptions; undefined: it fits. */
const objection = (
  action: PlanAction,
  o: { entries: Entry[]; exceptions: Exception[]; policy: Freeze['policy']; at: number },
): string | undefined => {
  const { policy } = o;
  const own = entriesFor(action, o.entries);
  const granted = o.exceptions.filter((one) => grantedTo(one, action));
  if (action.action === 'remove')
    return own.length === 0 && granted.length === 0 ? undefined : 'would be removed, and it is listed';
  if (granted.some((one) => one.version === action.to && isActive(one, o.at))) return undefined;
  const to = action.to ?? 'an unknown version';
  if (own.some((entry) => entry.decision === 'approve' && entry.version === action.to)) return undefined;
  if (own.some((entry) => entry.decision === 'reject')) return `${to} would be installed, and it is rejected`;
  const listed = own[0];
  if (listed !== undefined) return `${to} would be installed, and ${listed.version} is listed`;
  if (policy === 'listed-or-dependency' && action.dependency && action.action !== 'downgrade')
    return undefined;
  const past = granted.find((one) => one.version === action.to);
  if (past?.withdrawn !== undefined)
    return `${to} would be installed, and its exception was withdrawn at ${past.withdrawn.at}`;
  if (past !== undefined) return `${to} would be installed, and its exception was over at ${past.until}`;
  const how = action.dependency ? ' as a dependency' : '';
  return action.action === 'downgrade'
    ? `would go back to ${to}${how}, and it is not listed`
    : `${to} would be installed${how}, and it is not listed`;
};

/**
 * Why this revision, doing these actions, may not be deployed on the host at `at`; empty: it may. With `actions: []` only the
 * revision is judged.
 */
export const judgeFreeze = (o: {
  host: Host;
  revision: Revision;
  actions: PlanAction[];
  at: number;
  freezes: StoredFreeze[];
  matches: Matches;
}): Refusal[] => {
  const { content, id } = o.revision;
  const refusals: Refusal[] = [];
  const names = [...new Set(o.actions.map((action) => action.name))];
  const touched = names.length === 0 ? '' : ` It would change ${few(names)}.`;
  const concerned = names.length === 0 ? {} : { packages: names.slice(0, 2000) };
  for (const stored of freezesOn(o.host, o.at, o)) {
    const label = freezeLabel(stored, o.at);
    const frozen = stored.revisionId === id || content.continues === stored.revisionId;
    if (!frozen) {
      refusals.push(
        stored.lineId === content.line.id
          ? {
              code: 'freeze.edited-revision',
              message: `${o.host.name} is under ${label}: revision ${content.number} is not the frozen one. Run ${stored.snapshot}@${stored.revision}, or thaw it first.${touched}`,
              ...concerned,
            }
          : {
              code: 'freeze.other-snapshot',
              message: `${o.host.name} is under ${label}: snapshot '${content.line.name}' may not be deployed.${touched}`,
              ...concerned,
            },
      );
      continue;
    }
    for (const action of o.actions) {
      const reason = objection(action, {
        entries: content.entries,
        exceptions: stored.exceptions ?? [],
        policy: stored.freeze.policy,
        at: o.at,
      });
      if (reason === undefined) continue;
      refusals.push({
        code: 'freeze.unlisted-package',
        package: action.name,
        message: `${o.host.name} is under ${label} (${stored.freeze.policy}): ${entryLabel(action)} ${reason}.`,
      });
    }
  }
  return refusals;
};
