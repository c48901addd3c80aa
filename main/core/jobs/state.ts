/** What a job's folder says about it: the shell functions that look, and the words they answer with. */
import { plainLine } from '../drivers/shell.ts';

export type JobState =
  | { state: 'absent' }
  | { state: 'running'; pid: number }
  | { state: 'finished'; code: number }
  | { state: 'died'; reason: string };

/**
 * `fl_started PID` sets `fl_start`. Start times tell a process from a later one with the same number: field 22 of
 * /proc/<pid>/stat, counted after the name's closing parenthesis. Where there is no /proc, a process that answers is taken for
 * the job's.
 */
export const STARTED_FUNCTION = `fl_started() {
  fl_start=-
  [ -r "/proc/$1/stat" ] || return 0
  { read -r fl_stat <"/proc/$1/stat"; } 2>/dev/null || return 0
  set -- \${fl_stat##*) }
  [ "$#" -lt 20 ] || { shift 19; fl_start=$1; }
}`;

/** A follower asks several times a second: to look starts no other process. */
export const STATE_FUNCTIONS = `${STARTED_FUNCTION}
fl_alive() { kill -0 "$1" 2>/dev/null || return 1; [ "$2" != - ] || return 0; fl_started "$1"; [ "$fl_start" = "$2" ]; }
# Sets fl_booted.
fl_this_boot() { fl_booted=; [ ! -r "$R/proc/sys/kernel/random/boot_id" ] || read -r fl_booted <"$R/proc/sys/kernel/random/boot_id" || :; }
# Sets fl_state: absent, waiting, running PID, finished CODE, or died REASON.
fl_look() {
  fl_state=absent
  [ -d "$D/started" ] || return 0
  if [ -f "$D/exit" ]; then read -r fl_code <"$D/exit" || :; fl_state="finished $fl_code"; return 0; fi
  if [ -f "$D/boot" ]; then
    fl_then=; read -r fl_then <"$D/boot" || :
    fl_this_boot
    if [ "$fl_then" != "$fl_booted" ]; then fl_state='died the host was restarted while the job ran'; return 0; fi
  fi
  if [ ! -f "$D/pid" ]; then fl_state=waiting; return 0; fi
  while read -r fl_p fl_s; do
    if fl_alive "$fl_p" "$fl_s"; then fl_state="running $fl_p"; return 0; fi
  done <"$D/pid"
  fl_state='died its process is gone and left no exit code'
}
# The same, without the moments in which a starting or an ending job looks dead. Waits at most about 10 seconds.
fl_judge() {
  fl_since=$(date +%s)
  while :; do
    fl_look
    fl_waited=$(($(date +%s) - fl_since))
    case $fl_state in
      waiting)
        if [ "$fl_waited" -ge 10 ]; then
          if mkdir "$D/begun" 2>/dev/null; then fl_state='died it was never begun'; return 0; fi
          [ "$fl_waited" -lt 15 ] || { fl_state='died it ended while it began'; return 0; }
        fi ;;
      died*) [ "$fl_waited" -lt 2 ] || return 0 ;;
      *) return 0 ;;
    esac
    fl_pulse
    sleep 0.2 2>/dev/null || sleep 1
  done
}
fl_pulse() { :; }`;

/** Reads the words of `fl_state`. */
export function readState(text: string): JobState | undefined {
  const [word = '', ...rest] = text.trim().split(' ');
  const number = Number(rest[0]);
  if (word === 'absent') return { state: 'absent' };
  if (word === 'running' && Number.isInteger(number) && number > 0) return { state: 'running', pid: number };
  if (word === 'finished') {
    return Number.isInteger(number) && rest[0] !== ''
      ? { state: 'finished', code: number }
      : { state: 'died', reason: 'it left an exit code that is not a number' };
  }
  return word === 'died' ? { state: 'died', reason: plainLine(rest.join(' ')) } : undefined;
}
