/** Reads the progress of the apt jobs, and says what their exit codes mean. Pure; hostile lines are ignored. */
import { err, ok, type Result } from '../../../../shared/errors.ts';
import { PackageName } from '../../../../shared/model/primitives.ts';
import type { JobProgress } from '../driver.ts';
import {
  commonMeanings,
  EXIT,
  jobError,
  type Meanings,
  namesIn,
  readOwnLine,
  readPhase,
} from '../jobWords.ts';
import { plainLine } from '../shell.ts';

/** apt names pseudo packages (`dpkg-exec`) and adds architectures. */
function packageOf(word: string): string | undefined {
  const name = word.split(':')[0] ?? '';
  return name !== 'dpkg-exec' && PackageName.safeParse(name).success ? name : undefined;
}

/** One line of the progress file: `frostline:<stage>:<stages>:<what>`, or a bare line of apt's status-fd. */
export function readProgress(line: string): JobProgress | null {
  if (line.length > 4000) return null;
  const own = readOwnLine(line);
  const phase = readPhase(own, ['recovering', 'marks']);
  if (phase !== null) return phase;
  const [kind = '', first = '', ...more] = own.what.split(':');
  // The package's name may hold a colon (its architecture): the percentage is the first field that is a number.
  const index = more.findIndex((word) => /^\d{1,3}(\.\d+)?$/.test(word));
  const percent = Number(more[index] ?? Number.NaN);
  if (!Number.isFinite(percent)) return null;
  const name = packageOf(first);
  const named = name === undefined ? {} : { package: name };
  if (kind === 'dlstatus') return { phase: 'downloading', percent: own.downloaded(percent) };
  if (kind === 'pmstatus') {
    return { phase: 'installing', ...named, percent: own.installed(percent) };
  }
  if (kind === 'pmerror') {
    return { phase: 'failing', ...named, percent: own.installed(percent) };
  }
  if (kind === 'pmconffile') {
    return { phase: 'configuring', ...named, percent: own.installed(percent) };
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

const MEANINGS: Meanings = {
  ...commonMeanings({ manager: 'apt', clean: 'apt-get clean', install: 'dpkg -i' }),
  [EXIT.repository]: {
    code: 'host.repository',
    message: 'A package could not be fetched from the repository.',
    hint: 'Check that the host reaches its repositories, then try again.',
  },
};

/** `logTail`: the end of the job's log. Errors name the packages and what their scripts said. */
export function judgeJob(kind: 'apply' | 'rollback', exitCode: number, logTail: string): Result<void> {
  if (exitCode === EXIT.done) return ok(undefined);
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
  const names = [...new Set([...failures.map(({ name }) => name), ...namesIn(verdict ?? '')])].slice(0, 2000);
  return err(jobError({ kind, exitCode, meanings: MEANINGS, details: [culprit, last], names }));
}
