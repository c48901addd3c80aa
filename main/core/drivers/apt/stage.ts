/** As root: downloads what the job will install, stage after stage, so that applying needs no network. */
import { type ErrorCode, fail, ok, type Result } from '../../../../shared/errors.ts';
import type { CommandOutput, CommandSpec } from '../../ports.ts';
import type { StageRequest } from '../driver.ts';
import type { PushedPackage } from '../pushed.ts';
import { framedScript, plainLine, quote, readSections } from '../shell.ts';
import { APT_FUNCTIONS, LOCK_FUNCTIONS } from './host.ts';
import { PUSHED_FUNCTIONS, withPushed } from './pushed.ts';
import { cumulative } from './simulate.ts';
import { readTransaction } from './transaction.ts';

const STAGE_FUNCTIONS = `fl_bytes() { ls -ln "$R/var/cache/apt/archives" 2>/dev/null | awk '/\\.deb$/ { s += $5 } END { printf "%.0f\\n", s }'; }
# Seconds left of the time that all stages together may wait for the lock.
fl_left() { fl_s=$((fl_until - $(date +%s))); [ "$fl_s" -gt 0 ] || fl_s=0; printf '%s' "$fl_s"; }
fl_fetch() {
  while [ "$(fl_left)" -gt 0 ] && fl_who=$(fl_locked); do sleep 1; done
  # After a power cut dpkg's journal is not empty, and apt would fetch nothing until the job has mended that.
  fl_free=
  for fl_f in "$R"/var/lib/dpkg/updates/[0-9]*; do [ ! -e "$fl_f" ] || fl_free='-o Debug::NoLocking=1'; done
  DEBIAN_FRONTEND=noninteractive fl_aget -d -y $fl_free --allow-downgrades -o DPkg::Lock::Timeout="$(fl_left)" -o Acquire::Retries=2 -o Acquire::http::Timeout=60 install "$@"
}`;

export function stageCommand(options: {
  nonce: string;
  stages: StageRequest[];
  lockTimeoutSeconds: number;
  pushed?: readonly PushedPackage[];
}): CommandSpec {
  const patience = Math.max(1, Math.min(86_400, Math.trunc(options.lockTimeoutSeconds) || 1));
  const fetches = options.stages
    .map(
      (_, index) =>
        `fl_sec fetch.${index} fl_fetch ${cumulative(options.stages, index).map(quote).join(' ')}\n`,
    )
    .join('');
  const using =
    (options.pushed ?? []).length === 0
      ? ''
      : `fl_tmp || { fl_mark notmp; fl_mark end; return 1; }\n${withPushed(options.pushed, 'fl_mark nopushed; printf "%s\\n" "$fl_why"; fl_mark end; return 1')}`;
  return {
    script: framedScript(
      options.nonce,
      [LOCK_FUNCTIONS, APT_FUNCTIONS, PUSHED_FUNCTIONS, STAGE_FUNCTIONS].join('\n'),
      `umask 022\n${using}fl_until=$(($(date +%s) + ${patience}))\nfl_sec before fl_bytes\n${fetches}fl_sec after fl_bytes\nfl_sec holder fl_locked\n`,
    ),
    root: true,
    timeoutMs: 3_600_000 + patience * 1000,
    maxOutputBytes: 16 * 1024 * 1024,
  };
}

/** What apt's or dpkg's own words mean; undefined when they name none of these. */
export function causeOf(said: string): ErrorCode | undefined {
  if (/No space left on device|enough free space/i.test(said)) return 'host.disk-full';
  if (/Read-only file system/i.test(said)) return 'host.read-only';
  if (/Could not get lock|Unable to (acquire|lock)/i.test(said)) return 'host.lock-held';
  if (/Failed to fetch|Unable to fetch|Hash Sum mismatch|Could not (resolve|connect)/i.test(said))
    return 'host.repository';
  if (/Version .* was not found|Unable to locate package/i.test(said)) return 'host.version-unavailable';
  return undefined;
}

const HINTS: Partial<Record<ErrorCode, string>> = {
  'host.disk-full': 'Free space on the host (apt-get clean helps), then try again.',
  'host.lock-held': 'Wait until the other package manager is done, then try again.',
  'host.repository':
    'Check that the host reaches its repositories; scan it with refresh to read their lists again.',
  'host.version-unavailable': 'Scan the host with refresh: its lists may be older than the snapshot.',
};

/** Errors: `host.repository`, `host.version-unavailable`, `host.disk-full`, `host.read-only`, `host.lock-held`, `host.command-failed`. */
export function parseStage(
  output: CommandOutput,
  context: { nonce: string },
): Result<{ downloadedBytes: number }> {
  const marks = readSections(output, context.nonce, []);
  if (!marks.ok) return marks;
  if (marks.value.has('notmp'))
    return fail('host.disk-full', "There is no room in the host's temporary folder.");
  if (marks.value.has('nopushed'))
    return fail(
      'host.command-failed',
      `The packages brought by the console cannot be used: ${plainLine(marks.value.text('nopushed'), 300)}.`,
    );
  const read = readSections(output, context.nonce, ['before', 'after']);
  if (!read.ok) return read;
  const sections = read.value;
  for (let index = 0; sections.has(`fetch.${index}`); index++) {
    if (sections.rc(`fetch.${index}`) === 0) continue;
    const text = sections.text(`fetch.${index}`);
    const transaction = readTransaction(text);
    const code = causeOf(text) ?? 'host.command-failed';
    const [pid, command] = (sections.lines('holder', 2)[0] ?? '').split('\t');
    const holder =
      code === 'host.lock-held' && pid
        ? ` (held by pid ${plainLine(pid, 20)} ${plainLine(command ?? '', 200)})`
        : '';
    const said = [...transaction.errors, ...transaction.unmet].slice(0, 8).join(' · ');
    return fail(
      code,
      `The packages could not be downloaded: ${said === '' ? plainLine(text.slice(-300)) : said}${holder}`,
      HINTS[code] === undefined ? {} : { hint: HINTS[code] },
    );
  }
  const bytes = (name: string) => Number(sections.text(name).trim()) || 0;
  return ok({ downloadedBytes: Math.max(0, bytes('after') - bytes('before')) });
}
