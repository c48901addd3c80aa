/**
 * libzypp's own log, /var/log/zypp/history, which may be read by all, and the newest rotated one: a line for each command that
 * changed something, followed by one for each package (the "Libzypp History File" of its documentation). Times are the host's
 * local ones; its present offset from UTC is told along. What came in without libzypp is not in it, and of whoever used sudo
 * only root is.
 */
import { ok, type Result } from '../../../../shared/errors.ts';
import { Arch } from '../../../../shared/model/primitives.ts';
import type { CommandOutput, CommandSpec } from '../../ports.ts';
import { changeOf, type HostTransaction } from '../history.ts';
import { framedScript, plainLine, readSections } from '../shell.ts';

const FUNCTIONS = `fl_log() {
  fl_old=$(ls -1 "$R"/var/log/zypp/history-* 2>/dev/null | tail -n 1)
  {
    if [ -n "$fl_old" ] && [ -r "$fl_old" ]; then
      case $fl_old in
        *.xz) xz -dc "$fl_old" ;;
        *.gz) gzip -dc "$fl_old" ;;
        *.bz2) bzip2 -dc "$fl_old" ;;
        *.zst) zstd -dcq "$fl_old" ;;
        *) cat "$fl_old" ;;
      esac 2>/dev/null
    fi
    [ ! -r "$R/var/log/zypp/history" ] || cat "$R/var/log/zypp/history"
  } | grep -E '^[0-9-]+ [0-9:]+[|](install|remove *|command)[|]' | tail -c 2097152
}`;

export const historyCommand = (options: { nonce: string }): CommandSpec => ({
  script: framedScript(options.nonce, FUNCTIONS, 'fl_sec zone date +%z\nfl_sec zypp fl_log\n'),
  root: false,
  timeoutMs: 120_000,
  maxOutputBytes: 8 * 1024 * 1024,
});

const MAX_LINES = 50_000;

/** A separator inside a field has a backslash before it. */
const fieldsOf = (line: string): string[] =>
  (line.match(/(?:^|\|)(?:[^|\\]|\\.?)*/g) ?? []).map((field, index) =>
    (index === 0 ? field : field.slice(1)).replace(/\\(.)/g, '$1').trim(),
  );

const instantOf = (date: string, offset: string): string | undefined => {
  if (!/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/.test(date)) return undefined;
  const at = Date.parse(`${date.replace(' ', 'T')}${offset}`);
  return Number.isFinite(at) ? new Date(at).toISOString() : undefined;
};

/** `'zypper' 'in' 'a'`, as libzypp writes each word of it. */
const wordsOf = (command: string): string =>
  plainLine(
    /^'[^']*'( '[^']*')*$/.test(command) ? command.slice(1, -1).replaceAll("' '", ' ') : command,
    1000,
  );

/** `root@host`; a number and the name of a program where that asked by itself. */
const userOf = (who: string | undefined): string | undefined => {
  const user = plainLine(/^([^@\s:]+)@/.exec(who ?? '')?.[1] ?? '', 200);
  return user === '' ? undefined : user;
};

const changeIn = (
  action: string | undefined,
  [name, version, arch]: string[],
): HostTransaction['changes'][number] | undefined => {
  if (!Arch.safeParse(arch).success || version === undefined) return undefined;
  if (action === 'install') return changeOf(name, arch, undefined, version);
  return action === 'remove' ? changeOf(name, arch, version, undefined) : undefined;
};

/** Only what changed something. Lines that are none of the log's are passed over. Errors: `host.output-malformed`. */
export function parseHistory(output: CommandOutput, context: { nonce: string }): Result<HostTransaction[]> {
  const read = readSections(output, context.nonce, ['zypp']);
  if (!read.ok) return read;
  const sections = read.value;
  const zone = /^[+-]\d{4}$/.exec(sections.text('zone').trim())?.[0] ?? '+0000';
  const offset = `${zone.slice(0, 3)}:${zone.slice(3)}`;
  const transactions: HostTransaction[] = [];
  let open: HostTransaction | undefined;
  for (const line of sections.lines('zypp', MAX_LINES)) {
    const [date = '', action, ...fields] = fieldsOf(line);
    const at = instantOf(date, offset);
    if (at === undefined) continue;
    if (action === 'command') {
      const by = userOf(fields[0]);
      const command = wordsOf(fields[1] ?? '');
      open = {
        at,
        ...(by === undefined ? {} : { by }),
        ...(command === '' ? {} : { command }),
        changes: [],
      };
      transactions.push(open);
      continue;
    }
    const change = changeIn(action, fields);
    if (change === undefined) continue;
    if (open === undefined) {
      // The line that began it was cut off.
      const by = userOf(fields[3]);
      open = { at, ...(by === undefined ? {} : { by }), changes: [] };
      transactions.push(open);
    }
    open.changes.push(change);
  }
  return ok(transactions.filter((one) => one.changes.length > 0));
}
