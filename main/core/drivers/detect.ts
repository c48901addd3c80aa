/**
 * The scan of a host of whatever kind: one script that finds out on the host which manager it has and runs that driver's own
 * scan, in one round trip. What the distribution calls itself decides before what is installed, since a Debian host may have
 * dnf, and a Red Hat one dpkg. Nothing is remembered from scan to scan, so a host that was set up anew is seen as what it is.
 */
import { fail, type Result } from '../../../shared/errors.ts';
import type { Ecosystem } from '../../../shared/model/primitives.ts';
import type { CommandOutput } from '../ports.ts';
import type { PackageDriver } from './driver.ts';
import { readOsRelease } from './facts.ts';
import { checkedNonce, ENVIRONMENT, plainLine, plainText } from './shell.ts';

export type Scanner = Pick<PackageDriver, 'scan' | 'parseScan'>;

/** `fl_there MANAGER`: its programs are there. `fl_family WORD…`: the manager of a distribution of that name. */
const DETECT_FUNCTIONS = `fl_cmd() { command -v "$1" >/dev/null 2>&1; }
fl_there() {
  case $1 in
    apt) fl_cmd dpkg-query && fl_cmd apt-get ;;
    dnf) fl_cmd dnf || fl_cmd dnf-3 || fl_cmd yum ;;
    *) fl_cmd "$1" ;;
  esac
}
fl_family() {
  for fl_w in "$@"; do
    case $fl_w in
      debian|ubuntu|raspbian|linuxmint|devuan) printf apt; return ;;
      rhel|fedora|centos|rocky|almalinux|ol|amzn|oracle) printf dnf; return ;;
      suse|opensuse*|sles|sled) printf zypper; return ;;
      alpine) printf apk; return ;;
      arch) printf pacman; return ;;
    esac
  done
}
# The first line of a name. Whoever asks takes out what could be more than words.
fl_field() {
  [ -r "$R/etc/os-release" ] || return 0
  while read -r fl_l || [ -n "$fl_l" ]; do
    case $fl_l in "$1="*) printf '%s ' "\${fl_l#*=}"; return 0 ;; esac
  done <"$R/etc/os-release"
}
fl_which() {
  fl_own=$(fl_family $({ fl_field ID; fl_field ID_LIKE; } | tr -cd 'A-Za-z0-9._ -'))
  for fl_m in "$fl_own" apt dnf zypper apk pacman; do
    [ -n "$fl_m" ] && fl_there "$fl_m" && { printf '%s' "$fl_m"; return; }
  done
  printf none
}`;

const MANAGER = /^@@([0-9a-f]+) manager ([a-z]+)$/m;

/** `drivers`: those a host may turn out to need. */
export function detectingScan(drivers: Partial<Record<Ecosystem, PackageDriver>>): Scanner {
  const known = Object.values(drivers);
  const byName = new Map<string, PackageDriver>(known.map((driver) => [driver.id, driver]));
  const scan: Scanner['scan'] = (options) => {
    const nonce = checkedNonce(options.nonce);
    const specs = known.map((driver) => ({ id: driver.id, spec: driver.scan(options) }));
    const functions = specs.map(({ id, spec }) => `fl_scan_${id}() (\n${spec.script}\n)`);
    const cases = specs.map(({ id }) => `  ${id}) fl_scan_${id} ;;`);
    return {
      // Like every script, nothing of it runs before all of it has arrived.
      script: `${functions.join('\n')}
fl_detect() {
${ENVIRONMENT}
${DETECT_FUNCTIONS}
fl_manager=$(fl_which)
printf '\\n@@%s manager %s\\n' ${nonce} "$fl_manager"
case $fl_manager in
${cases.join('\n')}
  *) cat "$R/etc/os-release" 2>/dev/null ;;
esac
}
fl_detect </dev/null
`,
      root: options.refresh,
      timeoutMs: Math.max(...specs.map(({ spec }) => spec.timeoutMs)),
      maxOutputBytes: Math.max(...specs.map(({ spec }) => spec.maxOutputBytes)),
    };
  };
  const parseScan: Scanner['parseScan'] = (output, context) => {
    const name = managerIn(output, checkedNonce(context.nonce));
    const driver = name === undefined ? undefined : byName.get(name);
    if (driver !== undefined) return driver.parseScan(output, context);
    return name === undefined ? unread(output) : unsupported(output, name, [...byName.keys()]);
  };
  return { scan, parseScan };
}

/** What the script found; undefined where it did not come so far. */
function managerIn(output: CommandOutput, nonce: string): string | undefined {
  for (const line of output.stdout.split('\n')) {
    const [, mark, name] = line.length < 200 ? (MANAGER.exec(line.trimEnd()) ?? []) : [];
    if (mark === nonce) return name;
  }
  return undefined;
}

const unread = (output: CommandOutput): Result<never> =>
  fail('host.output-malformed', `The host did not run the scan (exit code ${output.exitCode}).`, {
    hint: plainLine(`It said: ${(output.stdout + output.stderr).slice(-500)}`, 500),
  });

function unsupported(output: CommandOutput, manager: string, supported: string[]): Result<never> {
  const os = readOsRelease(plainText(output.stdout).split('\n', 1000)).get('PRETTY_NAME');
  const what = manager === 'none' ? 'no package manager that is known here' : manager;
  return fail(
    'host.unsupported',
    `This host has ${what}${os === undefined ? '' : ` (${plainLine(os, 100)})`}, which Frostline has no driver for.`,
    { hint: `Frostline manages hosts with ${supported.join(' or ')} so far.` },
  );
}
