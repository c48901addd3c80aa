/** Reads the progress of the apt jobs, and says what their exit codes mean. Pure; hostile lines are ignored. */
import { type ErrorCode, err, frostError, ok, type Result } from '../../../../shared/errors.ts';
import { PackageName } from '../../../../shared/model/primitives.ts';
import type { JobProgress } from '../driver.ts';
import { plainLine } from '../shell.ts';
import { EXIT } from './jobShell.ts';

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
const LATE = new Set(['recovering', 'marks']);

/** apt names pseudo packages (`dpkg-exec`) and adds architectures. */
function packageOf(word: string): string | undefined {
  const name = word.split(':')[0] ?? '';
  return name !== 'dpkg-exec' && PackageName.safeParse(name).success ? name : undefined;
}

const clamp = (n: number): number => Math.min(100, Math.max(0, n));

/** One line of the progress file: `frostline:<stage>:<stages>:<what>`, or a bare line of apt's status-fd. */
export function readProgress(line: string): JobProgress | null {
  if (line.length > 4000) return null;
  const [, i, n, rest] = /^frostline:(\d{1,4}):(\d{1,4}):(.*)$/.exec(line) ?? [];
  const stages = Math.max(1, Number(n ?? 1));
  const stage = Math.min(stages, Math.max(1, Number(i ?? 1)));
  const what = rest ?? line;
  const at = (share: number) => Math.round(clamp(((stage - 1 + share) / stages) * 100) * 10) / 10;
  const [kind = '', first = '', ...more] = what.split(':');
  if (kind === 'phase') {
    // The word is the host's: `constructor` is a member of every object, and no phase.
    const phase = Object.hasOwn(PHASES, first) ? PHASES[first] : undefined;
    if (phase === undefined) return null;
    return { phase, percent: first === 'finished' ? 100 : at(LATE.has(first) ? 0.95 : 0) };
  }
  if (kind === 'wait') {
    return { phase: 'waiting', percent: at(0), waitingFor: plainLine(`lock held by ${what.slice(5)}`, 500) };
  }
  // The package's name may hold a colon (its architecture): the percentage is the first field that is a number.
  const index = more.findIndex((word) => /^\d{1,3}(\.\d+)?$/.test(word));
  const percent = Number(more[index] ?? Number.NaN);
  if (!Number.isFinite(percent)) return null;
  const share = clamp(percent) / 100;
  const name = packageOf(first);
  const named = name === undefined ? {} : { package: name };
  if (kind === 'dlstatus') return { phase: 'downloading', percent: at(share * DOWNLOAD_SHARE) };
  if (kind === 'pmstatus') {
    return { phase: 'installing', ...named, percent: at(DOWNLOAD_SHARE + share * (1 - DOWNLOAD_SHARE)) };
  }
  if (kind === 'pmerror') {
    return { phase: 'failing', ...named, percent: at(DOWNLOAD_SHARE + share * (1 - DOWNLOAD_SHARE)) };
  }
  if (kind === 'pmconffile') {
    return { phase: 'configuring', ...named, percent: at(DOWNLOAD_SHARE + share * (1 - DOWNLOAD_SHARE)) };
  }
  return null;
}

/** Packages dpkg gave up on, with the last lines their scripts printed before. */
export function readFailures(logTail: string): { name: string; said: string[] }[] {
  const found = new Map<string, { name: string; said: string[] }>();
  const lines = logTail.split('\n');
  for (const [index, line] of lines.entries()) {
    const name = /^dpkg: error processing (?:package|archive) (?:\S*\/)?([A-Za-z0-9][A-Za-z0-9.+-]*)/.exec(
      line,
    )?.[1];
    if (name === undefined) continue;
    const start = lines.findLastIndex(
      (other, at) =>
        at < index &&
        /^(Setting up|Unpacking|Preparing to unpack|Removing|Processing triggers for) /.test(other),
    );
    const said = lines
      .slice(Math.max(start + 1, index - 12), index)
      .concat(lines[index + 1] ?? '')
      .map((text) => plainLine(text, 300))
      .filter((text) => text !== '');
    found.set(name.replace(/_.*$/, ''), { name: name.replace(/_.*$/, ''), said: said.slice(-6) });
  }
  return [...found.values()].slice(0, 50);
}

const MEANING: Record<number, { code: ErrorCode; message: string; hint: string }> = {
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
    hint: 'Free space there (apt-get clean helps), then try again or roll back.',
  },
  [EXIT.readOnly]: {
    code: 'host.read-only',
    message: 'A file system the packages need is read-only.',
    hint: 'Look at the host: it may be mounted so, or have remounted after a disk error.',
  },
  [EXIT.drifted]: {
    code: 'plan.drifted',
    message: 'apt would now do something else than the plan showed, so nothing of that stage was done.',
    hint: 'Make a new plan.',
  },
  [EXIT.repository]: {
    code: 'host.repository',
    message: 'A package could not be fetched from the repository.',
    hint: 'Check that the host reaches its repositories, then try again.',
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
    hint: 'Bring its file to the host and install it with dpkg -i.',
  },
};

/** `logTail`: the end of the job's log. Errors name the packages and what their scripts said. */
export function judgeJob(kind: 'apply' | 'rollback', exitCode: number, logTail: string): Result<void> {
  if (exitCode === EXIT.done) return ok(undefined);
  const known = MEANING[exitCode];
  const own = logTail
    .split('\n')
    .filter((line) => /^frostline: (?!ended|kept )/.test(line))
    .map((line) => plainLine(line.slice(11), 600));
  // What the job itself names at its end; a package that failed on the way and was mended later is no culprit.
  const verdict = own.findLast((line) => /^(failed|not restored):/.test(line));
  const last = verdict ?? own.at(-1) ?? plainLine(logTail.slice(-400), 400);
  const failures = readFailures(logTail).filter(
    ({ name }) => verdict === undefined || verdict.split(/[\s:]+/).includes(name),
  );
  const culprit = failures
    .slice(0, 3)
    .map(({ name, said }) => `${name}: ${said.join(' / ')}`)
    .join(' · ');
  const detail = [culprit, last].filter((text) => text !== '').join(' · ');
  const names = [
    ...new Set([
      ...failures.map(({ name }) => name),
      ...(verdict ?? '')
        .replace(/^[^:]*:/, '')
        .replace(/\([^)]*\)/g, ' ')
        .split(/\s+/)
        .filter((word) => PackageName.safeParse(word).success),
    ]),
  ].slice(0, 2000);
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
