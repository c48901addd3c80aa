/** The scan's script: one round trip, without root; with `refresh` it runs as root and reads the repositories' lists first. */
import type { CommandSpec } from '../../ports.ts';
import { framedScript } from '../shell.ts';
import {
  APT_FUNCTIONS,
  HOST_BODY,
  HOST_FUNCTIONS,
  LOCK_FUNCTIONS,
  ROOM_FUNCTION,
  UPDATE_FUNCTION,
} from './host.ts';
import { INVENTORY_BODY } from './inventory.ts';

const SCAN_FUNCTIONS = `fl_mtime() { stat -c %Y "$1" 2>/dev/null || date -r "$1" +%s 2>/dev/null || stat -f %m "$1" 2>/dev/null; }
fl_lists() {
  fl_count=0
  for fl_f in "$R"/var/lib/apt/lists/*_Packages*; do [ ! -f "$fl_f" ] || fl_count=$((fl_count + 1)); done
  printf 'count\\t%s\\n' "$fl_count"
  for fl_f in "$R/var/lib/apt/periodic/update-success-stamp" "$R/var/lib/apt/lists/partial" "$R/var/lib/apt/lists"; do
    [ ! -e "$fl_f" ] || printf 'at\\t%s\\n' "$(fl_mtime "$fl_f")"
  done
}
fl_updaters() {
  if fl_has systemctl && [ -d "$R/run/systemd/system" ]; then
    for fl_u in apt-daily-upgrade.timer packagekit-offline-update.service; do
      [ "$(systemctl is-enabled "$fl_u" 2>/dev/null)" != enabled ] || printf 'unit\\t%s\\n' "$fl_u"
    done
  fi
  [ ! -e "$R/etc/cron-apt/config" ] || printf 'unit\\tcron-apt\\n'
  ! fl_has apt-config || apt-config dump APT::Periodic 2>/dev/null | awk -F '"' '/^APT::Periodic::(Unattended-Upgrade|Enable) / { split($1, k, " "); print k[1] "\\t" $2 }'
}
# What dist-upgrade keeps back, one name a line.
fl_kept() { awk '/^The following packages have been kept back:/ { k = 1; next } !/^ / { k = 0 } k { for (i = 1; i <= NF; i++) print $i }' "$1" | fl_words; }
fl_candidates() {
  fl_asim dist-upgrade >"$T/full" 2>&1
  fl_code=$?
  cat "$T/full"
  return $fl_code
}
fl_details() { fl_actions <"$T/all" | awk '$1 == "I" { print $2 ($3 == "all" ? "" : ":" $3) "=" $5 }' | fl_words | sort -u | fl_show | grep -E '^((Package|Version|Architecture|Size|SHA256|Installed-Size|Pre-Depends|Depends|Conflicts|Breaks|Replaces|Provides): |$)'; }
# Of what is installed: what a newer version of an update's package could break, all conflicts that name one, and what is provided.
fl_relations() {
  fl_actions <"$T/all" | awk '$1 == "I" { print $2 }' | sort -u >"$T/names"
  dpkg-query -W -f='\${db:Status-Abbrev}\\t\${binary:Package}\\t\${Architecture}\\t\${Version}\\t\${Pre-Depends}, \${Depends}\\t\${Conflicts}, \${Breaks}\\t\${Provides}\\n' | awk -F '\\t' -v names="$T/names" '
BEGIN { while ((getline line < names) > 0) C[line] = 1 }
function cut(text, bounded,   n, m, i, j, P, A, w, keep, out) {
  n = split(text, P, /, */); out = ""
  for (i = 1; i <= n; i++) {
    if (bounded && P[i] !~ /[(][=<]/) continue
    m = split(P[i], A, "|"); keep = 0
    for (j = 1; j <= m; j++) { w = A[j]; sub(/^ */, "", w); sub(/[ (:].*/, "", w); if (w in C) keep = 1 }
    if (keep) out = out (out == "" ? "" : ", ") P[i]
  }
  return out
}
NF == 7 && $1 ~ /^.i/ { d = cut($5, 1); c = cut($6, 0); if (d != "" || c != "" || $7 != "") print $2 "\\t" $3 "\\t" $4 "\\t" d "\\t" c "\\t" $7 }'
}`;

const SCAN_BODY = `${HOST_BODY}fl_sec os cat "$R/etc/os-release"
${INVENTORY_BODY}fl_sec lists fl_lists
fl_sec privilege fl_privilege
fl_sec updaters fl_updaters
if fl_has systemctl && [ -d "$R/run/systemd/system" ]; then fl_sec units fl_units; fi
if [ "$U" = 0 ] && fl_has needrestart; then fl_sec needrestart needrestart -b -r l; fi
if fl_tmp; then
  fl_sec full fl_candidates
  cat "$T/full" >"$T/all"
  fl_kept "$T/full" >"$T/kept"
  if [ -s "$T/kept" ] || grep -q '^Inst ' "$T/full"; then
    fl_aget -s -o Debug::NoLocking=1 -o APT::Get::Always-Include-Phased-Updates=false upgrade >"$T/plain" 2>&1
    fl_sec plain cat "$T/plain"
    [ "$(grep -c '^Inst ' "$T/full")" = "$(grep -c '^Inst ' "$T/plain")" ] || fl_sec wider fl_asim upgrade --with-new-pkgs
  fi
  if [ -s "$T/kept" ]; then
    fl_asim --ignore-hold dist-upgrade >"$T/unheld" 2>&1
    cat "$T/unheld" >>"$T/all"
    fl_sec unheld cat "$T/unheld"
    fl_policy() { xargs apt-cache $(fl_past) policy -- <"$T/kept"; }
    fl_sec policy fl_policy
  fi
  fl_sec details fl_details
  fl_sec relations fl_relations
  fl_room
fi
`;

export function scanCommand(options: { nonce: string; refresh: boolean }): CommandSpec {
  return {
    script: framedScript(
      options.nonce,
      [
        LOCK_FUNCTIONS,
        APT_FUNCTIONS,
        HOST_FUNCTIONS,
        ROOM_FUNCTION,
        ...(options.refresh ? [UPDATE_FUNCTION] : []),
        SCAN_FUNCTIONS,
      ].join('\n'),
      `fl_sec began date +%s\n${options.refresh ? 'fl_sec refresh fl_update\n' : ''}${SCAN_BODY}fl_sec ended date +%s\n`,
    ),
    root: options.refresh,
    timeoutMs: options.refresh ? 900_000 : 180_000,
    maxOutputBytes: 32 * 1024 * 1024,
  };
}
