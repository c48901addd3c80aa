/**
 * Shell functions shared by the apt scripts, and the readers of what they print.
 *
 * What the scripts call, so that stand-ins know what to answer: `dpkg-query -W -f=…`, `dpkg --print-architecture`,
 * `dpkg --audit`, `dpkg --version`, `apt-mark showauto|auto|manual|hold|unhold`, `apt-cache show|policy SPEC…`, `apt-config dump`,
 * `apt-get [-o …] -s dist-upgrade|upgrade|install SPEC…`, and as root `apt-get update`, `apt-get download SPEC…`,
 * `apt-get -d -y install`, `apt-get -y install`, `dpkg --configure -a`, `dpkg -i FILE…`, `dpkg --purge`, `dpkg-deb -f FILE FIELD…`;
 * beside them uname, df, date, id, ls, awk, sed, grep, tr, cut, sort, tail, head, wc, mktemp, cat, cp, mv, rm, mkdir, mkfifo. Fixed
 * paths, all after `$R`: etc/os-release, proc/{sys/kernel/random/boot_id,uptime,mounts,locks,<pid>/cmdline}, run or
 * var/run/reboot-required[.pkgs], run/systemd/system, var/lib/dpkg/{status,updates,lock,lock-frontend}, var/lib/apt/lists,
 * var/cache/apt/archives, var/lib/frostline.
 */
import type { Facts } from '../../../../shared/model/scan.ts';
import { FACT_FUNCTIONS } from '../facts.ts';
import { plainLine, type Sections } from '../shell.ts';
import { GUARD_BYPASS } from './guard.ts';

/** Without locks on dpkg's files (a simulation needs none), with phased updates decided the same way on every host. */
const APT_OPTIONS =
  '-q -o APT::Get::Always-Include-Phased-Updates=true -o APT::Get::AutomaticRemove=false -o APT::Color=0';

/**
 * `fl_lock_holder [FILE…]`: prints `pid TAB command` of the first process that holds one of apt's or dpkg's locks and
 * succeeds; fails when none is held, or none can be seen. Locks are fcntl locks: /proc/locks names device and inode, of any
 * user's process. On overlay file systems the device differs from what stat tells, so there the command's name decides,
 * and for root the process's own open files.
 */
export const LOCK_FUNCTIONS = `fl_lock_holder() {
  [ -r "$R/proc/locks" ] || return 1
  # Whoever holds a lock of such an inode, of whatever disk: "PID,DEVICE FILE". Mostly nobody.
  fl_holders=$(ls -i "$@" 2>/dev/null | awk -v locks="$R/proc/locks" '
    BEGIN { while ((getline line < locks) > 0) { k = split(line, f, " "); if (k > 5 && f[2] != "->" && f[5] > 0 && split(f[6], p, ":") == 3) by[p[3]] = by[p[3]] " " f[5] "," p[1] ":" p[2] } }
    $1 in by { n = split(by[$1], b, " "); sub(/^ *[0-9]+ /, ""); for (i = 1; i <= n; i++) print b[i] " " $0 }')
  [ -n "$fl_holders" ] || return 1
  for fl_f in "$@"; do
    fl_pairs=$(printf '%s\\n' "$fl_holders" | while read -r fl_pair fl_of; do [ "$fl_of" != "$fl_f" ] || printf '%s ' "$fl_pair"; done)
    [ -n "$fl_pairs" ] || continue
    fl_dev=$(stat -c %d "$fl_f" 2>/dev/null) || fl_dev=
    [ -z "$fl_dev" ] || fl_dev=$(printf '%02x:%02x' $(( (fl_dev >> 8) & 4095 )) $(( (fl_dev & 255) | ((fl_dev >> 12) & 1048320) )))
    for fl_pair in $fl_pairs; do
      fl_pid=\${fl_pair%%,*}
      fl_cmd=$(tr '\\000\\001-\\037\\177' ' ' <"$R/proc/$fl_pid/cmdline" 2>/dev/null) || fl_cmd=
      fl_open=$(ls -l "$R/proc/$fl_pid/fd" 2>/dev/null) || fl_open=
      case $fl_open in
        *"-> $fl_f"*) ;;
        *-\\>*) [ -n "$R" ] || continue ;;
        *) case "\${fl_pair#*,}" in
          "$fl_dev") ;;
          *) case $fl_cmd in *apt*|*dpkg*|*unattended*|*packagekit*|*synaptic*) ;; *) continue ;; esac ;;
        esac ;;
      esac
      printf '%s\\t%s\\n' "$fl_pid" "$fl_cmd"
      return 0
    done
  done
  return 1
}
fl_locked() { fl_lock_holder "$R/var/lib/dpkg/lock-frontend" "$R/var/lib/dpkg/lock" "$R/var/cache/apt/archives/lock"; }`;

/** `fl_room`: section `noroom` when the temporary folder takes no more; what was written there is then not whole. */
export const ROOM_FUNCTION = `fl_room() { { head -c 65536 /dev/zero >"$T/room"; } 2>/dev/null && rm -f "$T/room" || fl_mark noroom; }`;

/** `fl_asim …`: a simulation. `fl_aget …`: the same settings, for real. */
export const APT_FUNCTIONS = `${GUARD_BYPASS}
fl_aget() { apt-get ${APT_OPTIONS} $(fl_past) "$@"; }
fl_asim() { fl_aget -s -o Debug::NoLocking=1 "$@"; }
# One line per action: "I name arch from to" ("-" where not installed) and "R name arch version -"; arch "-" is the native one.
fl_actions() { awk '
/^Inst / { n = $2; f = "-"; if (substr($3, 1, 1) == "[") f = substr($3, 2, length($3) - 2)
  r = substr($0, index($0, "(") + 1); split(r, w, " "); a = "-"
  if (match(r, /\\[[a-z0-9_-]+\\]\\)/)) a = substr(r, RSTART + 1, RLENGTH - 3)
  sub(/:.*/, "", n); print "I", n, a, f, w[1] }
/^(Remv|Purg) / { n = $2; a = "-"; v = $3; gsub(/[][]/, "", v)
  if (index(n, ":")) { a = n; sub(/.*:/, "", a); sub(/:.*/, "", n) }
  print "R", n, a, v, "-" }'
}
# Only what can be a package request; host output is never a shell word unchecked.
fl_words() { grep -E '^[A-Za-z0-9][A-Za-z0-9.+_-]*(:[a-z0-9-]+)?(=[A-Za-z0-9][A-Za-z0-9.+~:_-]*)?$'; }
fl_show() { xargs apt-cache show -- 2>/dev/null; }`;

/** `fl_update`: `apt-get update`, tried again for a minute while another process holds the lists' lock. */
export const UPDATE_FUNCTION = `fl_update() {
  fl_tries=0
  while :; do
    fl_said=$(apt-get -q -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 -o APT::Color=0 update 2>&1)
    fl_code=$?
    case $fl_said in
      *"lists/lock"*|*"Could not get lock"*|*"Unable to lock"*)
        fl_tries=$((fl_tries + 1))
        if [ "$fl_tries" -le 30 ]; then sleep 2; continue; fi
        fl_by=$(fl_lock_holder "$R/var/lib/apt/lists/lock") && fl_said="$fl_said
E: the lists are locked by pid $fl_by" ;;
    esac
    break
  done
  printf '%s\\n' "$fl_said" | grep -E '^(W|E|Err)[: ]' | tail -n 40
  return $fl_code
}`;

/** Sections `host`, `mounts`, `readonly`, `lock`, `audit`, `reboot`: readiness, cheap, without root. */
export const HOST_FUNCTIONS = `${FACT_FUNCTIONS}
fl_host() {
  fl_facts
  printf 'arch\\t%s\\n' "$(dpkg --print-architecture 2>/dev/null)"
  printf 'dpkg\\t%s\\n' "$(dpkg --version 2>/dev/null | head -n 1)"
}
fl_lock() {
  fl_locked && return 0
  fl_lock_holder "$R/var/lib/apt/lists/lock" && return 0
  [ -r "$R/proc/locks" ] || printf 'unseen\\n'
}
fl_audit() {
  dpkg --audit
  for fl_f in "$R"/var/lib/dpkg/updates/[0-9]*; do [ ! -e "$fl_f" ] || { printf 'fl:interrupted\\n'; break; }; done
}
fl_reboot() {
  for fl_f in "$R/run/reboot-required" "$R/var/run/reboot-required"; do
    [ -e "$fl_f" ] || continue
    printf 'required\\n'
    [ ! -r "$fl_f.pkgs" ] || sort -u "$fl_f.pkgs" | head -n 200
    break
  done
}`;

/** Prints the sections of HOST_FUNCTIONS. */
export const HOST_BODY = `fl_sec host fl_host
fl_sec mounts fl_mounts / /usr /var /var/lib/dpkg /var/cache/apt/archives /boot /tmp
fl_sec readonly fl_readonly
fl_sec lock fl_lock
fl_sec audit fl_audit
fl_sec reboot fl_reboot
`;

export const HOST_SECTIONS = ['host', 'mounts', 'lock', 'reboot'] as const;

export function readLock(sections: Sections): Facts['lock'] {
  const [pid, command = ''] = (sections.lines('lock', 5)[0] ?? '').split('\t');
  if (pid === undefined || !/^\d+$/.test(pid)) return { held: false };
  const name = plainLine(command, 400);
  return { held: true, holder: name === '' ? `pid ${pid}` : `pid ${pid} (${name})` };
}

/** Whether a restart is asked for, and by what, as the host itself says. */
export function readReboot(sections: Sections): { required: boolean; reasons: string[] } {
  const [first, ...packages] = sections.lines('reboot', 300).map((line) => plainLine(line));
  return { required: first === 'required', reasons: first === 'required' ? [...new Set(packages)] : [] };
}
