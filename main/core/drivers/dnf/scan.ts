/** The scan: one round trip, without root; with `refresh` it runs as root and reads the repositories' metadata first. */
import { z } from 'zod';
import { fail, ok, type Result } from '../../../../shared/errors.ts';
import { Text } from '../../../../shared/model/primitives.ts';
import { BlockReason, type Facts, PackageRelations, Scan, Update } from '../../../../shared/model/scan.ts';
import type { CommandOutput, CommandSpec } from '../../ports.ts';
import type { ScanReading } from '../driver.ts';
import { readPairs } from '../facts.ts';
import { judgeAdvice } from '../rpm/advice.ts';
import { factsOf } from '../rpm/facts.ts';
import { installedPackages } from '../rpm/rows.ts';
import { plainLine, type Sections } from '../shell.ts';
import { LOCKS } from './host/locks.ts';
import { REFRESH } from './host/refresh.ts';
import { RELATIONS } from './host/relations.ts';
import { SCAN } from './host/scan.ts';
import { type Inventory, readBroken, readInventory, readLock, readRestart } from './inventory.ts';
import { kernelState, newestKernel } from './kernel.ts';
import { type Answer, HOST_BODY, program, programBody, readAnswer, script } from './program.ts';

/** dnf-automatic downloads or tells only, unless its configuration or its timer says to install. */
const UPDATERS = `fl_updaters() {
  [ -d "$R/run/systemd/system" ] && fl_has systemctl || return 0
  for fl_u in dnf-automatic-install.timer dnf-automatic.timer packagekit-offline-update.service; do
    [ "$(systemctl is-enabled "$fl_u" 2>/dev/null)" = enabled ] || continue
    [ "$fl_u" != dnf-automatic.timer ] || grep -Eiq '^[[:space:]]*apply_updates[[:space:]]*=[[:space:]]*(yes|true|1|on)' "$R/etc/dnf/automatic.conf" 2>/dev/null || continue
    printf '%s\\n' "$fl_u"
  done
}
`;

export function scanCommand(options: { nonce: string; refresh: boolean }): CommandSpec {
  const body = `${UPDATERS}fl_sec began date +%s
${HOST_BODY}fl_sec os cat "$R/etc/os-release"
fl_sec privilege fl_privilege
fl_sec updaters fl_updaters
if fl_has systemctl && [ -d "$R/run/systemd/system" ]; then fl_sec units fl_units; fi
${programBody(program({ refresh: options.refresh }, LOCKS, REFRESH, RELATIONS, SCAN))}fl_sec ended date +%s
`;
  return {
    script: script(options.nonce, body),
    root: options.refresh,
    timeoutMs: options.refresh ? 900_000 : 180_000,
    maxOutputBytes: 32 * 1024 * 1024,
  };
}

const Advisory = z.object({
  id: Text(100),
  type: z.enum(['security', 'bugfix', 'enhancement', 'other']),
  severity: z.string().max(100),
  cves: z.array(z.string().max(200)).max(2000),
});
const Told = z.object({
  name: z.string(),
  arch: z.string(),
  old: z.string().nullable(),
  new: z.string(),
  repo: z.string().max(300),
  size: z.number().nonnegative(),
  sha256: z.string().nullable(),
  blocked: BlockReason.nullable(),
  advisories: z.array(Advisory),
});

/** A candidate of a program's records; undefined when it fits no update. */
function toUpdate(line: unknown): Update | undefined {
  const told = Told.safeParse(line);
  if (!told.success) return undefined;
  const { name, arch, old, repo, size, sha256, blocked, advisories } = told.data;
  const update = Update.safeParse({
    name,
    arch,
    from: old,
    to: told.data.new,
    origin: plainLine(repo),
    ...judgeAdvice(advisories),
    sizeBytes: size,
    ...(sha256 === null ? {} : { sha256 }),
    ...(blocked === null ? {} : { blocked }),
  });
  return update.success ? update.data : undefined;
}

function readFacts(
  answer: Answer,
  inventory: Inventory,
  context: { startedAt: number; finishedAt: number },
): Result<Facts> {
  const running = readPairs(answer.sections.lines('host', 50)).get('kernel') ?? '';
  const end = answer.of('end')[0];
  const lock = readLock(answer);
  return factsOf(answer.sections, context, {
    manager: 'dnf',
    ...(typeof end?.version === 'string' ? { version: `dnf ${plainLine(end.version, 200)}` } : {}),
    newestKernel: newestKernel(running, inventory.rows),
    expectedKernel: kernelState(running, inventory.rows).expected,
    restart: readRestart(answer),
    lock,
    broken: readBroken(answer, lock),
    listsReadAt: answer
      .of('repo')
      .flatMap((line) => (typeof line.read === 'number' && line.read > 0 ? [line.read] : [])),
  });
}

const textOf = (value: unknown, max = 500): string => plainLine(typeof value === 'string' ? value : '', max);

/** What is missing from the reading, one sentence each. */
function problemsOf(answer: Answer, inventory: Inventory): string[] {
  const named = (kind: string) =>
    answer
      .of(kind)
      .filter((line) => 'error' in line)
      .map((line) => `${textOf(line.id, 100)}: ${textOf(line.error)}`);
  const refreshed = named('refresh');
  const unread = named('repo');
  const unsolved = answer.of('unsolved').map((line) => textOf(line.text, 1500));
  const faults = answer.of('fault').map((line) => `${textOf(line.what, 50)}: ${textOf(line.text, 1000)}`);
  return [
    ...(refreshed.length === 0
      ? []
      : [`the repositories could not be read: ${refreshed.slice(0, 20).join(' · ')}`]),
    ...(unread.length === 0
      ? []
      : [
          `repositories whose metadata is not on the host (dnf makecache reads it), so that their updates are not known: ${unread.slice(0, 20).join(' · ')}`,
        ]),
    ...(answer.of('norepos').length > 0 && unread.length === 0
      ? ['no repository is enabled on this host']
      : []),
    ...(unsolved.length === 0 ? [] : [`dnf could not work out the updates: ${unsolved.join(' · ')}`]),
    ...(faults.length === 0 ? [] : [`dnf failed: ${faults.slice(0, 5).join(' · ')}`]),
    ...(inventory.marks ? [] : ["dnf's history could not be read, so automatic marks are not known"]),
    ...(inventory.malformed === 0 ? [] : [`${inventory.malformed} of rpm's packages were not understood`]),
  ];
}

/** Undefined: the host did not get to the end of them. One that fits no relation is left out. */
const relationsOf = (answer: Answer): PackageRelations[] | undefined =>
  answer.of('related').length === 0
    ? undefined
    : answer.of('relations').flatMap(({ t: _, ...line }) => {
        const one = PackageRelations.safeParse(line);
        return one.success ? [one.data] : [];
      });

const Removal = Scan.shape.removals.element;

const HOST_SECTIONS = ['host', 'mounts', 'os', 'ended'];

/** rpm's own database broke: nothing of what is installed is known. */
const noPackages = (answer: Answer, sections: Sections): Result<never> =>
  fail('host.output-malformed', `rpm listed no package (exit code ${sections.rc('dnf') ?? '?'}).`, {
    hint: answer
      .of('fault')
      .map((line) => textOf(line.text))
      .join(' · '),
  });

/** Errors: `host.unsupported` (no dnf 4), `host.disk-full`, `host.command-failed`, `host.output-malformed`. */
export function parseScan(
  output: CommandOutput,
  context: { nonce: string; startedAt: number; finishedAt: number },
): Result<ScanReading> {
  const read = readAnswer(output, context.nonce, HOST_SECTIONS);
  if (!read.ok) return read;
  const answer = read.value;
  const inventory = readInventory(answer);
  if (inventory.rows.length === 0) return noPackages(answer, answer.sections);
  const facts = readFacts(answer, inventory, context);
  if (!facts.ok) return facts;
  const problems = problemsOf(answer, inventory);
  const unseen = ['services that run on replaced files (dnf needs-restarting -s tells them to root)'];
  if (answer.of('unread').some((line) => line.what === 'locks'))
    unseen.push('who holds the package lock (/proc/locks is not readable)');
  if (readRestart(answer) === undefined)
    unseen.push('whether a restart is wanted (the plugin needs-restarting is not there)');
  const relations = relationsOf(answer);
  const unrelated = answer.of('unrelated')[0];
  if (unrelated !== undefined) unseen.push(`what the updates depend on (${textOf(unrelated.text, 200)})`);
  return ok({
    facts: facts.value,
    packages: installedPackages(inventory.rows),
    ...(relations === undefined ? {} : { relations }),
    updates: answer.of('update').flatMap((line) => toUpdate(line) ?? []),
    removals: answer.of('removal').flatMap((line) => {
      const one = Removal.safeParse(line);
      return one.success ? [one.data] : [];
    }),
    unseen,
    ...(problems.length === 0 ? {} : { partial: problems.join('; ').slice(0, 3500) }),
  });
}
