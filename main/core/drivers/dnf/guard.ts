/**
 * dnf under guard. A block in the `[main]` section of dnf.conf names, in `includepkgs` (dnf.conf(5)), the only packages that
 * repositories may still offer: the listed ones, and what is installed, so that it can be installed again. This needs no
 * plugin, counts for dnf, yum, dnf-automatic and all that uses dnf's library, and only `--disableexcludes`, a file given by
 * hand and rpm itself get past it. A setting of the same name already in that section is put out of force, not lost.
 *
 * Our own programs read the configuration without the block (`GUARD_BYPASS` in host/common.ts); they are judged by the freeze.
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

const CONF = '/etc/dnf/dnf.conf';
const OFF = `#${GUARD_MARK}-off `;

/** NEVRA patterns; without an architecture: any. dnf knows an epoch of nought by none. */
const nevra = ({ name, arch, version }: GuardRequest['listed'][number]): string =>
  `${name}-${version}.${arch ?? '*'}`;

const UNBLOCK = `fl_unblock() { awk '
/^# ${GUARD_MARK} begin/ { skip = 1 }
!skip { sub(/^${OFF}/, ""); print }
/^# ${GUARD_MARK} end/ { skip = 0 }' "$1"; }`;

const kind = (functions: string): GuardKind => ({
  files: [{ path: CONF, kind: 'block', mode: '644' }],
  folders: [],
  around: ['/etc/dnf'],
  units: [
    'dnf-automatic.timer',
    'dnf-automatic-install.timer',
    'dnf-automatic-download.timer',
    'packagekit.service',
    'packagekit-offline-update.service',
  ],
  unblock: UNBLOCK,
  functions: `${functions}
fl_gaps() {
  grep -q '^# ${GUARD_MARK} begin' "$R${CONF}" 2>/dev/null || return 0
  for fl_f in "$R"/etc/yum.repos.d/*.repo; do
    ! grep -Eqs '^[[:space:]]*includepkgs' "$fl_f" || printf 'gap\\t%s has includepkgs of its own, which the guard lets through\\n' "\${fl_f#"$R"}"
  done
}`,
});

const make = (request: GuardRequest): string => `fl_make() {
  [ -f "$R${CONF}" ] || { printf '%s is not there\\n' ${CONF} >&2; return 1; }
  {
    printf '# ${GUARD_MARK} begin %s\\n# %s\\n# Frostline takes this away again; by hand: sh /var/lib/frostline/guard/off\\n' ${checkedGuardId(request.id)} ${quote(guardAbout(request.about))}
    printf 'includepkgs=frostline-guard-lets-nothing-else-in'
    printf '\\n'
    printf ' %s\\n' ${request.listed.length === 0 ? "''" : request.listed.map((one) => quote(nevra(one))).join(' ')}
    # dnf hides what is installed, too, unless it is named. What the block was made with stays, so that it does not change by itself.
    if [ -f "$G/manifest" ] && grep -q '^# ${GUARD_MARK} begin ${checkedGuardId(request.id)}' "$R${CONF}"; then sed -n '/^# ${GUARD_MARK} begin/,/^# ${GUARD_MARK} end/{/^ .*:.*-/p;}' "$R${CONF}"
    else rpm -qa --qf ' %{NAME}-%{EPOCHNUM}:%{VERSION}-%{RELEASE}.%{ARCH}\\n' | grep -v '^ gpg-pubkey-' | sort -u || return 1; fi
    printf '# ${GUARD_MARK} end\\n'
 } | awk '!/^ *$/ && !seen[$0]++' >"$T/block" || return 1
  fl_unblock "$R${CONF}" >"$T/plain" || return 1
  grep -Eq '^[[:space:]]*\\[main\\]' "$T/plain" || { printf '%s has no section main\\n' ${CONF} >&2; return 1; }
  awk -v block="$T/block" '
/^[[:space:]]*\\[/ { main = ($0 ~ /^[[:space:]]*\\[main\\]/); off = 0; print; if (main && !done) { while ((getline line < block) > 0) print line; done = 1 } next }
main && /^includepkgs[[:space:]]*=/ { off = 1; print "${OFF}" $0; next }
off && /^[[:space:]]+[^[:space:]]/ { print "${OFF}" $0; next }
{ off = 0; print }' "$T/plain" >"$T/out/0"
}`;

/** Root. */
export const guardCommand = (options: { nonce: string; request: GuardRequest }): CommandSpec =>
  guardOnCommand(options.nonce, kind(make(options.request)));
/** Root. */
export const unguardCommand = (options: { nonce: string }): CommandSpec =>
  guardOffCommand(options.nonce, kind(''));
export const guardStateOf = (options: { nonce: string }): CommandSpec =>
  guardStateCommand(options.nonce, kind(''));
