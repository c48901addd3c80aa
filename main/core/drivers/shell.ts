/**
 * What every script for a host is made of: quoting, and sections marked by a nonce.
 *
 * A script is one function, called on its last line with stdin closed: nothing runs unless all of it arrived, and no command
 * in it can eat the rest of the script. It prints `@@<nonce> <section>` before each section, `@@<nonce> rc <section> <n>`
 * after it, and `@@<nonce> end` last. Nothing a host's packages or users print can guess the nonce, so what stands between
 * the marks is that section's output, and whatever a login banner or a chatty profile printed is outside all of them.
 *
 * Scripts are POSIX sh (dash, busybox). `FROSTLINE_ROOT` (empty by default) is put before every fixed path a script reads or
 * writes, so that the demo fleet and the tests run the very same scripts, unprivileged, over a folder; when it is set, PATH
 * and the rest of the environment are left as they are and nothing is handed to the machine's own service manager.
 *
 * This module must never run anything, and never put a value into a script that was not quoted.
 */
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { CommandOutput } from '../ports.ts';

/** One POSIX shell word, whatever it holds. Throws on NUL, which no shell word can carry and no schema lets through. */
export function quote(word: string): string {
  if (word.includes('\0')) throw new RangeError('a shell word cannot hold NUL');
  return /^[A-Za-z0-9_./=:+~@%,-]+$/.test(word) && !word.startsWith('~') && !word.includes('=~')
    ? word
    : `'${word.replaceAll("'", "'\\''")}'`;
}

const NONCE = /^[0-9a-f]{8,64}$/;

/** Hex, 8 to 64 digits. Anything else is a defect of the caller, not an input. */
export function checkedNonce(nonce: string): string {
  if (!NONCE.test(nonce)) throw new RangeError('a nonce is 8 to 64 hex digits');
  return nonce;
}

const TOKEN = /^[a-z0-9-]{1,80}$/;

/** A job's token is part of a path: letters, digits and dashes only. */
export function checkedToken(token: string): string {
  if (!TOKEN.test(token)) throw new RangeError('not a job token');
  return token;
}

/** Everything of ours on a host is below this folder (0700, root). */
export const HOST_FOLDER = '/var/lib/frostline';

/** In the folder that FROSTLINE_ROOT names; whoever makes such a folder makes this file, too. */
export const ROOT_MARK = '.frostline-root';

/**
 * What makes apt, dpkg and the programs they start read other files than the system's. `sudo` keeps most of them out, where
 * nobody told it otherwise; as root nothing of the login account's may count.
 */
const FOREIGN =
  'APT_CONFIG BASH_ENV CDPATH DPKG_ADMINDIR DPKG_FORCE DPKG_ROOT ENV GREP_OPTIONS LD_AUDIT LD_LIBRARY_PATH LD_PRELOAD PERL5DB PERL5LIB PERL5OPT PERLLIB PYTHONHOME PYTHONPATH PYTHONSTARTUP RUBYLIB RUBYOPT TMPDIR';

/**
 * Locale, path, root prefix, and the account's number (`U`); `R` stands before every fixed path. The environment is the login account's own, so it decides
 * nothing: a FROSTLINE_ROOT counts only where the folder bears our mark, made by the very account the script runs as, and
 * ends the script otherwise.
 */
export const ENVIRONMENT = `LC_ALL=C; LANG=C; export LC_ALL LANG; unset LANGUAGE
R=\${FROSTLINE_ROOT:-}
if [ -n "$R" ]; then
  [ -f "$R/${ROOT_MARK}" ] && [ -O "$R/${ROOT_MARK}" ] || { echo 'FROSTLINE_ROOT names a folder that is not made for it' >&2; exit 1; }
else
  PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
  for fl_v in ${FOREIGN}; do unset "$fl_v" 2>/dev/null; done
fi
export PATH
U=$(id -u)
[ -n "$R" ] || [ "$U" != 0 ] || { HOME=/root; export HOME; }`;

const SECTIONS = `fl_mark() { printf '\\n@@%s %s\\n' "$N" "$1" || exit 1; }
fl_rc() { printf '\\n@@%s rc %s %s\\n' "$N" "$1" "$2" || exit 1; }
fl_sec() { fl_section=$1; shift; fl_mark "$fl_section"; "$@" 2>&1; fl_rc "$fl_section" $?; }
fl_has() { command -v "$1" >/dev/null 2>&1; }
# Each is a folder of this account's own and no link, so that what is in it was put there by us.
fl_own() { for fl_f in "$@"; do [ -d "$fl_f" ] && [ ! -L "$fl_f" ] && [ -O "$fl_f" ] || { printf '%s is not a folder of root alone\\n' "$fl_f" >&2; return 1; }; done; }
T=
fl_tmp() {
  [ -z "$T" ] || return 0
  T=$(mktemp -d 2>/dev/null) && [ -d "$T" ] || { T=\${TMPDIR:-/tmp}/frostline.$$.${'$'}{N}; mkdir "$T" || { T=; return 1; }; }
}
trap 'fl_done=$?; [ -z "$T" ] || rm -rf "$T"; exit $fl_done' 0
trap 'exit 129' 1; trap 'exit 130' 2; trap 'exit 141' 13; trap 'exit 143' 15`;

/** `fl_work`: sets T, the folder to work in: of the temporary folders the first that takes a file. */
export const WORK_FUNCTION = `fl_fits() { { head -c 1048576 /dev/zero >"$1/room"; } 2>/dev/null && rm -f "$1/room"; }
fl_work() {
  { fl_tmp && fl_fits "$T"; } 2>/dev/null && return 0
  [ -z "$T" ] || rm -rf "$T"
  T=$(mktemp -d "$R/dev/shm/frostline.XXXXXX" 2>/dev/null) && fl_fits "$T" || { [ -z "$T" ] || rm -rf "$T"; T=; return 1; }
}`;

/**
 * A whole script around `functions` (definitions) and `body` (what it does). The body may set \`fl_exit\` to the exit code.
 * Sections hold stdout and stderr, interleaved.
 */
export function framedScript(nonce: string, functions: string, body: string): string {
  return `umask 077
${ENVIRONMENT}
N=${checkedNonce(nonce)}
${SECTIONS}
${functions}
fl_main() {
fl_exit=0
fl_mark begin
${body}
fl_mark end
return $fl_exit
}
fl_main </dev/null
`;
}

/** What a framed script printed, by section. */
export type Sections = {
  /** Without control characters but tab and newline; empty when the section is absent. */
  text(name: string): string;
  /** Without empty lines, at most `max` of them. */
  lines(name: string, max?: number): string[];
  /** Exit code of the section's command; undefined when the section is absent or was cut off. */
  rc(name: string): number | undefined;
  has(name: string): boolean;
};

/**
 * Host output is text, never markup or terminal control: everything of category Cc but tab and newline goes, and what turns
 * the direction of writing around, so that nothing reads otherwise than it is.
 */
export const plainText = (text: string): string =>
  text.replace(/[^\P{Cc}\t\n]|[\u202a-\u202e\u2066-\u2069]/gu, '');

/** One line for a message: no control characters, no newlines, at most `max` characters. */
export const plainLine = (text: string, max = 300): string =>
  plainText(text).replace(/\s+/g, ' ').trim().slice(0, max).toWellFormed();

const MAX_SECTIONS = 400;

/**
 * Finds the sections. Errors: `host.output-malformed`, saying what was missing: nothing of ours at all, cut off before the
 * end, or a section of `required` not there.
 */
export function readSections(
  output: CommandOutput,
  nonce: string,
  required: readonly string[],
): Result<Sections> {
  const mark = `@@${checkedNonce(nonce)} `;
  const bodies = new Map<string, string>();
  const codes = new Map<string, number>();
  let name: string | undefined;
  let began = false;
  let ended = false;
  let start = 0;
  const text = `\n${output.stdout}`;
  const close = (until: number) => {
    if (name !== undefined && !bodies.has(name)) bodies.set(name, text.slice(start, until));
  };
  for (let at = text.indexOf(`\n${mark}`); at >= 0 && !ended; ) {
    const lineEnd = text.indexOf('\n', at + 1);
    const end = lineEnd < 0 ? text.length : lineEnd;
    const words = text
      .slice(at + 1 + mark.length, end)
      .trim()
      .split(' ');
    const word = words[0] ?? '';
    if (word === 'begin') began = true;
    else if (began && bodies.size <= MAX_SECTIONS) {
      close(at);
      name = undefined;
      if (word === 'end') ended = true;
      else if (word === 'rc') {
        const code = Number(words[2]);
        if (words[1] !== undefined && Number.isInteger(code) && !codes.has(words[1]))
          codes.set(words[1], code);
      } else if (word !== '') {
        name = word;
        start = end + 1;
      }
    }
    at = text.indexOf(`\n${mark}`, end);
  }
  const said = plainLine(output.stderr || output.stdout.slice(-500), 500);
  const found = { hint: said === '' ? 'It printed nothing.' : `It printed: ${said}` };
  if (!began) {
    return fail(
      'host.output-malformed',
      `The host ran the script but its output is not there (exit code ${output.exitCode}).`,
      found,
    );
  }
  if (!ended) {
    return fail(
      'host.output-malformed',
      `The script's output ends too early${name === undefined ? '' : `, in section ${plainLine(name, 60)}`} (exit code ${output.exitCode}).`,
      found,
    );
  }
  const missing = required.filter((section) => !bodies.has(section));
  if (missing.length > 0) {
    return fail('host.output-malformed', `The script's output lacks ${missing.join(', ')}.`, found);
  }
  return ok({
    text: (section) => plainText(bodies.get(section) ?? ''),
    lines: (section, max = 100_000) =>
      plainText(bodies.get(section) ?? '')
        .split('\n', max)
        .filter((line) => line.trim() !== ''),
    rc: (section) => codes.get(section),
    has: (section) => bodies.has(section),
  });
}
