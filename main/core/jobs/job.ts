/**
 * A detached job on a host: how it is started, followed, inspected and stopped, whatever the package manager.
 *
 * Its folder is `/var/lib/frostline/jobs/<token>/` (0700, root): `script` (what it does), `run` (what runs it), `log`,
 * `progress`, `pid` (the runner's and the script's process and their start times), `boot`, `stop` (asks it to end between
 * stages) and last, moved into place in one step, `exit`. The script finds its folder in `FROSTLINE_JOB`.
 *
 * Two folders made by `mkdir` are locks, since only one of several can make them. `started`: who makes it may start the job;
 * the token's folder itself cannot be that lock, because the capture makes it earlier to put old packages in. `begun`: made
 * by the job's own first step, or by whoever finds that it never began, who may then call it dead for good; so a start that
 * was reported lost can never begin later.
 *
 * Nothing here ever kills a job: dpkg is never interrupted.
 */
import { fail, ok, type Result } from '../../../shared/errors.ts';
import { PUSHED_FOLDER } from '../drivers/pushed.ts';
import {
  checkedNonce,
  checkedToken,
  ENVIRONMENT,
  framedScript,
  HOST_FOLDER,
  plainLine,
  readSections,
} from '../drivers/shell.ts';
import type { CommandOutput, CommandSpec } from '../ports.ts';
import { Buffered, LineGatherer, NEWLINE } from './bytes.ts';
import { type JobState, readState, STARTED_FUNCTION, STATE_FUNCTIONS } from './state.ts';

/** A job's folder on the host, without the root prefix. */
export const jobFolder = (token: string): string => `${HOST_FOLDER}/jobs/${checkedToken(token)}`;

const MINUTE = 60_000;

const folderLine = (token: string): string => `D="$R${jobFolder(token)}"`;

/**
 * Runs beside the job. The script gets an ordinary umask: maintainer scripts make files others must read. It records its own
 * and the script's process, and writes the exit code in one step.
 */
const RUNNER = `${ENVIRONMENT}
umask 022
D=$1
cd / || exit 1
mkdir "$D/begun" || exit 1
HOME=\${HOME:-/root}; FROSTLINE_JOB=$D; export HOME FROSTLINE_JOB
${STARTED_FUNCTION}
cat "$R/proc/sys/kernel/random/boot_id" >"$D/boot" 2>/dev/null
: >>"$D/log"; : >>"$D/progress"
sh "$D/script" </dev/null >>"$D/log" 2>&1 &
child=$!
fl_started $$; fl_own=$fl_start; fl_started "$child"
printf '%s %s\\n%s %s\\n' "$$" "$fl_own" "$child" "$fl_start" >"$D/pid.new"
mv "$D/pid.new" "$D/pid"
wait "$child"
code=$?
printf '%s\\n' "$code" >"$D/exit.new" && mv "$D/exit.new" "$D/exit"
`;

/** A quoted here-document; its end line holds the nonce, so no line of the text can be it. */
const hereDocument = (file: string, text: string, nonce: string): string => {
  const end = `FROSTLINE_${nonce}`;
  if (text.split('\n').includes(end))
    throw new RangeError('a job script holds the end mark of its own document');
  return `cat >"${file}" <<'${end}' || { fl_mark failed; fl_mark end; return 1; }\n${text}${text.endsWith('\n') ? '' : '\n'}${end}`;
};

/**
 * Root. Writes the job's files and starts it, once: a second start of the same token does nothing and says so. Returns when
 * the job's process is known, or failed to come up.
 */
export function startJob(options: { nonce: string; token: string; script: string }): CommandSpec {
  const nonce = checkedNonce(options.nonce);
  const unit = `frostline-${checkedToken(options.token)}`;
  const body = `${folderLine(options.token)}
mkdir -p "$R${HOST_FOLDER}/jobs" "$D" && fl_own "$R${HOST_FOLDER}" "$R${HOST_FOLDER}/jobs" "$D" && chmod 700 "$R${HOST_FOLDER}" "$R${HOST_FOLDER}/jobs" "$D" || { fl_mark failed; fl_mark end; return 1; }
# Whoever made the lock launches the job, also when nobody listens any more: nobody else would. Until then nothing is printed.
trap : 1 13
if ! mkdir "$D/started" 2>/dev/null; then
  if [ -d "$D/started" ]; then fl_mark already; else fl_mark failed; fi
  fl_mark end
  return 0
fi
${hereDocument('$D/script', options.script, nonce)}
${hereDocument('$D/run', RUNNER, nonce)}
fl_launch() {
  if [ -z "$R" ] && [ -d /run/systemd/system ] && fl_has systemd-run; then
    systemd-run --collect --quiet --unit=${unit} --property=KillMode=process sh "$D/run" "$D" && return 0
    printf 'systemd-run could not start it\\n'
    [ ! -d "$D/begun" ] || return 0
  fi
  if fl_has setsid; then setsid sh "$D/run" "$D" </dev/null >/dev/null 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
  elif fl_has perl; then perl -e 'use POSIX; exit 0 if fork; POSIX::setsid(); exec @ARGV' sh "$D/run" "$D" </dev/null >/dev/null 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
  else nohup sh "$D/run" "$D" </dev/null >/dev/null 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
  fi
}
fl_said=$(fl_launch 2>&1); fl_launched=$?
trap 'exit 129' 1; trap 'exit 141' 13
fl_mark launch; printf '%s\n' "$fl_said"; fl_rc launch "$fl_launched"
fl_judge
fl_mark state
printf '%s\\n' "$fl_state"
fl_rc state 0
`;
  return {
    script: framedScript(nonce, STATE_FUNCTIONS, body),
    root: true,
    timeoutMs: 2 * MINUTE,
    maxOutputBytes: 1024 * 1024,
  };
}

/** `already`: it had been started before; follow it. Errors: `host.job-lost` (did not begin), `host.disk-full`, `host.read-only`. */
export function parseStart(output: CommandOutput, nonce: string): Result<'started' | 'already'> {
  const sections = readSections(output, nonce, []);
  const said = plainLine(output.stderr, 500);
  const details = said === '' ? {} : { hint: `The host said: ${said}` };
  if (/No space left on device/.test(output.stderr)) {
    return fail('host.disk-full', 'The job could not be written: no space left on the host.', details);
  }
  if (/Read-only file system/.test(output.stderr)) {
    return fail('host.read-only', 'The job could not be written: the file system is read-only.', details);
  }
  if (!sections.ok) return sections;
  if (sections.value.has('already')) return ok('already');
  const state = sections.value.text('state').trim();
  if (/^(running|finished) /.test(state)) return ok('started');
  return fail(
    'host.job-lost',
    `The job could not be started${state === '' ? '' : `: ${plainLine(state.replace(/^died /, ''))}`}.`,
    details,
  );
}

/** Root. What became of a job. */
export function inspectJob(options: { nonce: string; token: string }): CommandSpec {
  return {
    script: framedScript(
      options.nonce,
      STATE_FUNCTIONS,
      `${folderLine(options.token)}\nfl_judge\nfl_mark state\nprintf '%s\\n' "$fl_state"\nfl_rc state 0\n`,
    ),
    root: true,
    timeoutMs: MINUTE,
    maxOutputBytes: 64 * 1024,
  };
}

/** Errors: `host.output-malformed`. */
export function parseInspect(output: CommandOutput, nonce: string): Result<JobState> {
  const sections = readSections(output, nonce, ['state']);
  if (!sections.ok) return sections;
  const state = readState(sections.value.text('state'));
  return state === undefined
    ? fail('host.output-malformed', 'The host did not say what became of the job.')
    : ok(state);
}

/** Root. Asks the job to end before its next stage. */
export function stopJob(options: { nonce: string; token: string }): CommandSpec {
  return {
    script: framedScript(
      options.nonce,
      '',
      `${folderLine(options.token)}\n[ ! -d "$D/started" ] || : >"$D/stop" || fl_exit=1\n`,
    ),
    root: true,
    timeoutMs: MINUTE,
    maxOutputBytes: 64 * 1024,
  };
}

/** Root. Removes folders of finished jobs, with the old packages in them; one that still runs is left alone. */
export function removeJobs(options: { nonce: string; tokens: string[] }): CommandSpec {
  const each = options.tokens
    .map(
      (token) =>
        `${folderLine(token)}\nfl_look\ncase $fl_state in running*|waiting) ;; *) rm -rf "$D" || fl_exit=1 ;; esac\n`,
    )
    .join('');
  return {
    script: framedScript(options.nonce, STATE_FUNCTIONS, `${each}rm -rf "$R${PUSHED_FOLDER}" || fl_exit=1\n`),
    root: true,
    timeoutMs: 5 * MINUTE,
    maxOutputBytes: 64 * 1024,
  };
}

/** Seconds without a frame after which a reader should doubt the connection; the host sends one at least every 5. */
export const SILENCE_SECONDS = 20;
const CHUNK = 65_536;

/**
 * Root. Streams the job's log and progress from byte offsets until the job has ended, framed by length so that any byte may
 * stand in them: `@@<nonce> log <offset> <length>`, that many bytes, a newline; `progress` likewise; `alive` at least every
 * five seconds; last `exit <code>`, `died <reason>` or `absent`. Ends by itself when nobody reads any more.
 */
export function followJob(options: {
  nonce: string;
  token: string;
  logOffset: number;
  progressOffset: number;
}): CommandSpec {
  const offset = (n: number): number => (Number.isSafeInteger(n) && n > 0 ? n : 0);
  const functions = `${STATE_FUNCTIONS}
fl_frame() { printf '@@%s %s\\n' "$N" "$1" || exit 1; }
fl_pulse() { fl_frame alive; }
# Sets fl_log and fl_told, in bytes: both files are made at once, when the job begins.
fl_sizes() {
  fl_log=0; fl_told=0
  [ -f "$D/log" ] && [ -f "$D/progress" ] && fl_wc=$(wc -c "$D/log" "$D/progress" 2>/dev/null) || return 0
  fl_progress=\${fl_wc#*"
"}
  set -- $fl_wc; fl_log=$1
  set -- $fl_progress; fl_told=$1
}
# fl_send NAME OFFSET SIZE: one piece, at most ${CHUNK} bytes; sets fl_sent.
fl_send() {
  fl_sent=$(($3 - $2))
  [ "$fl_sent" -gt 0 ] || { fl_sent=0; return 0; }
  [ "$fl_sent" -le ${CHUNK} ] || fl_sent=${CHUNK}
  fl_frame "$1 $2 $fl_sent"
  tail -c +$(($2 + 1)) "$D/$1" | head -c "$fl_sent"
  printf '\\n' || exit 1
}`;
  const body = `${folderLine(options.token)}
L=${offset(options.logOffset)}; P=${offset(options.progressOffset)}
fl_nap=0.2; fl_beat=15
sleep 0.2 2>/dev/null || { fl_nap=1; fl_beat=3; }
fl_quiet=0
while :; do
  fl_look
  case $fl_state in running*) ;; *) fl_judge ;; esac
  fl_sizes
  fl_send log "$L" "$fl_log"; L=$((L + fl_sent)); fl_more=$fl_sent
  fl_send progress "$P" "$fl_told"; P=$((P + fl_sent)); fl_more=$((fl_more + fl_sent))
  [ "$fl_more" = 0 ] || fl_quiet=0
  # More is waiting, or what an ended job left is still being read: no pause.
  [ "$fl_more" -lt ${CHUNK} ] || continue
  case $fl_state in
    running*) ;;
    *) [ "$fl_more" = 0 ] || continue
      case $fl_state in finished*) fl_frame "exit \${fl_state#finished }" ;; *) fl_frame "$fl_state" ;; esac
      break ;;
  esac
  fl_quiet=$((fl_quiet + 1))
  if [ "$fl_quiet" -ge "$fl_beat" ]; then fl_quiet=0; fl_frame alive; fi
  sleep "$fl_nap"
done
`;
  return {
    script: framedScript(options.nonce, functions, body),
    root: true,
    timeoutMs: 24 * 60 * MINUTE,
    maxOutputBytes: Number.MAX_SAFE_INTEGER,
  };
}

/** `offset`: the byte offset to resume at after this event. */
export type FollowEvent =
  | { kind: 'log'; text: string; offset: number }
  | { kind: 'progress'; lines: string[]; offset: number }
  | { kind: 'exit'; code: number }
  | { kind: 'died'; reason: string }
  | { kind: 'absent' }
  | { kind: 'alive' };

const MAX_HEADER = 512;
/** More than the host's script ever sends in one piece. */
const MAX_FRAME = 1024 * 1024;

type Frame = { name: 'log' | 'progress'; offset: number; length: number };

/**
 * Reads the frames of `followJob` out of a byte stream cut anywhere. What a host sends is hostile: lengths are bounded, text
 * between frames is ignored, and nothing here throws.
 *
 * Log text comes in whole lines, so that what is shown, and the offset to resume at, never cut a line or a character in two;
 * a line longer than 16 KiB, and what is left when the job has ended, comes as it is.
 */
export class FollowReader {
  private readonly mark: string;
  private readonly input = new Buffered();
  private readonly log = new LineGatherer();
  private readonly progress = new LineGatherer();
  private frame: Frame | undefined;
  private began = false;
  private ended = false;

  constructor(nonce: string) {
    this.mark = `@@${checkedNonce(nonce)} `;
  }

  /** Every event that is complete with this chunk, in order. After an end (`exit`, `died`, `absent`) nothing more comes. */
  feed(chunk: Uint8Array): FollowEvent[] {
    const events: FollowEvent[] = [];
    if (this.ended) return events;
    this.input.push(chunk);
    while (!this.ended) {
      if (this.frame !== undefined) {
        // The frame's bytes and the newline after them.
        if (this.input.length < this.frame.length + 1) break;
        const bytes = this.input.take(this.frame.length);
        this.input.take(1);
        const event = this.body(this.frame, bytes);
        this.frame = undefined;
        if (event) events.push(event);
        continue;
      }
      const newline = this.input.indexOf(NEWLINE);
      if (newline < 0) {
        // No header is this long: whatever it is, it is not ours.
        if (this.input.length > MAX_HEADER) this.input.take(this.input.length - 1);
        break;
      }
      const line = this.input.take(newline + 1);
      if (newline <= MAX_HEADER) events.push(...this.header(new TextDecoder().decode(line).trim()));
    }
    return events;
  }

  private header(line: string): FollowEvent[] {
    const at = line.startsWith(this.mark) ? line.slice(this.mark.length).split(' ') : undefined;
    if (at === undefined) return [];
    const [word, first = '', second = ''] = at;
    if (word === 'begin') {
      this.began = true;
      return [];
    }
    if (!this.began) return [];
    if (word === 'log' || word === 'progress') {
      const offset = Number(first);
      const length = Number(second);
      if (
        Number.isSafeInteger(offset) &&
        offset >= 0 &&
        Number.isInteger(length) &&
        length > 0 &&
        length <= MAX_FRAME
      ) {
        this.frame = { name: word, offset, length };
      }
      return [];
    }
    if (word === 'alive') return [{ kind: 'alive' }];
    const state = readState(word === 'exit' ? `finished ${first}` : at.join(' '));
    if (state === undefined || state.state === 'running') return [];
    this.ended = true;
    const rest = [this.logEvent(this.log.flush()), this.progressEvent(this.progress.flush())];
    const last: FollowEvent =
      state.state === 'finished'
        ? { kind: 'exit', code: state.code }
        : state.state === 'absent'
          ? { kind: 'absent' }
          : { kind: 'died', reason: plainLine(state.reason) };
    return [...rest.filter((event) => event !== undefined), last];
  }

  private body(frame: Frame, bytes: Uint8Array): FollowEvent | undefined {
    return frame.name === 'log'
      ? this.logEvent(this.log.add(bytes, frame.offset))
      : this.progressEvent(this.progress.add(bytes, frame.offset));
  }

  private logEvent(given: { text: string; offset: number } | undefined): FollowEvent | undefined {
    return given && { kind: 'log', text: given.text, offset: given.offset };
  }

  private progressEvent(given: { text: string; offset: number } | undefined): FollowEvent | undefined {
    if (given === undefined) return undefined;
    return {
      kind: 'progress',
      lines: given.text.split('\n').filter((line) => line !== ''),
      offset: given.offset,
    };
  }
}
