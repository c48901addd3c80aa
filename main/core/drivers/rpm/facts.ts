/** The facts of a host with rpm, out of what every host tells and what its manager does. Pure. */
import { fail, ok, type Result } from '../../../../shared/errors.ts';
import type { Ecosystem } from '../../../../shared/model/primitives.ts';
import { Facts } from '../../../../shared/model/scan.ts';
import { bootedAt, clockSkew, readMounts, readOsRelease, readPairs, readPrivilege } from '../facts.ts';
import { plainLine, type Sections } from '../shell.ts';

export type ManagerFacts = {
  manager: Ecosystem;
  version?: string;
  newestKernel: string | undefined;
  /** There only where another kernel than the running one is to come with a restart. */
  expectedKernel: string | undefined;
  /** The manager's own word; undefined where it could not be asked. */
  restart: { required: boolean; reasons: string[] } | undefined;
  lock: Facts['lock'];
  broken: Facts['broken'];
  /** Of each repository in use, when its metadata was read (host's clock, s). */
  listsReadAt: readonly number[];
};

/** When the oldest of them was read, by the console's clock. */
function listsAt(times: readonly number[], hostNow: number, consoleNow: number): string | undefined {
  if (times.length === 0 || !Number.isFinite(hostNow)) return undefined;
  const instant = new Date(consoleNow - (hostNow - Math.min(...times)) * 1000);
  return Number.isNaN(instant.getTime()) ? undefined : instant.toISOString();
}

/** `context`: the console's clock, ms. Errors: `host.output-malformed`. */
export function factsOf(
  sections: Sections,
  context: { startedAt: number; finishedAt: number },
  own: ManagerFacts,
): Result<Facts> {
  const pairs = readPairs(sections.lines('host', 50));
  const os = readOsRelease(sections.lines('os', 200));
  const middle = (context.startedAt + context.finishedAt) / 2;
  const running = plainLine(pairs.get('kernel') ?? '', 255);
  const booted = bootedAt(pairs, middle);
  const lists = listsAt(own.listsReadAt, Number(pairs.get('now') ?? Number.NaN), middle);
  const facts = Facts.safeParse({
    hostname: plainLine(pairs.get('hostname') ?? '', 255),
    os: plainLine(os.get('ID') ?? 'unknown', 64),
    osName: plainLine(os.get('PRETTY_NAME') ?? os.get('NAME') ?? 'unknown', 255),
    release: plainLine(os.get('VERSION_ID') ?? 'unknown', 64),
    arch: pairs.get('machine'),
    kernel: running,
    ...(own.newestKernel === undefined ? {} : { newestKernel: own.newestKernel }),
    bootId: plainLine(pairs.get('bootid') ?? '', 64),
    ...(booted === undefined ? {} : { bootedAt: booted }),
    clockSkewSeconds: clockSkew(sections, middle),
    manager: own.manager,
    ...(own.version === undefined ? {} : { managerVersion: own.version }),
    mounts: readMounts(sections).list.slice(0, 500),
    lock: own.lock,
    broken: own.broken,
    rebootRequired: own.restart?.required === true || own.expectedKernel !== undefined,
    rebootReasons: [
      ...(own.restart?.reasons ?? []),
      ...(own.expectedKernel === undefined
        ? []
        : [`kernel ${own.expectedKernel} is installed, ${running} is running`]),
    ].slice(0, 500),
    failedUnits: sections.lines('units', 2000).map((line) => plainLine(line)),
    autoUpdaters: sections
      .lines('updaters', 50)
      .map((line) => plainLine(line))
      .slice(0, 50),
    privilege: readPrivilege(sections, pairs),
    ...(lists === undefined ? {} : { listsUpdatedAt: lists }),
  });
  if (facts.success) return ok(facts.data);
  const issue = facts.error.issues[0];
  return fail(
    'host.output-malformed',
    `The host's facts are not usable: ${issue?.path.join('.') ?? '?'} ${issue?.message ?? ''}.`,
  );
}
