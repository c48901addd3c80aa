/** Letting one patch through a freeze that goes on. What an exception then does stands in exceptions.ts and freeze.ts. */
import type { HandlerInput, Output } from '../../../shared/contract/contract.ts';
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { Ecosystem } from '../../../shared/model/primitives.ts';
import type { Exception, Revision } from '../../../shared/model/snapshot.ts';
import { versionFault } from '../drivers/registry.ts';
import type { Ports } from '../ports.ts';
import { entryLabel } from './edit.ts';
import { grantedTo, withException } from './exceptions.ts';
import { type Lines, shown } from './lines.ts';
import { showTime } from './time.ts';

/** Whose package a name means in a revision; `input.invalid` where it could be more than one. */
export type EcosystemOf = (name: string, version: string, revision: Revision) => Result<Ecosystem>;

const MAX_EXCEPTIONS = 500;

/** Errors: `input.invalid`. */
const checkInput = (
  input: HandlerInput<'snapshots.except'>,
  now: number,
  zone: string,
): Result<{ reason: string }> => {
  const reason = input.reason.trim();
  if (reason === '') return fail('input.invalid', 'An exception wants a reason.');
  if (!reason.isWellFormed())
    return fail('input.invalid', 'The text holds a character that is not valid Unicode.');
  if (Date.parse(input.until) <= now)
    return fail(
      'input.invalid',
      `The exception would be over already: ${showTime(input.until, zone)} is past.`,
    );
  return ok({ reason });
};

export const createExcepting =
  (ports: Ports, lines: Lines, ecosystemOf: EcosystemOf) =>
  (input: HandlerInput<'snapshots.except'>): Result<Output<'snapshots.except'>> => {
    const { store, clock } = ports;
    const found = lines.find(input.ref);
    if (!found.ok) return found;
    const { line } = found.value;
    const live = lines.liveFreeze(line.id);
    const head = store.revision(line.headId);
    const frozen = live && store.revision(live.revisionId);
    if (live === undefined || head === undefined || frozen === undefined)
      return fail('freeze.not-frozen', `'${line.name}' is not frozen: there is nothing to except from.`, {
        hint: 'Add the package with edit.',
      });
    const checked = checkInput(input, clock.now(), live.freeze.zone);
    if (!checked.ok) return checked;
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
      reason: checked.value.reason,
      author: { name: ports.user.slice(0, 200) },
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
    const edited = head.id !== live.revisionId && head.content.continues !== live.revisionId;
    const message = [
      `Exception: ${entryLabel(exception)} ${version}.`,
      ...(edited
        ? [
            `With the entries of the frozen revision ${live.revision}; those of revision ${head.content.number} stand in the history.`,
          ]
        : []),
    ].join(' ');
    const next = lines.next(head, {
      entries: frozen.content.entries,
      scope: frozen.content.scope,
      continues: live.revisionId,
      exceptions,
      message,
    });
    return shown(lines, lines.append(head, next, [{ ...live, exceptions }]));
  };
