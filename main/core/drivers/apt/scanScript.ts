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
fl_details() { fl_actions <"$T/all" | awk '$1 == "I" { print $2 ($3 == "all" ? "" : ":" $3) "=" $5 }' | fl_words | sort -u | fl_show | grep -E '^((Package|Version|Architecture|Size|SHA256|Installed-Size): |$)'; }`;

const SCAN_BODY = `${HOST_BODY}fl_sec os cat "$R/etc/os-release"
${INVENTORY_BODY}fl_sec lists fl_lists
fl_sec privilege fl_privilege
fl_sec updaters fl_updaters
if fl_has systemctl && [ -d "$R/run/systemd/system" ]; then fl_sec units fl_units; fi
if [ "$(id -u)" = 0 ] && fl_has needrestart; then fl_sec needrestart needrestart -b -r l; fi
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
    fl_policy() { xargs apt-cache policy -- <"$T/kept"; }
    fl_sec policy fl_policy
  fi
  fl_sec details fl_details
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
