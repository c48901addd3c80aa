/** Shell parts of jobs that are shell scripts: waiting for the lock, and lists of lines in the job's work folder. */
import type { PlanAction } from '../../../shared/model/plan.ts';
import { EXIT } from './jobWords.ts';
import { quote } from './shell.ts';

/**
 * `fl_wait`. Needs `fl_locked`, which prints "pid TAB command" of whoever holds the package manager's lock and fails where nobody does,
 * `fl_say`, `fl_note`, and LOCK_SECONDS.
 */
export const WAIT_FUNCTION = `# Waits until nobody holds the lock; names who does. Fails, with the exit code to end with, when it takes too
# long or the job is asked to stop.
fl_wait() {
  fl_until=$(($(date +%s) + LOCK_SECONDS)); fl_last=
  while fl_who=$(fl_locked); do
    fl_who=$(printf '%s' "$fl_who" | awk -F '\\t' '{ sub(/ +$/, "", $2); print ($2 == "" ? $1 : $1 " (" $2 ")") }')
    if [ "$fl_who" != "$fl_last" ]; then
      fl_last=$fl_who
      fl_say "waiting for the package manager's lock, held by pid $fl_who"
      fl_note "wait:pid $fl_who"
    fi
    if [ "$(date +%s)" -ge "$fl_until" ]; then fl_say "the lock was not released within $LOCK_SECONDS s: pid $fl_who"; return ${EXIT.lockTimeout}; fi
    if [ -e "$D/stop" ]; then fl_say 'stopped while waiting for the lock, as asked'; return ${EXIT.stopped}; fi
    sleep 1
  done
  [ -z "$fl_last" ] || fl_note 'phase:waited'
}`;

/** A file of lines in the job's work folder; every line is quoted. */
export const linesFile = (name: string, lines: string[]): string =>
  lines.length === 0
    ? `: >"$T/${name}"\n`
    : `printf '%s\\n' ${lines.map((line) => quote(line)).join(' \\\n  ')} >"$T/${name}"\n`;

/** What a job expects of an action: `I name arch version` or `R name arch version`. */
export const expectedLine = (action: PlanAction): string =>
  action.action === 'remove'
    ? `R ${action.name} ${action.arch} ${action.from ?? '-'}`
    : `I ${action.name} ${action.arch} ${action.to ?? '-'}`;
