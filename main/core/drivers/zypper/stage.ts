/** As root: downloads what the job will install, so that applying needs no network. */
import { type ErrorCode, fail, ok, type Result } from '../../../../shared/errors.ts';
import type { CommandOutput, CommandSpec } from '../../ports.ts';
import type { StageRequest } from '../driver.ts';
import { readPairs } from '../facts.ts';
import type { PushedPackage } from '../pushed.ts';
import { plainLine } from '../shell.ts';
import { REPOSITORIES_SKIPPED, readAnswer, script } from './host.ts';
import { readLock } from './inventory.ts';
import { asked, capabilities, INSTALL, PUSHED_FUNCTIONS, withPushed } from './request.ts';
import { messagesOf, problemsIn } from './xml.ts';

/** Seconds to wait for a lock, in sane bounds. */
export const patience = (seconds: number): number => Math.max(1, Math.min(86_400, Math.trunc(seconds) || 1));

/** What zypper's and rpm's words say went wrong, as patterns for grep -Ei and for us. */
export const SAYS = {
  diskFull:
    'No space left on device|Failure writing output to destination|not enough (free )?(disk )?space|needs [0-9]+[KMG]?i?B (more space )?on the',
  readOnly: 'Read-only file system',
  repository:
    'Download \\(curl\\) error|File .* not found on medium|Signature verification failed|Digest verification failed|Failed to (provide|download)|Connection (failed|timed out)|Checksum mismatch',
} as const;

/** Ends with these (zypper(8), EXIT CODES). */
const LOCKED = 7;
const NO_WAY = 4;
const NOT_FOUND = 104;

export function stageCommand(options: {
  nonce: string;
  stages: StageRequest[];
  lockTimeoutSeconds: number;
  pushed?: readonly PushedPackage[];
}): CommandSpec {
  const seconds = patience(options.lockTimeoutSeconds);
  const words = capabilities(asked(options.stages));
  const body = `${PUSHED_FUNCTIONS}
fl_kept() { printf 'kib\\t%s\\n' "$(du -sk "$R/var/cache/zypp/packages" 2>/dev/null | cut -f 1)"; }
fl_fetch() {
  ${words === '' ? ':' : `ZYPP_LOCK_TIMEOUT=${seconds} fl_do ${INSTALL} --download-only ${words}`}
}
fl_work && fl_ready || { fl_mark notmp; fl_mark end; return 1; }
${withPushed(options.pushed, 'fl_mark unpushed; printf "%s\\n" "$fl_why"; fl_mark end; return 1')}fl_sec before fl_kept
fl_sec fetch fl_fetch
fl_sec after fl_kept
fl_sec lock fl_lock
`;
  return {
    script: script(options.nonce, body),
    root: true,
    timeoutMs: 3_600_000 + seconds * 1000,
    maxOutputBytes: 16 * 1024 * 1024,
  };
}

const CAUSES: { says: RegExp; code: ErrorCode; hint: string }[] = [
  {
    says: new RegExp(SAYS.diskFull, 'i'),
    code: 'host.disk-full',
    hint: 'Free space on the host (zypper clean helps), then try again.',
  },
  {
    says: new RegExp(SAYS.readOnly, 'i'),
    code: 'host.read-only',
    hint: 'Look at the host: it may have remounted after a disk error.',
  },
  {
    says: new RegExp(SAYS.repository, 'i'),
    code: 'host.repository',
    hint: 'Check that the host reaches its repositories; scan it with refresh to read their metadata again.',
  },
];

const failed = (code: ErrorCode, said: string, hint?: string): Result<never> =>
  fail(
    code,
    plainLine(`The packages could not be downloaded: ${said}`, 2000),
    hint === undefined ? {} : { hint },
  );

/** Errors: `host.repository`, `host.version-unavailable`, `host.dependency-conflict`, `host.disk-full`, `host.read-only`, `host.lock-held`, `host.command-failed`, and those of `readAnswer`. */
export function parseStage(
  output: CommandOutput,
  context: { nonce: string },
): Result<{ downloadedBytes: number }> {
  const read = readAnswer(output, context.nonce, []);
  if (!read.ok) return read;
  const sections = read.value;
  if (sections.has('unpushed'))
    return failed('host.command-failed', plainLine(sections.text('unpushed'), 300));
  const code = sections.rc('fetch');
  const text = sections.text('fetch');
  if (code !== 0 && !(code === REPOSITORIES_SKIPPED && text.includes('<install-summary'))) {
    const said =
      [...problemsIn(text), ...messagesOf(text, 'error')].join(' · ') || plainLine(text.slice(-400));
    if (code === LOCKED) {
      const { holder } = readLock(sections);
      return failed(
        'host.lock-held',
        `${said}${holder === undefined ? '' : ` (held by ${holder})`}`,
        'Wait until the other package manager is done, then try again.',
      );
    }
    if (code === NOT_FOUND)
      return fail('host.version-unavailable', `Not on offer on this host any more, or locked: ${said}`, {
        hint: 'Scan the host with refresh: its metadata may be older than the snapshot.',
      });
    if (code === NO_WAY) return failed('host.dependency-conflict', said, 'Make a new plan.');
    const cause = CAUSES.find(({ says }) => says.test(text));
    return failed(cause?.code ?? 'host.command-failed', said || `exit code ${code ?? '?'}`, cause?.hint);
  }
  const kib = (name: string) => Number(readPairs(sections.lines(name, 5)).get('kib') ?? 0) || 0;
  return ok({ downloadedBytes: Math.max(0, kib('after') - kib('before')) * 1024 });
}
