/**
 * The simulation's script: one round trip, without root, for all stages. Stage 1 alone, then stages 1 and 2, and so on, since
 * each stage meets what the ones before it left. Then it looks for the old packages, and plays the transaction backwards:
 * over a copy of dpkg's status as it would be afterwards, with the present packages offered from a file, what would a
 * request for all the old versions do? It touches nothing but a temporary folder.
 */

import type { CommandSpec } from '../../ports.ts';
import type { StageRequest } from '../driver.ts';
import type { PushedPackage } from '../pushed.ts';
import { framedScript, quote } from '../shell.ts';
import {
  APT_FUNCTIONS,
  HOST_BODY,
  HOST_FUNCTIONS,
  LOCK_FUNCTIONS,
  ROOM_FUNCTION,
  UPDATE_FUNCTION,
} from './host.ts';
import { INVENTORY_BODY, packageSpec } from './inventory.ts';
import { OLD_PACKAGE_FUNCTIONS } from './oldPackages.ts';
import { PUSHED_FUNCTIONS, withPushed } from './pushed.ts';

/** Section of the simulation up to and with the stage at this index. */
export const stageSection = (index: number): string => `sim.${index}`;

/** Requests of all stages up to and with the one at `index`. */
export const cumulative = (stages: StageRequest[], index: number): string[] =>
  stages.slice(0, index + 1).flatMap((stage) => stage.packages.map(packageSpec));

const SIMULATE_FUNCTIONS = `fl_stage() {
  fl_name=$1; shift
  [ "$fl_ok" = 1 ] || return 0
  fl_asim install "$@" >"$T/sim" 2>&1
  fl_code=$?
  if [ "$fl_code" = 0 ]; then fl_actions <"$T/sim" >"$T/act"; else fl_ok=0; fi
  fl_mark "$fl_name"; cat "$T/sim"; fl_rc "$fl_name" "$fl_code"
}
fl_policy() { { cut -d = -f 1 "$T/requests"; awk '{ print $2 ($3 == "-" || $3 == "all" ? "" : ":" $3); print $2 }' "$T/act"; } | fl_words | sort -u | xargs apt-cache $(fl_past) policy -- 2>/dev/null; }
fl_new() { awk '$1 == "I" { print $2 ($3 == "all" ? "" : ":" $3) "=" $5 }' "$T/act" | fl_words | sort -u | fl_show >"$T/show"; grep -E '^((Package|Version|Architecture|Size|SHA256|Installed-Size): |$)' "$T/show"; }
# Old packages lying on the host that are the installed ones: "name version path"; others are noted in $T/spoilt.
fl_kept() {
  fl_native=$(dpkg --print-architecture)
  awk -v a="$fl_native" '$4 != "-" { print $2, ($3 == "-" ? a : $3), $4 }' "$T/act" >"$T/asked"
  fl_wanted | while read -r n a v; do fl_stem_of "$n" "$v"; [ -z "$(fl_places)" ] || printf '%s %s %s\\n' "$n" "$a" "$v"; done >"$T/lying"
  [ -s "$T/lying" ] || return 0
  fl_meta <"$T/lying" >"$T/meta"
  while read -r n a v; do
    fl_stem_of "$n" "$v"
    fl_known=$(fl_hash_of "$n" "$a" "$v")
    fl_places >"$T/places"
    while read -r fl_file; do
      if fl_good "$fl_file" "$n" "$a" "$v" "$fl_known"; then printf '%s %s %s\\n' "$n" "$v" "$fl_file"; break; fi
    done <"$T/places"
  done <"$T/lying"
}
fl_reverse() {
  [ -r "$R/var/lib/dpkg/status" ] || { printf 'E: dpkg status is not readable\\n'; return 1; }
  : >"$T/Packages"
  awk -v list="$T/act" -v old="$T/Packages" '
BEGIN { while ((getline l < list) > 0) { split(l, f, " "); if (f[4] != "-") gone[f[2] " " f[4]] = 1 }; RS = ""; FS = "\\n" }
{ p = ""; v = ""
  for (i = 1; i <= NF; i++) { if (index($i, "Package: ") == 1) p = substr($i, 10); else if (index($i, "Version: ") == 1) v = substr($i, 10) }
  if (!((p " " v) in gone)) { print $0 "\\n"; next }
  for (i = 1; i <= NF; i++) { if ($i !~ /^[ \\t]/) skip = ($i ~ /^(Status|Conffiles|Description|Config-Version):/); if (!skip) print $i > old }
  print "Filename: ./" p ".deb\\nSize: 1\\nSHA256: 0000000000000000000000000000000000000000000000000000000000000000\\n" > old }' "$R/var/lib/dpkg/status" >"$T/status" || return 1
  awk '
BEGIN { RS = ""; FS = "\\n" }
{ for (i = 1; i <= NF; i++) {
    if ($i !~ /^[ \\t]/) skip = ($i ~ /^(Filename|Size|MD5sum|SHA1|SHA256|SHA512|Description.*):/)
    if (skip) continue
    print $i
    if ($i ~ /^Package:/) print "Status: install ok installed" }
  print "" }' "$T/show" >>"$T/status"
  set --
  while read -r fl_k fl_n fl_a fl_v fl_t; do
    [ "$fl_a" = - ] || [ "$fl_a" = all ] || [ "$fl_v" != - ] || fl_n=$fl_n:$fl_a
    if [ "$fl_v" = - ]; then set -- "$@" "$fl_n-"; else set -- "$@" "$fl_n=$fl_v"; fi
  done <"$T/act"
  fl_asim -o Dir::State::status="$T/status" --with-source "$T/Packages" --allow-downgrades --allow-change-held-packages install "$@"
}`;

export function simulateCommand(options: {
  nonce: string;
  stages: StageRequest[];
  refresh: boolean;
  pushed?: readonly PushedPackage[];
}): CommandSpec {
  const stages = options.stages
    .map(
      (_, index) =>
        `fl_stage ${stageSection(index)} ${cumulative(options.stages, index).map(quote).join(' ')}\n`,
    )
    .join('');
  const requests = cumulative(options.stages, options.stages.length).map(quote).join(' ');
  const transaction = `fl_tmp || { fl_mark notmp; fl_mark end; return 1; }
${withPushed(options.pushed, 'fl_mark nopushed; printf "%s\\n" "$fl_why"; fl_mark end; return 1')}: >"$T/act"
printf '%s\\n' ${requests} >"$T/requests"
fl_ok=1
${stages}fl_sec policy fl_policy
fl_sec new fl_new
: >"$T/spoilt"
fl_sec kept fl_kept
fl_sec spoilt cat "$T/spoilt"
fl_has dpkg-repack && fl_mark repack
if [ "$fl_ok" = 1 ] && [ -s "$T/act" ]; then fl_sec reverse fl_reverse; fi
fl_room
`;
  return {
    script: framedScript(
      options.nonce,
      [
        LOCK_FUNCTIONS,
        APT_FUNCTIONS,
        HOST_FUNCTIONS,
        ROOM_FUNCTION,
        ...(options.refresh ? [UPDATE_FUNCTION] : []),
        OLD_PACKAGE_FUNCTIONS,
        PUSHED_FUNCTIONS,
        SIMULATE_FUNCTIONS,
      ].join('\n'),
      `${options.refresh ? 'fl_sec refresh fl_update\n' : ''}${HOST_BODY}${INVENTORY_BODY}${requests === '' ? '' : transaction}`,
    ),
    root: options.refresh || (options.pushed ?? []).length > 0,
    timeoutMs: options.refresh ? 900_000 : 300_000,
    maxOutputBytes: 32 * 1024 * 1024,
  };
}
