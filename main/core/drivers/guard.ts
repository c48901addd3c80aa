/**
 * The guard of a host: while a freeze holds, the host's own package manager refuses what is not listed. What both managers'
 * guards share is here: what was there before is put aside and written down first, in the manifest of `GUARD_FOLDER`, and only
 * then is anything changed; taking it off puts back what the manifest says, byte for byte, and removes the manifest last. So
 * each of the two can be repeated, whatever instruction it was cut off at.
 *
 * Beside the manifest lies `off`, a script that takes the guard off without the console: `sh /var/lib/frostline/guard/off`.
 *
 * What a driver adds: `fl_make`, which writes the wanted files to $T/out/<number>; and the lists below. Needs beside the usual
 * programs find, cmp, touch, sha256sum or shasum; systemctl where systemd runs; flock where it is there.
 */
import { type ErrorCode, fail, ok, type Result } from '../../../shared/errors.ts';
import type { CommandOutput, CommandSpec } from '../ports.ts';
import { ENVIRONMENT, framedScript, HOST_FOLDER, plainLine, readSections } from './shell.ts';

/** What may still come onto the host. `id` names all of it (64 hex digits); `about` is one line for whoever reads the files. */
export type GuardRequest = {
  id: string;
  about: string;
  /** Exact versions; without an architecture: of any. */
  listed: { name: string; arch?: string; version: string }[];
};

/** The guard as it is on the host now. It can be read without root. */
export type GuardReading = {
  /** `none`: no trace of it. `part`: some of its files are missing. */
  present: 'none' | 'part' | 'all';
  /** Of the request it was made from, as its files say. */
  id?: string;
  /** SHA-256 of each of its files (of its own part, in a file that it shares): changes with every touch. */
  files: { path: string; sha256: string }[];
  /** The host's own updaters that it pauses, and whether they are. */
  updaters: { unit: string; paused: boolean }[];
  bootId: string;
  /** What on the host gets past the guard, or keeps it from working. */
  gaps: string[];
};

/** A file of the guard. `own`: made by us; `block`: somebody's, in which a marked block of lines is ours. */
export type GuardFile = { path: string; kind: 'own' | 'block'; mode: '644' | '755' };

export type GuardKind = {
  files: GuardFile[];
  /** Folders of ours. */
  folders: string[];
  /** Folders that must look untouched afterwards. */
  around: string[];
  /** Timers and services that install by themselves. */
  units: string[];
  /** Shell functions: `fl_make` (see above) and `fl_gaps`, which prints a line for each gap. */
  functions: string;
  /** Shell function `fl_unblock FILE`: prints the file without our block. Part of `off`, so it stands alone. */
  unblock: string;
  /** `unblock` has a function `fl_part FILE`, too: it prints what is ours of a file in which others may scatter that. */
  part?: boolean;
};

const GUARD_FOLDER = `${HOST_FOLDER}/guard`;
export const GUARD_MARK = 'frostline-guard';

const ID = /^[0-9a-f]{64}$/;
export function checkedGuardId(id: string): string {
  if (!ID.test(id)) throw new RangeError('a guard is named by 64 hex digits');
  return id;
}

/** One line of comment: nothing that could end it, or be read as anything else. */
export const guardAbout = (text: string): string =>
  plainLine(text, 300).replace(/[^A-Za-z0-9 .,:;@()+/_-]/g, '?');

const COMMON = `G="$R${GUARD_FOLDER}"
fl_own() { for fl_f in "$@"; do [ -d "$fl_f" ] && [ ! -L "$fl_f" ] && [ -O "$fl_f" ] || { printf '%s is not a folder of root alone\\n' "$fl_f" >&2; return 1; }; done; }
fl_ours() { head -n 3 "$1" 2>/dev/null | grep -q ${GUARD_MARK}; }
fl_sha() { if command -v sha256sum >/dev/null 2>&1; then sha256sum; else shasum -a 256; fi | cut -d ' ' -f 1; }
fl_sum() { fl_sha <"$1"; }
fl_systemd() { [ -z "$R" ] && command -v systemctl >/dev/null 2>&1 && [ -d /run/systemd/system ]; }
# Only one at a time; it is let go of when the script ends.
fl_alone() { ! command -v flock >/dev/null 2>&1 || { exec 8>"$R${HOST_FOLDER}/guard.lock" && flock -w 60 8; } || { printf 'another one is at work on the guard\\n' >&2; return 1; }; }`;

/**
 * Puts everything back. What a person changed since in a file of theirs stays, without our block; a folder's time is put back
 * only where nobody else touched the folder.
 */
const offFunctions = (kind: GuardKind): string => `${kind.unblock}
fl_back() {
  fl_new=\${2%/*}/.${GUARD_MARK}.new
  cp -p "$1" "$fl_new" && mv -f "$fl_new" "$2"
}
fl_off() {
  fl_own "$R${HOST_FOLDER}" && fl_alone || return 1
  rm -rf "$G.new" "$G.old"
  # Ours without a manifest: put there by a restored backup. Nothing else is known of how it was.
  [ -f "$G/manifest" ] || { : >"$G.none" && fl_list=$G.none; }
  [ ! -f "$G/manifest" ] || { fl_own "$G" && fl_list=$G/manifest; } || return 1
  if [ -f "$G/manifest" ] && [ ! -f "$G/leaving" ]; then
    while IFS='	' read -r fl_w fl_n fl_p; do
      [ "$fl_w" = around ] || continue
      [ -f "$G/touched.$fl_n" ] || { [ -f "$G/after.$fl_n" ] && [ -n "$(find "$R$fl_p" -prune -newer "$G/after.$fl_n" 2>/dev/null)" ]; } || printf '%s\\t%s\\n' "$fl_n" "$fl_p"
    done <"$G/manifest" >"$G/leaving.new" && mv -f "$G/leaving.new" "$G/leaving" || return 1
  fi
${kind.files
  .map(
    ({ path, kind: how }) => `  fl_p=$R${path}
  rm -f "\${fl_p%/*}/.${GUARD_MARK}.new"
  fl_n=$(awk -F '\\t' -v p='${path}' '$1 == "file" && $3 == p { print $2 }' "$fl_list")
  if [ -n "$fl_n" ]; then
    if [ -f "$G/wrote.$fl_n" ] && [ -f "$fl_p" ] && [ "$(fl_sum "$fl_p")" = "$(cat "$G/wrote.$fl_n")" ]; then fl_back "$G/was.$fl_n" "$(readlink -f "$fl_p")"${how === 'block' ? ' && fl_strip "$fl_p"' : ''} || return 1
    elif [ -f "$fl_p" ] && ! cmp -s "$G/was.$fl_n" "$fl_p"; then
      ${how === 'block' ? 'fl_strip "$fl_p" || return 1' : `if fl_ours "$fl_p"; then fl_back "$G/was.$fl_n" "$fl_p" || return 1; fi`}
    fi
  ${how === 'block' ? 'elif [ -f "$fl_p" ]; then fl_strip "$fl_p" && { grep -q "[^[:space:]]" "$fl_p" || rm -f "$fl_p"; } || return 1' : `elif [ -f "$fl_p" ] && fl_ours "$fl_p"; then rm -f "$fl_p" || return 1`}
  fi`,
  )
  .join('\n')}
${kind.folders.map((folder) => `  [ ! -d "$R${folder}" ] || rmdir "$R${folder}" 2>/dev/null || :`).join('\n')}
  [ ! -f "$G/leaving" ] || while IFS='	' read -r fl_n fl_p; do touch -r "$G/dir.$fl_n" "$R$fl_p" || return 1; done <"$G/leaving"
  if fl_systemd; then
    while IFS='	' read -r fl_w fl_n fl_p; do
      [ "$fl_w" = unit ] || continue
      systemctl unmask --runtime "$fl_n" 2>&1
      [ "$fl_p" != active ] || systemctl start "$fl_n" 2>&1 || printf '%s could not be started\\n' "$fl_n"
    done <"$fl_list"
  fi
  rm -f "$G.none"
  [ ! -d "$G" ] || { mv "$G" "$G.old" && rm -rf "$G.old"; }
}
# Somebody else's file without our block, as its owner and mode are.
fl_strip() {
  fl_q=$(readlink -f "$1")
  grep -q ${GUARD_MARK} "$fl_q" || return 0
  fl_new=\${fl_q%/*}/.${GUARD_MARK}.new
  cp -p "$fl_q" "$fl_new" && fl_unblock "$fl_q" >"$fl_new" && mv -f "$fl_new" "$fl_q"
}`;

/** The whole script that takes the guard off by hand. */
const offScript = (kind: GuardKind): string => `#!/bin/sh
# Takes Frostline's guard off this host and puts everything back as it was: sh ${GUARD_FOLDER}/off
umask 022
${ENVIRONMENT}
${COMMON}
${offFunctions(kind)}
fl_off`;

const OFF_END = 'FROSTLINE=END=OF=OFF';

const onFunctions = (
  kind: GuardKind,
): string => `fl_boot() { cat "$R/proc/sys/kernel/random/boot_id" 2>/dev/null; }
fl_write_off() { cat >"$1" <<'${OFF_END}'
${offScript(kind)}
${OFF_END}
}
# Everything as it is now, whole before it gets its name: from then on it is what will be put back.
fl_keep() {
  rm -rf "$G.new" "$G.old"
  mkdir "$G.new" && chmod 700 "$G.new" || return 1
  fl_i=0
  {
    printf 'boot\\t%s\\n' "$(fl_boot)"
    for fl_p in ${kind.files.map((file) => file.path).join(' ')}; do
      [ -f "$R$fl_p" ] && ! { ${kind.files.some((file) => file.kind === 'block') ? 'false' : 'fl_ours "$R$fl_p"'}; } || continue
      fl_i=$((fl_i + 1))
      cp -p "$(readlink -f "$R$fl_p")" "$G.new/was.$fl_i" || return 1
      printf 'file\\t%s\\t%s\\n' "$fl_i" "$fl_p"
    done
    for fl_p in ${kind.around.join(' ')}; do
      [ -d "$R$fl_p" ] || continue
      fl_i=$((fl_i + 1))
      touch -r "$R$fl_p" "$G.new/dir.$fl_i" || return 1
      printf 'around\\t%s\\t%s\\n' "$fl_i" "$fl_p"
    done
    if fl_systemd; then
      for fl_u in ${kind.units.join(' ')}; do
        case $(systemctl is-enabled "$fl_u" 2>/dev/null) in enabled*|disabled|static|indirect|generated|alias|linked*) ;; *) continue ;; esac
        printf 'unit\\t%s\\t%s\\n' "$fl_u" "$(systemctl is-active "$fl_u" 2>/dev/null)"
      done
    fi
  } >"$G.new/manifest" || return 1
  fl_write_off "$G.new/off" || return 1
  sync
  rm -rf "$G"
  mv "$G.new" "$G"
}
# fl_put NUMBER PATH MODE KIND: only where it differs.
fl_put() {
  fl_q=$R$2
  [ ! -L "$fl_q" ] || fl_q=$(readlink -f "$fl_q")
  cmp -s "$T/out/$1" "$fl_q" && return 0
  fl_n=$(awk -F '\\t' -v p="$2" '$1 == "file" && $3 == p { print $2 }' "$G/manifest")
  if [ -n "$fl_n" ]; then
    # What was before is what comes back only as long as nobody else changed the rest.
    if [ "$4" = own ] || { fl_unblock "$G/was.$fl_n" >"$T/was" && fl_unblock "$T/out/$1" >"$T/rest" && cmp -s "$T/was" "$T/rest"; }; then fl_sum "$T/out/$1" >"$G/wrote.$fl_n.new" && mv -f "$G/wrote.$fl_n.new" "$G/wrote.$fl_n" || return 1
    else rm -f "$G/wrote.$fl_n" || return 1; fi
  fi
  fl_new=\${fl_q%/*}/.${GUARD_MARK}.new
  if [ "$4" = block ] && [ -f "$fl_q" ]; then cp -p "$fl_q" "$fl_new" && cat "$T/out/$1" >"$fl_new" || return 1
  else cat "$T/out/$1" >"$fl_new" && chmod "$3" "$fl_new" || return 1; fi
  mv -f "$fl_new" "$fl_q"
}
fl_on() {
  umask 022
  mkdir -p -m 700 "$R${HOST_FOLDER}" && fl_own "$R${HOST_FOLDER}" && chmod 700 "$R${HOST_FOLDER}" && fl_alone || return 1
  mkdir -p "$T/out" && fl_make || return 1
  # Half taken off, by one who was cut off: to be finished first, or what was put aside would be taken for the present state.
  [ ! -f "$G/leaving" ] || { (exec 8>&-; sh "$G/off"); [ ! -d "$G" ] || return 1; }
  [ -f "$G/manifest" ] || fl_keep || { rm -rf "$G.new"; return 1; }
  fl_own "$G" || return 1
  while IFS='	' read -r fl_w fl_n fl_p; do
    [ "$fl_w" = around ] && [ -f "$G/after.$fl_n" ] && [ -n "$(find "$R$fl_p" -prune -newer "$G/after.$fl_n" 2>/dev/null)" ] && : >"$G/touched.$fl_n"
  done <"$G/manifest"
${kind.folders.map((folder) => `  mkdir -p -m 755 "$R${folder}" || return 1`).join('\n')}
${kind.files.map(({ path, mode, kind: how }, index) => `  fl_put ${index} ${path} ${mode} ${how} || return 1`).join('\n')}
  while IFS='	' read -r fl_w fl_n fl_p; do
    [ "$fl_w" != around ] || touch -r "$R$fl_p" "$G/after.$fl_n" || return 1
  done <"$G/manifest"
  if fl_systemd; then
    while IFS='	' read -r fl_w fl_n fl_p; do
      [ "$fl_w" = unit ] || continue
      systemctl mask --runtime "$fl_n" >/dev/null 2>&1
      systemctl stop "$fl_n" 2>&1
    done <"$G/manifest"
  fi
  return 0
}`;

const stateFunctions = (
  kind: GuardKind,
): string => `${kind.part ? '' : `fl_part() { sed -n '/^# ${GUARD_MARK} begin/,/^# ${GUARD_MARK} end/p' "$1"; }\n`}fl_state() {
  printf 'boot\\t%s\\n' "$(cat "$R/proc/sys/kernel/random/boot_id" 2>/dev/null)"
${kind.files
  .map(({ path, kind: how }) =>
    how === 'own'
      ? `  if [ -f "$R${path}" ]; then printf 'file\\t${path}\\t%s\\n' "$(fl_sum "$R${path}")"; else printf 'absent\\t${path}\\n'; fi
  sed -n 's/^.*${GUARD_MARK} \\([0-9a-f]\\{64\\}\\).*$/id\\t\\1/p' "$R${path}" 2>/dev/null | head -n 1`
      : `  if fl_part "$R${path}" 2>/dev/null | grep -q .; then printf 'file\\t${path}\\t%s\\n' "$(fl_part "$R${path}" | fl_sha)"; else printf 'absent\\t${path}\\n'; fi
  sed -n 's/^.*${GUARD_MARK}[ a-z-]*\\([0-9a-f]\\{64\\}\\).*$/id\\t\\1/p' "$R${path}" 2>/dev/null | head -n 1`,
  )
  .join('\n')}
  if fl_systemd; then
    for fl_u in ${kind.units.join(' ')}; do
      fl_e=$(systemctl is-enabled "$fl_u" 2>/dev/null)
      case $fl_e in
        masked*) printf 'unit\\t%s\\tpaused\\n' "$fl_u" ;;
        enabled*|disabled|static|indirect|generated|alias|linked*) printf 'unit\\t%s\\tfree\\n' "$fl_u" ;;
      esac
    done
  fi
  fl_gaps
}`;

const spec = (script: string, root: boolean): CommandSpec => ({
  script,
  root,
  timeoutMs: 180_000,
  maxOutputBytes: 4 * 1024 * 1024,
});

/** `kind` with the files of a request. */
export const guardOnCommand = (nonce: string, kind: GuardKind): CommandSpec =>
  spec(
    framedScript(
      nonce,
      [COMMON, kind.unblock, kind.functions, onFunctions(kind), stateFunctions(kind)].join('\n'),
      'fl_tmp || { fl_mark notmp; fl_mark end; return 1; }\nfl_sec change fl_on\nfl_sec state fl_state\n',
    ),
    true,
  );

export const guardOffCommand = (nonce: string, kind: GuardKind): CommandSpec =>
  spec(
    framedScript(
      nonce,
      [COMMON, kind.functions, offFunctions(kind), stateFunctions(kind)].join('\n'),
      `fl_leave() { [ ! -d "$R${HOST_FOLDER}" ] || fl_off; }\numask 022\nfl_sec change fl_leave\nfl_sec state fl_state\n`,
    ),
    true,
  );

export const guardStateCommand = (nonce: string, kind: GuardKind): CommandSpec =>
  spec(
    framedScript(
      nonce,
      [COMMON, kind.unblock, kind.functions, stateFunctions(kind)].join('\n'),
      'fl_sec state fl_state\n',
    ),
    false,
  );

const MAX_LINES = 500;

/**
 * What is there now; for the commands that change it, once they did. Errors: `host.output-malformed`, `host.disk-full`,
 * `host.read-only`, `host.command-failed` with the host's own words.
 */
export function parseGuard(output: CommandOutput, context: { nonce: string }): Result<GuardReading> {
  const read = readSections(output, context.nonce, []);
  if (!read.ok) return read;
  const sections = read.value;
  const code = sections.rc('change');
  if (sections.has('notmp') || (code !== undefined && code !== 0)) {
    const said = plainLine(sections.text('change') || output.stderr, 500);
    const cause: ErrorCode = /Read-only file system/i.test(said)
      ? 'host.read-only'
      : sections.has('notmp') || /No space left/i.test(said)
        ? 'host.disk-full'
        : 'host.command-failed';
    return fail(cause, `The guard could not be changed${said === '' ? '' : `: ${said}`}.`, {
      hint: 'Nothing is lost: what was there before stands in /var/lib/frostline/guard. Try again when the cause is gone.',
    });
  }
  if (!sections.has('state'))
    return fail('host.output-malformed', "The script's output lacks the guard's state.");
  const reading: GuardReading = { present: 'none', files: [], updaters: [], bootId: '', gaps: [] };
  let absent = 0;
  for (const line of sections.lines('state', MAX_LINES)) {
    const [what, first = '', second = ''] = line.split('\t');
    if (what === 'boot') reading.bootId = plainLine(first, 64);
    else if (what === 'id' && ID.test(first)) reading.id ??= first;
    else if (what === 'absent') absent += 1;
    else if (what === 'file' && ID.test(second))
      reading.files.push({ path: plainLine(first, 200), sha256: second });
    else if (what === 'unit')
      reading.updaters.push({ unit: plainLine(first, 100), paused: second === 'paused' });
    else if (what === 'gap') reading.gaps.push(plainLine(first, 300));
  }
  if (reading.files.length > 0) reading.present = absent === 0 ? 'all' : 'part';
  return ok(reading);
}
