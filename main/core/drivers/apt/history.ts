/**
 * apt's history.log (the command line, and who asked for it) and dpkg's own log, which also has what came in without apt. The
 * last part of both, the newest rotated files included; without root, where the host lets it be read. Their times are the
 * host's local ones; its present offset from UTC is told along.
 */
import { ok, type Result } from '../../../../shared/errors.ts';
import type { CommandOutput, CommandSpec } from '../../ports.ts';
import { changeOf, type HostTransaction } from '../history.ts';
import { framedScript, plainLine, readSections } from '../shell.ts';

const FUNCTIONS = `fl_logs() {
  for fl_f in "$R$1.2.gz" "$R$1.1.gz" "$R$1.1"; do
    [ -r "$fl_f" ] || continue
    case $fl_f in *.gz) gzip -dc "$fl_f" 2>/dev/null ;; *) cat "$fl_f" ;; esac
  done
  [ ! -r "$R$1" ] || cat "$R$1"
}
fl_apt_log() { fl_logs /var/log/apt/history.log | tail -c 1048576; }
fl_dpkg_log() { fl_logs /var/log/dpkg.log | grep -E '^[0-9-]+ [0-9:]+ (install|upgrade|remove|purge) ' | tail -n 5000; }`;

export const historyCommand = (options: { nonce: string }): CommandSpec => ({
  script: framedScript(
    options.nonce,
    FUNCTIONS,
    'fl_sec zone date +%z\nfl_sec apt fl_apt_log\nfl_sec dpkg fl_dpkg_log\n',
  ),
  root: false,
  timeoutMs: 120_000,
  maxOutputBytes: 8 * 1024 * 1024,
});

const instantOf = (date: string, time: string, zone: string): string | undefined => {
  const at = Date.parse(`${date}T${time}${zone}`);
  return Number.isFinite(at) ? new Date(at).toISOString() : undefined;
};

const FIELDS = new Set(['Install', 'Upgrade', 'Downgrade', 'Remove', 'Purge', 'Reinstall']);

/** `a:amd64 (1.0, 1.1), b:all (2.0, automatic)`. */
const changesIn = (field: string, text: string): HostTransaction['changes'] =>
  [...text.matchAll(/(\S+?)(?::([a-z0-9-]+))? \(([^()]*)\)/g)].flatMap(([, name, arch, inside = '']) => {
    const [first, second] = inside.split(', ');
    const change =
      field === 'Remove' || field === 'Purge'
        ? changeOf(name, arch, first, undefined)
        : field === 'Install'
          ? changeOf(name, arch, undefined, first)
          : changeOf(name, arch, first, second ?? first);
    return change === undefined ? [] : [change];
  });

const aptTransactions = (text: string, zone: string): HostTransaction[] =>
  text.split(/\n\s*\n/).flatMap((block) => {
    const fields = new Map<string, string>();
    for (const line of block.split('\n')) {
      const colon = line.indexOf(': ');
      if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 2));
    }
    const [date = '', time = ''] = (fields.get('Start-Date') ?? '').split(/\s+/);
    const at = instantOf(date, time, zone);
    if (at === undefined) return [];
    const command = fields.get('Commandline');
    const asked = fields.get('Requested-By')?.replace(/ \(\d+\)$/, '');
    const changes = [...fields].flatMap(([name, value]) => (FIELDS.has(name) ? changesIn(name, value) : []));
    return [
      {
        at,
        by: plainLine(asked ?? 'root', 200),
        ...(command === undefined ? {} : { command: plainLine(command, 1000) }),
        changes,
      },
    ];
  });

const dpkgTransactions = (lines: string[], zone: string): HostTransaction[] =>
  lines.flatMap((line) => {
    const [date = '', time = '', , what = '', from = '', to = ''] = line.split(' ');
    const at = instantOf(date, time, zone);
    const [name, arch] = what.split(':');
    const version = (text: string) => (text === '<none>' || text === '' ? undefined : text);
    const change = changeOf(name, arch, version(from), version(to));
    return at === undefined || change === undefined ? [] : [{ at, changes: [change] }];
  });

/** apt's word stands before dpkg's of the same moment: it knows who. Errors: `host.output-malformed`. */
export function parseHistory(output: CommandOutput, context: { nonce: string }): Result<HostTransaction[]> {
  const read = readSections(output, context.nonce, ['apt', 'dpkg']);
  if (!read.ok) return read;
  const sections = read.value;
  const zone = /^[+-]\d{4}$/.exec(sections.text('zone').trim())?.[0] ?? '+0000';
  const offset = `${zone.slice(0, 3)}:${zone.slice(3)}`;
  const apt = aptTransactions(sections.text('apt'), offset);
  const known = new Set(
    apt.flatMap((one) => one.changes.map((change) => `${change.name} ${change.to ?? '-'}`)),
  );
  const dpkg = dpkgTransactions(sections.lines('dpkg', 6000), offset).filter(({ changes }) =>
    changes.every((change) => !known.has(`${change.name} ${change.to ?? '-'}`)),
  );
  return ok([...apt, ...dpkg]);
}
