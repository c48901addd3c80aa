/**
 * What every kind of host tells about itself, whatever its package manager: shell functions, and the readers of what they
 * print. Fixed paths, all after `$R`: etc/os-release, proc/{sys/kernel/random/boot_id,uptime,mounts}, run/systemd/system.
 */
import type { Facts, Mount } from '../../../shared/model/scan.ts';
import { plainLine, type Sections } from './shell.ts';

/** `fl_facts`, `fl_mounts PATH…`, `fl_readonly`, `fl_privilege`, `fl_units`. No root. */
export const FACT_FUNCTIONS = `fl_line() {
  fl_first=
  [ ! -r "$2" ] || read -r fl_first <"$2" || :
  printf '%s\\t%s\\n' "$1" "$fl_first"
}
# POSIX has uname write its answers in this order, with blanks between them.
fl_facts() {
  fl_uname=$(uname -n -r -m 2>/dev/null); fl_most=\${fl_uname% *}
  printf 'hostname\\t%s\\n' "\${fl_most% *}"
  printf 'kernel\\t%s\\n' "\${fl_most##* }"
  printf 'machine\\t%s\\n' "\${fl_uname##* }"
  printf 'now\\t%s\\n' "$(date +%s)"
  fl_line bootid "$R/proc/sys/kernel/random/boot_id"
  fl_line uptime "$R/proc/uptime"
  printf 'uid\\t%s\\n' "$U"
  printf 'sudouser\\t%s\\n' "\${SUDO_USER:-}"
}
fl_mounts() {
  fl_there=
  for fl_p in "$@"; do [ ! -d "$R$fl_p" ] || fl_there="$fl_there $fl_p"; done
  set --
  for fl_p in $fl_there; do set -- "$@" "$R$fl_p"; done
  # One row for each, in their order. Where df cannot tell of one of them, it is asked about each alone.
  if fl_df=$(df -Pk "$@" 2>/dev/null); then
    printf '%s\\n' "$fl_df" | { read -r fl_row; for fl_p in $fl_there; do read -r fl_row; printf '%s\\t%s\\n' "$fl_p" "$fl_row"; done; }
  else
    for fl_p in $fl_there; do printf '%s\\t%s\\n' "$fl_p" "$(df -Pk "$R$fl_p" 2>/dev/null | tail -n 1)"; done
  fi
}
fl_readonly() {
  [ -r "$R/proc/mounts" ] || return 0
  awk '{ o[$2] = $4 } END { for (t in o) if (o[t] ~ /^(.*,)?ro(,.*)?$/) print t }' "$R/proc/mounts"
}
fl_privilege() {
  [ "$U" != 0 ] || { printf 'root\\n'; return 0; }
  fl_has sudo || { printf 'none\\n'; return 0; }
  fl_said=$(sudo -n true 2>&1) && { printf 'sudo\\n'; return 0; }
  case $fl_said in
    *"not in the sudoers"*|*"may not run"*|*"not allowed"*) printf 'none\\n' ;;
    *) printf 'unknown\\n' ;;
  esac
}
fl_units() { systemctl list-units --state=failed --no-legend --plain --no-pager | awk '{ print $1 }'; }`;

/** `key TAB value` lines. The first of a name counts. */
export function readPairs(lines: string[]): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const line of lines) {
    const tab = line.indexOf('\t');
    if (tab > 0 && !pairs.has(line.slice(0, tab))) pairs.set(line.slice(0, tab), line.slice(tab + 1).trim());
  }
  return pairs;
}

/** `KEY=value` or `KEY="value"` of os-release(5). */
export function readOsRelease(lines: string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of lines) {
    const [, key, raw = ''] = /^([A-Z0-9_]+)=(.*)$/.exec(line.trim()) ?? [];
    if (key !== undefined && !found.has(key)) {
      found.set(key, raw.replace(/^(["'])(.*)\1$/, '$2').replace(/\\(["'$`\\])/g, '$1'));
    }
  }
  return found;
}

/** Mount points as /proc/mounts writes them: octal for blanks. */
const unescapeMount = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

export type Mounts = {
  /** Each mount once. */
  list: Mount[];
  /** The mount a path lies on, for the paths asked about. */
  of(path: string): Mount | undefined;
};

/** Sections `mounts` (lines `path TAB df -Pk line`, sizes in KiB) and `readonly`. */
export function readMounts(sections: Sections): Mounts {
  const readOnly = new Set(sections.lines('readonly', 10_000).map(unescapeMount));
  const byTarget = new Map<string, Mount>();
  const byPath = new Map<string, Mount>();
  for (const line of sections.lines('mounts', 500)) {
    if (line.length > 4000) continue;
    const [path = '', row = ''] = line.split('\t');
    const [, available, target] =
      /^.*?\s\d+\s+\d+\s+(-?\d+)\s+(?:\d+%|-)\s+(\/.*)$/.exec(row.trimEnd()) ?? [];
    if (available === undefined || target === undefined) continue;
    const mount = byTarget.get(target) ?? {
      target: plainLine(target, 1024),
      availableBytes: Math.max(0, Number(available)) * 1024,
      readOnly: readOnly.has(target),
    };
    byTarget.set(target, mount);
    byPath.set(path, mount);
  }
  return { list: [...byTarget.values()], of: (path) => byPath.get(path) };
}

/** Seconds the host's clock is ahead of the console's: both read at the beginning and at the end, so that a slow scan is no skew. */
export function clockSkew(sections: Sections, middle: number): number {
  const began = Number(sections.text('began').trim() || Number.NaN);
  const ended = Number(sections.text('ended').trim() || Number.NaN);
  const host = Number.isFinite(ended) ? (began + ended) / 2 : began;
  // Adding zero turns a negative zero into the plain one.
  return Number.isFinite(host) ? Math.round(host - middle / 1000) + 0 : 0;
}

/** `at`: the console's time (ms) the uptime was read at. */
export function bootedAt(pairs: Map<string, string>, at: number): string | undefined {
  const uptime = Number(pairs.get('uptime')?.split(' ')[0] ?? Number.NaN);
  const instant = new Date(at - uptime * 1000);
  return uptime >= 0 && !Number.isNaN(instant.getTime()) ? instant.toISOString() : undefined;
}

const PRIVILEGES = ['root', 'sudo', 'unknown', 'none'] as const;

/** What the account may do. A refreshing scan is root by way of sudo: what matters is the account. */
export function readPrivilege(sections: Sections, pairs: Map<string, string>): Facts['privilege'] {
  const said = PRIVILEGES.find((word) => word === sections.lines('privilege', 5)[0]) ?? 'unknown';
  return said === 'root' && (pairs.get('sudouser') ?? '') !== '' ? 'sudo' : said;
}
