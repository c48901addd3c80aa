/** Letting one patch through a freeze that goes on, and taking that back. What an exception then does stands in exceptions.ts and freeze.ts. */
import type { HandlerInput, Output } from '../../../shared/contract/contract.ts';
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { Ecosystem } from '../../../shared/model/primitives.ts';
import type { Exception, Revision } from '../../../shared/model/snapshot.ts';
import { versionFault } from '../drivers/registry.ts';
import type { Ports, StoredFreeze } from '../ports.ts';
import { entryLabel } from './edit.ts';
import { grantedTo, isActive, withException } from './exceptions.ts';
import { type Lines, shown } from './lines.ts';
import { showTime } from './time.ts';

/** Whose package a name means in a revision; `input.invalid` where it could be more than one. */
export type EcosystemOf = (name: string, version: string, revision: Revision) => Result<Ecosystem>;

const MAX_EXCEPTIONS = 500;

/** Errors: `input.invalid`. */
const checkReason = (text: string, what: string): Result<string> => {
  const reason = text.trim();
  if (reason === '') return fail('input.invalid', `${what} wants a reason.`);
  if (!reason.isWellFormed())
    return fail('input.invalid', 'The text holds a character that is not valid Unicode.');
  return ok(reason);
};

export const createExcepting = (ports: Ports, lines: Lines) => {
  const { store, clock } = ports;
  const author = (): Exception['author'] => ({ name: ports.user.slice(0, 200) });

  /** A line whose freeze is not over, with its frozen revision. Errors: `not-found`, `freeze.not-frozen`. */
  const frozenLine = (
    ref: string,
    nothing: string,
    hint: string,
  ): Result<{ head: Revision; frozen: Revision; live: StoredFreeze }> => {
    const found = lines.find(ref);
    if (!found.ok) return found;
    const { line } = found.value;
    const live = lines.liveFreeze(line.id);
    const head = store.revision(line.headId);
    const frozen = live && store.revision(live.revisionId);
    return live === undefined || head === undefined || frozen === undefined
      ? fail('freeze.not-frozen', `'${line.name}' is not frozen: ${nothing}.`, { hint })
      : ok({ head, frozen, live });
  };

  /** A revision that continues the freeze with these exceptions. */
  const continued = (
    { head, frozen, live }: { head: Revision; frozen: Revision; live: StoredFreeze },
    exceptions: Exception[],
    what: string,
  ): Result<Output<'snapshots.except'>> => {
    const edited = head.id !== live.revisionId && head.content.continues !== live.revisionId;
    const message = edited
      ? `${what} With the entries of the frozen revision ${live.revision}; those of revision ${head.content.number} stand in the history.`
      : what;
    const next = lines.next(head, {
      entries: frozen.content.entries,
      scope: frozen.content.scope,
      continues: live.revisionId,
      exceptions,
      message,
    });
    return shown(lines, lines.append(head, next, [{ ...live, exceptions }]));
  };

  const except = (
    input: HandlerInput<'snapshots.except'>,
    ecosystemOf: EcosystemOf,
  ): Result<Output<'snapshots.except'>> => {
    const found = frozenLine(input.ref, 'there is nothing to except from', 'Add the package with edit.');
    if (!found.ok) return found;
    const { frozen, live } = found.value;
    const reason = checkReason(input.reason, 'An exception');
    if (!reason.ok) return reason;
    if (Date.parse(input.until) <= clock.now())
      return fail(
        'input.invalid',
        `The exception would be over already: ${showTime(input.until, live.freeze.zone)} is past.`,
      );
    const { name, version, arch } = input;
    const ecosystem =
      input.ecosystem === undefined ? ecosystemOf(name, version, frozen) : ok(input.ecosystem);
    if (!ecosystem.ok) return ecosystem;
    const fault = versionFault(ecosystem.value, version);
    if (fault !== undefined)
      return fail('input.invalid', `${version} cannot be the version of ${fault.kind}.`, {
        hint: `Versions look like ${fault.example}.`,
        packages: [name],
      });
    const exception: Exception = {
      ecosystem: ecosystem.value,
      name,
      ...(arch === undefined ? {} : { arch }),
      version,
      reason: reason.value,
      author: author(),
      at: lines.instant(),
      until: input.until,
    };
    const listed = frozen.content.entries.some(
      (entry) =>
        entry.decision === 'approve' &&
        entry.version === version &&
        entry.name === name &&
        (entry.arch === undefined || grantedTo(exception, { name, arch: entry.arch })),
    );
    if (listed)
      return fail('input.invalid', `${entryLabel(exception)} ${version} is in the frozen revision already.`, {
        packages: [name],
      });
    const exceptions = withException(live.exceptions ?? [], exception);
    if (exceptions.length > MAX_EXCEPTIONS)
      return fail('input.invalid', `A freeze has at most ${MAX_EXCEPTIONS} exceptions.`, {
        hint: 'Thaw it, and freeze the list as it should be.',
      });
    return continued(found.value, exceptions, `Exception: ${entryLabel(exception)} ${version}.`);
  };

  /** The one exception that is meant, and can still be taken back. Errors: `input.invalid`. */
  const meant = (
    { name, version, arch, ecosystem }: HandlerInput<'snapshots.withdraw'>,
    { exceptions = [], freeze, snapshot }: StoredFreeze,
  ): Result<Exception> => {
    const matching = exceptions.filter(
      (one) =>
        one.name === name &&
        (version === undefined || one.version === version) &&
        (arch === undefined || one.arch === arch) &&
        (ecosystem === undefined || one.ecosystem === ecosystem),
    );
    const inForce = matching.filter((one) => isActive(one, clock.now()));
    // Beside one for a single architecture, the one for all of them is meant where none was named.
    const general = inForce.filter((one) => one.arch === undefined);
    const [one, another] = general.length === 1 ? general : inForce;
    if (one !== undefined && another === undefined) return ok(one);
    if (another !== undefined)
      return fail('input.invalid', `There are ${inForce.length} exceptions for ${name}.`, {
        hint: `Say which: ${inForce.map((each) => `${entryLabel(each)} ${each.version} (${each.ecosystem})`).join(', ')}.`,
        packages: [name],
      });
    const [past] = matching;
    if (past !== undefined)
      return fail(
        'input.invalid',
        past.withdrawn === undefined
          ? `The exception for ${entryLabel(past)} ${past.version} was over at ${showTime(past.until, freeze.zone)}.`
          : `The exception for ${entryLabel(past)} ${past.version} was withdrawn already, at ${showTime(past.withdrawn.at, freeze.zone)}.`,
        { packages: [name] },
      );
    return fail('input.invalid', `The freeze of '${snapshot}' has no such exception for ${name}.`, {
      hint: 'snapshot show lists the exceptions.',
      packages: [name],
    });
  };

  const withdraw = (input: HandlerInput<'snapshots.withdraw'>): Result<Output<'snapshots.withdraw'>> => {
    const found = frozenLine(
      input.ref,
      'no exception lets anything through',
      'Its exceptions ended with it.',
    );
    if (!found.ok) return found;
    const reason = checkReason(input.reason, 'Withdrawing an exception');
    if (!reason.ok) return reason;
    const { live } = found.value;
    const one = meant(input, live);
    if (!one.ok) return one;
    const withdrawn = { at: lines.instant(), reason: reason.value, author: author() };
    const exceptions = (live.exceptions ?? []).map((each) =>
      each === one.value ? { ...each, withdrawn } : each,
    );
    const label = `${entryLabel(one.value)} ${one.value.version}`;
    return continued(found.value, exceptions, `Exception withdrawn: ${label}.`);
  };

  return { except, withdraw };
};
