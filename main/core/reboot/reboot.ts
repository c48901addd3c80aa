/**
 * A restart of a POSIX host: how it is asked for once, how its return is seen, and what ran before and has to run again.
 *
 * The job's folder keeps what was before: `restart` (the boot id in which the restart was asked for; made in one step before
 * the restart, so that a console that comes back never asks for a second one) and `units` (services that ran and are enabled,
 * so that what was started by hand, or for a session, is not waited for). The folder is on a disk; it survives.
 *
 * With FROSTLINE_ROOT set nothing but `$R/sbin/frostline-reboot` is ever run: a stand-in fleet must not restart the machine
 * it lives on.
 */
import { fail, ok, type Result } from '../../../shared/errors.ts';
import { checkedToken, framedScript, HOST_FOLDER, plainLine, readSections } from '../drivers/shell.ts';
import type { CommandOutput, CommandSpec } from '../ports.ts';

const MINUTE = 60_000;

/** A restart that was asked for and did not happen within this time is asked for again; it is the same restart. */
const AGAIN_AFTER_SECONDS = 120;

const FUNCTIONS = `fl_boot() { cat "$R/proc/sys/kernel/random/boot_id" 2>/dev/null; }
fl_has_systemd() { [ -z "$R" ] && [ -d /run/systemd/system ] && fl_has systemctl; }
fl_running() { systemctl show --property=Id,UnitFileState --type=service --state=running --no-pager '*' 2>/dev/null | awk '
/^Id=/ { id = substr($0, 4) } /^UnitFileState=/ { s = substr($0, 15) }
/^$/ { if (s == "enabled") print id; id = ""; s = "" } END { if (s == "enabled") print id }' | sort -u; }
fl_go() {
  if [ -n "$R" ]; then set -- "$R/sbin/frostline-reboot"
  elif fl_has_systemd; then set -- systemctl reboot
  elif fl_has shutdown; then set -- shutdown -r now
  else set -- reboot
  fi
  # The answer goes out before the machine goes down.
  if fl_has setsid; then setsid sh -c 'sleep 1; exec "$@"' sh "$@" </dev/null >"$D/restart.log" 2>&1 &
  else nohup sh -c 'sleep 1; exec "$@"' sh "$@" </dev/null >"$D/restart.log" 2>&1 &
  fi
}`;

const folderLine = (token: string): string => `D="$R${HOST_FOLDER}/jobs/${checkedToken(token)}"`;

/** Root. Asks for the restart, once in a boot; asked again, it says how that one stands. */
export function askRestart(options: { nonce: string; token: string }): CommandSpec {
  const body = `${folderLine(options.token)}
mkdir -p "$D" && fl_own "$R${HOST_FOLDER}" "$R${HOST_FOLDER}/jobs" "$D" || { fl_mark end; return 1; }
fl_now=$(fl_boot)
fl_sec now printf '%s\\n' "$fl_now"
[ -n "$fl_now" ] || { fl_mark end; return 1; }
if [ -s "$D/restart" ]; then
  fl_then=; read -r fl_then <"$D/restart" || :
  fl_sec before printf '%s\\n' "$fl_then"
  fl_sec said tail -n 3 "$D/restart.log"
  fl_at=$(stat -c %Y "$D/restart" 2>/dev/null) || fl_at=$(date +%s)
  [ "$fl_then" = "$fl_now" ] && [ $(($(date +%s) - fl_at)) -ge ${AGAIN_AFTER_SECONDS} ] || { fl_mark end; return 0; }
else
  if fl_has_systemd; then fl_running >"$D/units"; else : >"$D/units"; fi
fi
printf '%s\\n' "$fl_now" >"$D/restart.new" && mv "$D/restart.new" "$D/restart" || { fl_mark end; return 1; }
fl_mark asked
fl_go
`;
  return {
    script: framedScript(options.nonce, FUNCTIONS, body),
    root: true,
    timeoutMs: MINUTE,
    maxOutputBytes: 64 * 1024,
  };
}

/** `now`: the boot it was asked in or answers from. `before`: the boot in which a restart was asked for already. */
export type RestartState = { now: string; before?: string; asked: boolean; said: string };

/** Errors: `host.output-malformed`; `host.reboot-failed` where the host has no boot id to tell a restart by, or its folder cannot be written. */
export function parseRestart(output: CommandOutput, nonce: string): Result<RestartState> {
  const sections = readSections(output, nonce, ['now']);
  if (!sections.ok) return sections;
  const now = plainLine(sections.value.text('now'), 64);
  const before = plainLine(sections.value.text('before'), 64);
  if (now === '' || output.exitCode !== 0)
    return fail(
      'host.reboot-failed',
      now === ''
        ? 'The host has no boot id, so that its restart could not be told from none.'
        : `The restart could not be prepared: ${plainLine(output.stderr, 300)}`,
    );
  return ok({
    now,
    ...(before !== '' && { before }),
    asked: sections.value.has('asked'),
    said: plainLine(sections.value.text('said'), 300),
  });
}

/** No root: which boot answers. */
export function readBoot(options: { nonce: string }): CommandSpec {
  return {
    script: framedScript(options.nonce, FUNCTIONS, 'fl_sec now fl_boot\n'),
    root: false,
    timeoutMs: MINUTE,
    maxOutputBytes: 64 * 1024,
  };
}

/** Errors: `host.output-malformed`. */
export function parseBoot(output: CommandOutput, nonce: string): Result<string> {
  const sections = readSections(output, nonce, ['now']);
  return sections.ok ? ok(plainLine(sections.value.text('now'), 64)) : sections;
}

/** Root: which of the services that ran before the restart do not run now. */
export function missingUnits(options: { nonce: string; token: string }): CommandSpec {
  const body = `${folderLine(options.token)}
fl_tmp || { fl_mark end; return 1; }
if fl_has_systemd && [ -s "$D/units" ]; then
  fl_running >"$T/now"
  awk 'FILENAME == ARGV[1] { now[$1] = 1; next } !($1 in now)' "$T/now" "$D/units" >"$T/missing"
else : >"$T/missing"
fi
fl_sec missing head -n 200 "$T/missing"
`;
  return {
    script: framedScript(options.nonce, FUNCTIONS, body),
    root: true,
    timeoutMs: MINUTE,
    maxOutputBytes: 256 * 1024,
  };
}

/** Errors: `host.output-malformed`. */
export function parseMissing(output: CommandOutput, nonce: string): Result<string[]> {
  const sections = readSections(output, nonce, ['missing']);
  return sections.ok
    ? ok(sections.value.lines('missing', 200).map((line) => plainLine(line, 200)))
    : sections;
}
