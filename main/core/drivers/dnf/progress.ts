/** Reads the progress of the dnf jobs, and says what their exit codes mean. Pure; hostile lines are ignored. */
import { type ErrorCode, err, frostError, ok, type Result } from '../../../../shared/errors.ts';
import { PackageName } from '../../../../shared/model/primitives.ts';
import type { JobProgress } from '../driver.ts';
import { plainLine } from '../shell.ts';
import { EXIT } from './jobs.ts';

/** Share of a stage that is downloading; what was staged before leaves little of it. */
const DOWNLOAD_SHARE = 0.1;

const PHASES: Record<string, string> = {
  checking: 'checking',
  applying: 'applying',
  recovering: 'recovering',
  restoring: 'restoring',
  marks: 'restoring marks',
  waited: 'checking',
  finished: 'finished',
};

/** What comes at a stage's end. */
const LATE = new Set(['marks']);

const clamp = (n: number): number => Math.min(100, Math.max(0, n));

/** One line of the progress file: `frostline:<stage>:<stages>:<what>` (host/job.ts). */
export function readProgress(line: string): JobProgress | null {
  if (line.length > 4000) return null;
  const [, i, n, what = ''] = /^frostline:(\d{1,4}):(\d{1,4}):(.*)$/.exec(line) ?? [];
  if (i === undefined) return null;
  const stages = Math.max(1, Number(n));
  const stage = Math.min(stages, Math.max(1, Number(i)));
  const at = (share: number) => Math.round(clamp(((stage - 1 + share) / stages) * 100) * 10) / 10;
  const [kind = '', first = '', second = ''] = what.split(':');
  if (kind === 'phase') {
    // The word is the host's: `constructor` is a member of every object, and no phase.
    const phase = Object.hasOwn(PHASES, first) ? PHASES[first] : undefined;
    if (phase === undefined) return null;
    return { phase, percent: first === 'finished' ? 100 : at(LATE.has(first) ? 0.95 : 0) };
  }
  if (kind === 'wait')
    return { phase: 'waiting', percent: at(0), waitingFor: plainLine(`lock held by ${what.slice(5)}`, 500) };
  const number = /^\d{1,3}(\.\d+)?$/;
  if (kind === 'dl' && number.test(first))
    return { phase: 'downloading', percent: at((clamp(Number(first)) / 100) * DOWNLOAD_SHARE) };
  if (kind === 'pm' && number.test(second) && PackageName.safeParse(first).success) {
    const share = clamp(Number(second)) / 100;
    return {
      phase: 'installing',
      package: first,
      percent: at(DOWNLOAD_SHARE + share * (1 - DOWNLOAD_SHARE)),
    };
  }
  return null;
}

const MEANING: Record<number, { code: ErrorCode; message: string; hint: string }> = {
  [EXIT.broke]: {
    code: 'host.command-failed',
    message: 'The job could not work on this host.',
    hint: 'Look at the output: dnf or its Python library does not work there.',
  },
  [EXIT.stageFailed]: {
    code: 'host.not-applied',
    message: 'Packages could not be brought to the wanted state.',
    hint: 'Roll the host back, or put a version that works into the snapshot.',
  },
  [EXIT.lockTimeout]: {
    code: 'host.lock-held',
    message: "Another process kept the package manager's lock.",
    hint: 'Wait until it is done, or raise the lock timeout, then try again.',
  },
  [EXIT.stopped]: {
    code: 'cancelled',
    message: 'Stopped between stages, as asked.',
    hint: 'Earlier stages are in place; roll back to undo them.',
  },
  [EXIT.diskFull]: {
    code: 'host.disk-full',
    message: 'The host ran out of disk space.',
    hint: 'Free space there (dnf clean packages helps), then try again or roll back.',
  },
  [EXIT.readOnly]: {
    code: 'host.read-only',
    message: 'A file system the packages need is read-only.',
    hint: 'Look at the host: it may be mounted so, or have remounted after a disk error.',
  },
  [EXIT.drifted]: {
    code: 'plan.drifted',
    message: 'dnf would now do something else than the plan showed, so nothing of that stage was done.',
    hint: 'Make a new plan.',
  },
  [EXIT.repository]: {
    code: 'host.repository',
    message: 'A package could not be fetched from the repository, or is not signed as it should be.',
    hint: 'Check that the host reaches its repositories and trusts their keys, then try again.',
  },
  [EXIT.scriptFailed]: {
    code: 'host.script-failed',
    message: 'The packages are in place, but a script of theirs failed, and rpm goes on after that.',
    hint: 'See what the script said, mend the host or roll it back.',
  },
  [EXIT.notRestored]: {
    code: 'host.not-restored',
    message: 'Packages are not back in their captured state.',
    hint: 'Look at the output, mend the host by hand, then run the rollback again.',
  },
  [EXIT.wouldChangeOthers]: {
    code: 'host.not-restored',
    message: 'Going back would change packages the task never touched, so nothing was done.',
    hint: 'They were changed after the task; put them back first, or accept the host as it is.',
  },
  [EXIT.artefactMissing]: {
    code: 'host.not-restored',
    message: 'An old package is neither put aside on the host nor in a repository.',
    hint: 'Bring its file to the host and install it with dnf downgrade ./FILE.rpm.',
  },
};

/** Lines of the job's own; what packages' scripts print can never begin so. */
const ownLines = (log: string): string[] =>
  log
    .split('\n')
    .filter((line) => /^frostline: (?!ended)/.test(line))
    .map((line) => plainLine(line.slice(11), 600));

/** What was printed for a package, `| name: …`, its last lines. */
const saidBy = (log: string, name: string): string[] =>
  log
    .split('\n')
    .filter((line) => line.startsWith(`| ${name}: `))
    .map((line) => plainLine(line.slice(name.length + 4), 300))
    .slice(-5);

/** Names after the first colon of a verdict; what stands in brackets are states. */
const namesIn = (verdict: string): string[] =>
  verdict
    .replace(/^[^:]*:/, '')
    .replace(/\([^)]*\)/g, ' ')
    .split(/\s+/)
    .filter((word) => PackageName.safeParse(word).success);

/** `logTail`: the end of the job's log. Errors name the packages and what their scripts said. */
export function judgeJob(kind: 'apply' | 'rollback', exitCode: number, logTail: string): Result<void> {
  if (exitCode === EXIT.done) return ok(undefined);
  const known = MEANING[exitCode];
  const own = ownLines(logTail);
  const verdict = own.findLast((line) =>
    /^(failed|not restored|stage \d+ is in place, but scripts failed):/.test(line),
  );
  const scripts = own.flatMap((line) => /^script failed: ([A-Za-z0-9.+_-]+): /.exec(line)?.[1] ?? []);
  const names = [...new Set([...namesIn(verdict ?? ''), ...scripts])].slice(0, 2000);
  const quotes = names
    .map((name) => ({ name, said: saidBy(logTail, name) }))
    .filter(({ said }) => said.length > 0)
    .slice(0, 3)
    .map(({ name, said }) => `${name}: ${said.join(' / ')}`);
  const others = logTail
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => plainLine(line.slice(2), 400))
    .slice(-2);
  const said = quotes.length > 0 || names.length > 0 ? quotes : others;
  const last = verdict ?? own.at(-1) ?? plainLine(logTail.slice(-400), 400);
  const detail = [...said, last].filter((text) => text !== '').join(' · ');
  return err(
    frostError(
      known?.code ?? (kind === 'apply' ? 'host.not-applied' : 'host.not-restored'),
      `${known?.message ?? `The job ended with code ${exitCode}.`}${detail === '' ? '' : ` ${detail}`}`,
      {
        hint: known?.hint ?? 'Look at the output on the host, then try again or roll back.',
        ...(names.length === 0 ? {} : { packages: names }),
      },
    ),
  );
}
