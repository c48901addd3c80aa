/**
 * zypper under guard. Locks in /etc/zypp/locks (locks(5) of libzypp) keep packages from being installed, and a lock for what is
 * `not-installed` leaves alone what is there. Locks add up and know no exception, so one names all that is not listed, by a
 * regular expression, and others what is listed in any version but the listed one. They count for whoever uses libzypp: zypper,
 * YaST, PackageKit, transactional-update. `zypper install --force` and rpm itself get past them.
 *
 * `zypper addlock` and `removelock` write that file anew: comments go, lines and stanzas change places. So each of our stanzas
 * bears a mark of its own, a second type that nothing has, and comments are only for whoever reads the file.
 *
 * Our own calls of zypper go by the locks without ours (`LOCKS_UNBLOCK`); they are judged by the freeze itself.
 */
import type { CommandSpec } from '../../ports.ts';
import {
  checkedGuardId,
  GUARD_MARK,
  type GuardKind,
  type GuardRequest,
  guardAbout,
  guardOffCommand,
  guardOnCommand,
  guardStateCommand,
} from '../guard.ts';
import { compareRpmVersions } from '../rpm/version.ts';
import { quote } from '../shell.ts';
import { nameExactly, namesBut } from './names.ts';

/** Where libzypp looks for them, unless its configuration says otherwise. */
export const LOCKS_FILE = '/etc/zypp/locks';

/**
 * Shell functions: `fl_unblock FILE` prints a file of locks without ours, `fl_part FILE` prints ours alone. libzypp takes a
 * stanza to end at a line without a colon that is no comment.
 */
export const LOCKS_UNBLOCK = `fl_locks() { awk -v part="$1" '
function flush() {
  if (part) { if (ours) printf "%s", stanza }
  else printf "%s", ours ? comments : text
  text = stanza = comments = ""; ours = gap = 0
}
/^# ${GUARD_MARK}/ { if (gap) flush(); if (part) print; marked = ($3 != "end"); next }
/^#/ { if (gap) flush(); comments = comments $0 "\\n"; text = text $0 "\\n"; next }
!/:/ { if (text != "" || !marked) { gap = 1; text = text $0 "\\n" } next }
{ if (gap) flush(); if (/^[ \\t]*type[ \\t]*:[ \\t]*${GUARD_MARK}/) ours = 1; stanza = stanza $0 "\\n"; text = text $0 "\\n" }
END { flush() }' "$2"; }
fl_unblock() { fl_locks 0 "$1"; }
fl_part() { fl_locks 1 "$1"; }`;

/** Gap lines for at most so many packages. */
const MOST_GAPS = 20;

const kind = (functions: string): GuardKind => ({
  files: [{ path: LOCKS_FILE, kind: 'block', mode: '644' }],
  folders: [],
  around: ['/etc/zypp'],
  units: [
    'packagekit.service',
    'packagekit-background.timer',
    'packagekit-offline-update.service',
    'transactional-update.timer',
    'os-update.timer',
  ],
  unblock: LOCKS_UNBLOCK,
  part: true,
  functions: `${functions}
fl_gaps() {
  [ -r "$R${LOCKS_FILE}" ] && fl_part "$R${LOCKS_FILE}" | grep -q . || return 0
  for fl_f in "$R"/usr/etc/zypp/zypp.conf "$R"/usr/etc/zypp/zypp.conf.d/*.conf "$R"/etc/zypp/zypp.conf "$R"/etc/zypp/zypp.conf.d/*.conf; do
    [ -f "$fl_f" ] || continue
    ! grep -Eqis '^[[:space:]]*locksfile[.]apply[[:space:]]*=[[:space:]]*(no|false|off|0|never|-)' "$fl_f" || printf 'gap\\t%s switches locks off: zypper does not go by the guard\\n' "\${fl_f#"$R"}"
    ! sed -n 's/^[[:space:]]*locksfile[.]path[[:space:]]*=[[:space:]]*//p' "$fl_f" | sed 's/[[:space:]]*$//' | grep -v '^$' | grep -Fqxv ${LOCKS_FILE} || printf 'gap\\t%s names another file of locks: zypper does not read the guard\\n' "\${fl_f#"$R"}"
  done
  for fl_f in "$R"/etc/cron.*/opensuse.org-online_update; do
    [ ! -e "$fl_f" ] || printf 'gap\\t%s is not paused; what it finds is under the guard\\n' "\${fl_f#"$R"}"
  done
  fl_part "$R${LOCKS_FILE}" | awk '
$1 == "type:" { op = name = "" }
$1 == "version:" && ($2 == "<" || $2 == ">") { op = $2; version = $3 }
$1 == "solvable_name:" { name = $2 }
op != "" && name != "" { if (op == "<") low[name] = version; else high[name] = version; op = name = "" }
END { for (name in low) if (name in high && n++ < ${MOST_GAPS}) printf "gap\\t%s is listed in several versions: any from %s to %s is let through\\n", name, low[name], high[name]
  if (n > ${MOST_GAPS}) printf "gap\\t%d more packages are listed in several versions, and let through in any between\\n", n - ${MOST_GAPS} }' | sort
}`,
});

/** `match`: how `name` is to be read. */
const stanza = (match: 'exact' | 'regex', name: string, version?: string, mark = GUARD_MARK): string =>
  `type: package
type: ${mark}
match_type: ${match}
case_sensitive: on
install_status: not-installed
${version === undefined ? '' : `version: ${version}\n`}solvable_name: ${name}
`;

const versionsOf = (request: GuardRequest): [name: string, versions: string[]][] => {
  const versions = new Map<string, Set<string>>();
  for (const { name, version } of request.listed)
    versions.set(name, (versions.get(name) ?? new Set()).add(version));
  return [...versions]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, all]) => [name, [...all].sort(compareRpmVersions)]);
};

/** Up to so many names stanzas of their own are quicker than one with a regular expression for all of them. */
const FEW = 3;

/**
 * libzypp holds each of our stanzas against every package on offer, which is what zypper needs more time for: by a regular
 * expression about three times that of a plain name. So names of the same version share one.
 */
export const lockStanzas = (request: GuardRequest): string[] => {
  const versions = versionsOf(request);
  const only = Map.groupBy(
    versions.filter(([, all]) => all.length === 1),
    ([, [version]]) => version ?? '',
  );
  return [
    stanza(
      'regex',
      `^${namesBut(versions.map(([name]) => name))}`,
      undefined,
      `${GUARD_MARK}-${checkedGuardId(request.id)}`,
    ),
    ...[...only].flatMap(([version, those]) => {
      const names = those.map(([name]) => name);
      return names.length > FEW
        ? [stanza('regex', `^(${names.map(nameExactly).join('|')})$`, `!= ${version}`)]
        : names.map((name) => stanza('exact', name, `!= ${version}`));
    }),
    ...versions.flatMap(([name, all]) =>
      all.length === 1
        ? []
        : [stanza('exact', name, `< ${all[0]}`), stanza('exact', name, `> ${all.at(-1)}`)],
    ),
  ];
};

const blockText = (request: GuardRequest): string =>
  `# ${GUARD_MARK} begin ${checkedGuardId(request.id)}
# ${GUARD_MARK}: ${guardAbout(request.about)}
# ${GUARD_MARK}: Frostline takes this away again; by hand: sh /var/lib/frostline/guard/off

${lockStanzas(request).join('\n')}
# ${GUARD_MARK} end
`;

/** First in the file: what stood in it may end in the middle of a stanza. */
const make = (request: GuardRequest): string => `fl_make() {
  [ -d "$R/etc/zypp" ] || { printf '/etc/zypp is not there\\n' >&2; return 1; }
  : >"$T/plain"
  [ ! -f "$R${LOCKS_FILE}" ] || fl_unblock "$R${LOCKS_FILE}" >"$T/plain" || return 1
  { printf '%s' ${quote(blockText(request))} && cat "$T/plain"; } >"$T/out/0"
}`;

/** Root. */
export const guardCommand = (options: { nonce: string; request: GuardRequest }): CommandSpec =>
  guardOnCommand(options.nonce, kind(make(options.request)));
/** Root. */
export const unguardCommand = (options: { nonce: string }): CommandSpec =>
  guardOffCommand(options.nonce, kind(''));
export const guardStateOf = (options: { nonce: string }): CommandSpec =>
  guardStateCommand(options.nonce, kind(''));
