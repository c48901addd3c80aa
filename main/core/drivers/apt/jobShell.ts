/**
 * What the apply and the rollback job share: waiting for the lock, running apt with its progress, judging packages by their
 * state. Jobs run as root, detached (core/jobs/job.ts), with `FROSTLINE_JOB` naming their folder; their output is the log.
 *
 * Progress lines are `frostline:<stage>:<stages>:<what>`, where what is a line of apt's status-fd (`pmstatus:…`,
 * `dlstatus:…`, `pmerror:…`, `pmconffile:…`), `phase:<name>` or `wait:<holder>`.
 */

import { HASH_FUNCTION } from '../../artefacts/hash.ts';
import { WAIT_FUNCTION } from '../jobShell.ts';
import { EXIT } from '../jobWords.ts';
import { ENVIRONMENT } from '../shell.ts';
import { APT_FUNCTIONS, LOCK_FUNCTIONS } from './host.ts';

/** dpkg keeps the admin's edited configuration files, and never asks. */
export const DPKG_OPTIONS = '-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold';

export const jobShell = (lockTimeoutSeconds: number): string => `${ENVIRONMENT}
umask 022
D=\${FROSTLINE_JOB:?}
T=$D/work
LOCK_SECONDS=${Math.max(1, Math.min(86_400, Math.trunc(lockTimeoutSeconds) || 1))}
DEBIAN_FRONTEND=noninteractive; NEEDRESTART_MODE=l; APT_LISTCHANGES_FRONTEND=none; UCF_FORCE_CONFFOLD=1
export DEBIAN_FRONTEND NEEDRESTART_MODE APT_LISTCHANGES_FRONTEND UCF_FORCE_CONFFOLD
I=1; COUNT=1
fl_has() { command -v "$1" >/dev/null 2>&1; }
fl_say() { printf 'frostline: %s\\n' "$*"; }
fl_note() { printf 'frostline:%s:%s:%s\\n' "$I" "$COUNT" "$*" >>"$D/progress"; }
mkdir -p "$T" || exit ${EXIT.diskFull}
${LOCK_FUNCTIONS}
${APT_FUNCTIONS}
${HASH_FUNCTION}
${WAIT_FUNCTION}
# apt-get with its status lines copied to the progress file. Sets fl_code; what it printed is in $T/out.
# The pipe is opened for reading too, so that apt is never ended by a reader that is gone.
fl_apt() {
  rm -f "$T/fifo"; mkfifo "$T/fifo" || return 1
  exec 9<>"$T/fifo"
  while IFS= read -r fl_line; do
    case $fl_line in frostline:eof) break ;; esac
    printf 'frostline:%s:%s:%s\\n' "$I" "$COUNT" "$fl_line" >>"$D/progress"
  done <"$T/fifo" 9>&- &
  fl_reader=$!
  fl_at=$(wc -c <"$D/log")
  fl_aget -y -o DPkg::Lock::Timeout="$LOCK_SECONDS" -o APT::Status-Fd=3 ${DPKG_OPTIONS} "$@" </dev/null 3>&9 9>&-
  fl_code=$?
  printf 'frostline:eof\\n' >&9
  wait "$fl_reader"
  exec 9>&-
  rm -f "$T/fifo"
  tail -c +$((fl_at + 1)) "$D/log" >"$T/out"
  return $fl_code
}
fl_configure() {
  fl_note 'phase:recovering'
  fl_say 'dpkg --configure -a'
  dpkg --force-confdef --force-confold --configure -a </dev/null
}
# "name arch version state" of everything dpkg knows.
fl_inventory() { dpkg-query -W -f='\${binary:Package} \${Architecture} \${Version} \${db:Status-Abbrev}\\n' | awk '{ sub(/:.*/, "", $1); print $1, $2, $3, $4 }'; }
fl_is_broken() {
  for fl_f in "$R"/var/lib/dpkg/updates/[0-9]*; do [ ! -e "$fl_f" ] || return 0; done
  fl_inventory | awk '$4 ~ /^.[HUF]/ || $4 ~ /^..R/ { f = 1 } END { exit !f }'
}
# What the last apt run's words say went wrong; nothing when they name no such cause.
fl_cause() {
  if grep -Eqi 'No space left on device|enough free space' "$T/out"; then printf '${EXIT.diskFull}'
  elif grep -qi 'Read-only file system' "$T/out"; then printf '${EXIT.readOnly}'
  elif grep -q 'Could not get lock' "$T/out"; then printf '${EXIT.lockTimeout}'
  elif grep -Eq 'Failed to fetch|Unable to fetch|Hash Sum mismatch' "$T/out"; then printf '${EXIT.repository}'
  elif grep -Eq 'Packages need to be removed but remove is disabled|downgraded and -y was used|Held packages were changed' "$T/out"; then printf '${EXIT.drifted}'
  fi
}
fl_writable() {
  for fl_p in /usr /var/lib/dpkg /etc; do [ ! -d "$R$fl_p" ] || [ -w "$R$fl_p" ] || { fl_say "$fl_p is not writable"; return 1; }; done
}
# Configuration files of the packages' own that dpkg put beside the admin's.
fl_left() { find "$R/etc" -name '*.dpkg-dist' -cnewer "$D/script" 2>/dev/null | while read -r fl_f; do fl_say "kept your \${fl_f%.dpkg-dist}; the package's own is \${fl_f##*/}"; done; }
native=$(dpkg --print-architecture)
`;
