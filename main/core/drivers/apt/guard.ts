/**
 * apt under guard. A configuration file, read last, makes apt go by our pins alone (apt_preferences(5): what is not listed has
 * priority -1 and is never a candidate; what is installed keeps 100, so nothing is ever downgraded), switches its periodic
 * work off, and names a check that apt runs before it installs anything (apt.conf(5), DPkg::Pre-Install-Pkgs): an exact version
 * or a file given by hand gets past pins, and is refused there. Whoever uses apt's library is under it: unattended-upgrades,
 * aptitude, PackageKit. `dpkg -i` is not.
 *
 * Our own scripts go by the host's own pins and tell the check so: `GUARD_BYPASS`. They are judged by the freeze itself.
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
import { quote } from '../shell.ts';

const FOLDER = '/etc/apt/frostline-guard';
const CONF = '/etc/apt/apt.conf.d/zz-frostline-guard';

/** `fl_past`: prints the words that let apt-get and apt-cache work past a guard; nothing where there is none. */
export const GUARD_BYPASS = `fl_past() { [ ! -e "$R${CONF}" ] || printf '%s' '-o Dir::Etc::Preferences=preferences -o Dir::Etc::PreferencesParts=preferences.d -o Frostline::Pass=true'; }`;

const confText = (request: GuardRequest): string => `// ${GUARD_MARK} ${checkedGuardId(request.id)}
// ${guardAbout(request.about)}
// Frostline takes this away again; by hand: sh /var/lib/frostline/guard/off
Dir::Etc::Preferences "${FOLDER}/pins";
Dir::Etc::PreferencesParts "/dev/null";
APT::Periodic::Enable "0";
Unattended-Upgrade::Package-Blacklist { ".*"; };
Unattended-Upgrade::InstallOnShutdown "false";
DPkg::Pre-Install-Pkgs { "${FOLDER}/check"; };
DPkg::Tools::Options::${FOLDER}/check::Version "3";
`;

const pinsText = (request: GuardRequest): string =>
  [
    `Explanation: ${GUARD_MARK} ${request.id}\nExplanation: ${guardAbout(request.about)}`,
    ...request.listed.map(
      ({ name, arch, version }) =>
        `Package: ${name}${arch === undefined || arch === 'all' ? ':any' : `:${arch}`}\nPin: version ${version}\nPin-Priority: 990\n`,
    ),
    'Package: *\nPin: release a=now\nPin-Priority: 100\n',
    'Package: *\nPin: release *\nPin-Priority: -1\n',
  ].join('\n');

const allowedText = (request: GuardRequest): string =>
  `${[
    `# ${GUARD_MARK} ${request.id}`,
    ...request.listed.map(
      ({ name, arch, version }) => `${name} ${arch === undefined || arch === 'all' ? '*' : arch} ${version}`,
    ),
  ].join('\n')}\n`;

/** apt's hook protocol, version 3: its configuration, an empty line, and "name old arch multiarch < new arch multiarch file" lines. */
const checkText = (request: GuardRequest): string => `#!/bin/sh
# ${GUARD_MARK} ${request.id}
# ${guardAbout(request.about)}
exec awk -v list="\${0%/*}/allowed" '
BEGIN { while ((getline line < list) > 0) { split(line, f, " "); if (f[1] != "#") ok[f[1] " " f[2] " " f[3]] = 1 } }
!body && /^Frostline::Pass=/ { pass = 1 }
!body { if ($0 == "") body = 1; next }
$NF == "**REMOVE**" || $NF == "**CONFIGURE**" || NF < 8 { next }
{ if ($2 == $6 || (($1 " " $7 " " $6) in ok) || (($1 " * " $6) in ok)) next
  refused = refused " " $1 "=" $6 }
END { if (pass || refused == "") exit 0
  print "Frostline: this host is frozen, and these are not in its snapshot:" refused > "/dev/stderr"
  print "Frostline: ${guardAbout(request.about)}" > "/dev/stderr"
  exit 1 }'
`;

const kind = (functions: string): GuardKind => ({
  files: [
    { path: `${FOLDER}/pins`, kind: 'own', mode: '644' },
    { path: `${FOLDER}/allowed`, kind: 'own', mode: '644' },
    { path: `${FOLDER}/check`, kind: 'own', mode: '755' },
    // Last: it is what puts the others into force. Taken away first to be sure would be no better, since apt reads all at once.
    { path: CONF, kind: 'own', mode: '644' },
  ],
  folders: [FOLDER],
  around: ['/etc/apt', '/etc/apt/apt.conf.d'],
  units: ['apt-daily.timer', 'apt-daily-upgrade.timer', 'packagekit-offline-update.service'],
  unblock: '',
  functions: `${functions}
fl_gaps() {
  [ -f "$R${CONF}" ] || return 0
  ! grep -Eqs '^[^/#]*Dir::Etc::Preferences' "$R/etc/apt/apt.conf" || printf 'gap\\t/etc/apt/apt.conf names preferences of its own, and is read after the guard\\n'
}`,
});

const texts = (request: GuardRequest): string[] => [
  pinsText(request),
  allowedText(request),
  checkText(request),
  confText(request),
];

/** Root. */
export const guardCommand = (options: { nonce: string; request: GuardRequest }): CommandSpec => {
  const documents = texts(options.request).map(
    (text, index) => `printf '%s' ${quote(text)} >"$T/out/${index}"`,
  );
  return guardOnCommand(options.nonce, kind(`fl_make() { ${documents.join(' && ')}; }`));
};
/** Root. */
export const unguardCommand = (options: { nonce: string }): CommandSpec =>
  guardOffCommand(options.nonce, kind(''));
export const guardStateOf = (options: { nonce: string }): CommandSpec =>
  guardStateCommand(options.nonce, kind(''));
