/** Reads the progress of the jobs on rpm hosts, and says what their exit codes mean. Pure; hostile lines are ignored. */
import { err, ok, type Result } from '../../../../shared/errors.ts';
import { PackageName } from '../../../../shared/model/primitives.ts';
import type { JobProgress, PackageDriver } from '../driver.ts';
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

/** One line of the progress file: `frostline:<stage>:<stages>:<what>`. */
export function readProgress(line: string): JobProgress | null {
  if (line.length > 4000) return null;
  const own = readOwnLine(line);
  if (!own.headed) return null;
  const phase = readPhase(own, ['marks']);
  if (phase !== null) return phase;
  const [kind = '', first = '', second = ''] = own.what.split(':');
  const number = /^\d{1,3}(\.\d+)?$/;
  if (kind === 'dl' && number.test(first))
    return { phase: 'downloading', percent: own.downloaded(Number(first)) };
  if (kind === 'pm' && number.test(second) && PackageName.safeParse(first).success)
    return { phase: 'installing', package: first, percent: own.installed(Number(second)) };
  return null;
}

export type ManagerWords = Parameters<typeof commonMeanings>[0];

const meaningsOf = (words: ManagerWords): Meanings => ({
  ...commonMeanings(words),
  [EXIT.broke]: {
    code: 'host.command-failed',
    message: 'The job could not work on this host.',
    hint: `Look at the output: ${words.manager} does not work there.`,
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
});

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

/** `words`: what the manager's commands are called. `logTail`: the end of the job's log. Errors name the packages and what their scripts said. */
export function judging(words: ManagerWords): PackageDriver['judgeJob'] {
  const meanings = meaningsOf(words);
  return (kind, exitCode, logTail) => judge(kind, exitCode, logTail, meanings);
}

function judge(
  kind: 'apply' | 'rollback',
  exitCode: number,
  logTail: string,
  meanings: Meanings,
): Result<void> {
  if (exitCode === EXIT.done) return ok(undefined);
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
  return err(jobError({ kind, exitCode, meanings, details: [...said, last], names }));
}
