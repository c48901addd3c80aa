/**
 * As root, before anything changes: what is installed, and the old packages of everything the plan touches, put aside in the
 * job's folder. Sources in order: what lies in that folder already (the console may have brought it), packages put aside
 * earlier, apt's cache, the repository, dpkg-repack where it is installed. Every file is checked, see oldPackages.ts; one that
 * was packed again is not exact and is named so.
 */
import { fail, ok, type Result } from '../../../../shared/errors.ts';
import type { PlanAction } from '../../../../shared/model/plan.ts';
import type { Capture } from '../../../../shared/model/run.ts';
import type { CommandOutput, CommandSpec } from '../../ports.ts';
import type { HostState } from '../driver.ts';
import { readPairs } from '../facts.ts';
import { makeOldFolder, oldFolderFault, readOldPackages } from '../oldFolder.ts';
import { framedScript, HOST_FOLDER, plainLine, quote, readSections } from '../shell.ts';
import { APT_FUNCTIONS, HOST_BODY, HOST_FUNCTIONS, LOCK_FUNCTIONS, readReboot } from './host.ts';
import { capturedPackages, INVENTORY_BODY, readInventory } from './inventory.ts';
import { kernelState } from './kernel.ts';
import { OLD_PACKAGE_FUNCTIONS } from './oldPackages.ts';

const CAPTURE_FUNCTIONS = `fl_find() {
  for fl_f in "$O/$fl_stem"*.deb "$R${HOST_FOLDER}/jobs/"*"/old/$fl_stem"*.deb "$R/var/cache/apt/archives/$fl_stem"*.deb; do
    [ -e "$fl_f" ] || continue
    # What was put here and is not it, is of no use and in the way of what may come.
    if ! fl_good "$fl_f" "$1" "$2" "$3" "$4"; then case $fl_f in "$O"/*) rm -f "$fl_f" ;; esac; continue; fi
    case $fl_f in "$O"/*) ;; *) { ln "$fl_f" "$O/" || cp "$fl_f" "$O/"; } 2>/dev/null || continue ;; esac
    fl_put "$1" "$2" "$3" "$O/\${fl_f##*/}" "$fl_hash" "$5" "$4"
    return 0
  done
  return 1
}
# fl_put NAME ARCH VERSION FILE HASH SOURCE LISTED: a line of $T/secured; the last field says whether a repository offers it.
fl_put() { printf '%s\\t%s\\t%s\\t%s\\t%s\\t%s\\t%s\\t%s\\n' "$1" "$2" "$3" "$4" "$5" "$6" "$(($(wc -c <"$4")))" "\${7:+yes}" >>"$T/secured"; }
fl_repack() {
  fl_has dpkg-repack || return 1
  mkdir -p "$T/repack" && (cd "$T/repack" && dpkg-repack "$1$([ "$2" = all ] || printf ':%s' "$2")" >>"$T/download" 2>&1) || return 1
  for fl_f in "$T/repack/"*.deb; do
    [ -s "$fl_f" ] && [ "$(dpkg-deb -f "$fl_f" Package 2>/dev/null)" = "$1" ] && [ "$(dpkg-deb -f "$fl_f" Version 2>/dev/null)" = "$3" ] && mv -f "$fl_f" "$O/" || continue
    fl_f=$O/\${fl_f##*/}
    fl_put "$1" "$2" "$3" "$fl_f" "$(fl_sha "$fl_f")" repack ''
    return 0
  done
  return 1
}
fl_spoilt() { awk -F '\\t' -v n="$1" -v a="$2" -v v="$3" '$1 == n && $2 == a && $3 == v { w = "; " $4 " is not what is installed (" $5 ")" } END { printf "%s", w }' "$T/spoilt"; }
fl_download() { (cd "$O" && apt-get -q $(fl_past) -o APT::Sandbox::User=root -o Acquire::Retries=1 -o Acquire::http::Timeout=30 download "$@" >>"$T/download" 2>&1); }
fl_secure() {
  fl_wanted >"$T/wanted"
  fl_meta <"$T/wanted" >"$T/meta"
  : >"$T/secured"; : >"$T/unsecured"; : >"$T/missing"; : >"$T/download"; : >"$T/spoilt"
  while read -r n a v; do
    fl_stem_of "$n" "$v"
    fl_find "$n" "$a" "$v" "$(fl_hash_of "$n" "$a" "$v")" host || printf '%s %s %s\\n' "$n" "$a" "$v" >>"$T/missing"
  done <"$T/wanted"
  set --
  while read -r n a v; do
    [ -z "$(fl_hash_of "$n" "$a" "$v")" ] || set -- "$@" "$n$([ "$a" = all ] || printf ':%s' "$a")=$v"
  done <"$T/missing"
  # All at once is faster; one that fails would keep the others away, so then one by one.
  if [ $# -gt 0 ] && ! fl_download "$@"; then for s in "$@"; do fl_download "$s" || :; done; fi
  while read -r n a v; do
    fl_stem_of "$n" "$v"
    fl_known=$(fl_hash_of "$n" "$a" "$v")
    [ -z "$fl_known" ] || ! fl_find "$n" "$a" "$v" "$fl_known" repository || continue
    ! fl_repack "$n" "$a" "$v" || continue
    fl_why=$(grep -E '^(E|Err|W)[: ]' "$T/download" | grep -F "$n" | tail -n 1)
    [ -n "$fl_known" ] || fl_why="no repository of this host offers $v any more"
    printf '%s\\t%s\\t%s\\t%s%s\\t%s\\n' "$n" "$a" "$v" "\${fl_why:-it could not be downloaded}" "$(fl_spoilt "$n" "$a" "$v")" "\${fl_known:+yes}" >>"$T/unsecured"
  done <"$T/missing"
}`;

const present = (action: PlanAction): action is PlanAction & { from: string } => action.from !== undefined;

export function captureCommand(options: {
  nonce: string;
  token: string;
  actions: PlanAction[];
}): CommandSpec {
  const first = new Map<string, PlanAction & { from: string }>();
  for (const action of options.actions.filter(present)) {
    const key = `${action.name}:${action.arch}`;
    if (!first.has(key)) first.set(key, action);
  }
  const asked = [...first.values()].map((action) => quote(`${action.name} ${action.arch} ${action.from}`));
  const body = `${makeOldFolder(options.token, 'fl_tmp')}${HOST_BODY}${INVENTORY_BODY}${asked.length === 0 ? ': >"$T/asked"' : `printf '%s\\n' ${asked.join(' ')} >"$T/asked"`}
fl_sec secure fl_secure
fl_sec secured cat "$T/secured"
fl_sec unsecured cat "$T/unsecured"
`;
  return {
    script: framedScript(
      options.nonce,
      [LOCK_FUNCTIONS, APT_FUNCTIONS, HOST_FUNCTIONS, OLD_PACKAGE_FUNCTIONS, CAPTURE_FUNCTIONS].join('\n'),
      body,
    ),
    root: true,
    timeoutMs: 1_800_000,
    maxOutputBytes: 32 * 1024 * 1024,
  };
}

/** Errors: `host.output-malformed`; `host.disk-full`, `host.read-only` when the job's folder cannot be made. */
export function parseCapture(
  output: CommandOutput,
  context: { nonce: string },
): Result<Omit<Capture, 'runId' | 'hostId' | 'takenAt'>> {
  const fault = oldFolderFault(output, context.nonce);
  if (fault !== undefined) return fault;
  const read = readSections(output, context.nonce, ['host', 'inventory', 'auto', 'secured', 'unsecured']);
  if (!read.ok) return read;
  const sections = read.value;
  const inventory = readInventory(sections, readPairs(sections.lines('host', 50)).get('arch') ?? '');
  if (inventory.rows.length === 0 || sections.rc('auto') !== 0) {
    return fail(
      'host.output-malformed',
      'The host did not tell its packages and marks: nothing to go back to.',
    );
  }
  return ok({
    packages: capturedPackages(inventory.rows),
    ...readOldPackages(sections),
  });
}

/** As apt and dpkg-repack name a package's file; the epoch's colon is escaped. */
export const artefactFile = (a: { name: string; arch: string; version: string }): string =>
  `${a.name}_${a.version.replaceAll(':', '%3a')}_${a.arch}.deb`;

/** The state to compare with, and whether a restart is wanted. No root needed. */
export function verifyCommand(options: { nonce: string }): CommandSpec {
  return {
    script: framedScript(
      options.nonce,
      [LOCK_FUNCTIONS, HOST_FUNCTIONS].join('\n'),
      `${HOST_BODY}${INVENTORY_BODY}`,
    ),
    root: false,
    timeoutMs: 120_000,
    maxOutputBytes: 32 * 1024 * 1024,
  };
}

/** Errors: `host.output-malformed`. */
export function parseVerify(output: CommandOutput, context: { nonce: string }): Result<HostState> {
  const read = readSections(output, context.nonce, ['host', 'inventory', 'auto', 'reboot']);
  if (!read.ok) return read;
  const pairs = readPairs(read.value.lines('host', 50));
  const inventory = readInventory(read.value, pairs.get('arch') ?? '');
  if (inventory.rows.length === 0 || read.value.rc('auto') !== 0) {
    return fail('host.output-malformed', 'The host did not tell its packages and marks.');
  }
  const reboot = readReboot(read.value);
  const kernel = kernelState(pairs.get('kernel') ?? '', inventory.rows);
  return ok({
    packages: capturedPackages(inventory.rows),
    rebootRequired: reboot.required || kernel.expected !== undefined,
    rebootReasons: [
      ...reboot.reasons,
      ...(kernel.expected === undefined ? [] : [`kernel ${kernel.expected} is installed`]),
    ],
    bootId: plainLine(pairs.get('bootid') ?? '', 64),
    kernel,
  });
}
