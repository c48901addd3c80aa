/**
 * The shell around the programs of `host/`: which interpreter, where it works, and how its records come back. The scripts need
 * beside it rpm, rpmdb, rpmkeys, and the usual uname, df, date, id, awk, tail, head, cat, mktemp, mkdir, rm.
 */
import { fail, ok, type Result } from '../../../../shared/errors.ts';
import type { CommandOutput } from '../../ports.ts';
import { FACT_FUNCTIONS } from '../facts.ts';
import { framedScript, plainLine, readSections, type Sections, WORK_FUNCTION } from '../shell.ts';
import { COMMON } from './host/common.ts';

/** `request` is data of ours, already checked; it becomes one string literal that both JSON and Python read alike. */
export const program = (request: unknown, ...parts: string[]): string =>
  `import json\nREQUEST = json.loads(${JSON.stringify(JSON.stringify(request))})\n${COMMON}${parts.join('')}`;

/** A quoted here-document. No line of a program can be its end line, which is nothing Python could mean. */
export const PROGRAM_END = 'FROSTLINE=END=OF=PROGRAM';
export const heredoc = (text: string): string => `<<'${PROGRAM_END}'\n${text}\n${PROGRAM_END}`;

/** `fl_python`: sets PY to the interpreter dnf itself runs on, or fails, with the reason in fl_why. `fl_run`: the program in $T/program. */
export const PROGRAM_FUNCTIONS = `fl_python() {
  fl_why='no dnf'
  for fl_c in dnf dnf-3 yum; do
    fl_p=$(command -v "$fl_c" 2>/dev/null) || continue
    fl_first=
    IFS= read -r fl_first <"$fl_p" 2>/dev/null || :
    # The yum of RHEL 7 is a program of its own.
    case $fl_first in
      '#!'*python*) grep -q dnf "$fl_p" || { fl_why="$fl_c is not dnf 4 (the yum 3 of RHEL 7 is not supported)"; continue; }
        set -- \${fl_first#??}; PY=$1; case $PY in */env) PY=$2 ;; esac; fl_has "$PY" && return 0; fl_why="$fl_c needs $PY, which is not there" ;;
      *) fl_why="$fl_c is not dnf 4" ;;
    esac
  done
  return 1
}
fl_run() { FROSTLINE_WORK="$T" "$PY" -I -B "$T/program"; }`;

const MOUNTS = '/ /usr /var /var/lib/rpm /var/cache/dnf /boot /tmp';

/** Sections `host`, `mounts`, `readonly`. */
export const HOST_BODY = `fl_sec host fl_facts
fl_sec mounts fl_mounts ${MOUNTS}
fl_sec readonly fl_readonly
`;

/** Writes the program and runs it in section `dnf`; section `notmp` where there is no room for it, `nodnf` where there is no dnf 4. */
export const programBody = (
  text: string,
): string => `if ! fl_python; then fl_mark nodnf; printf '%s\\n' "$fl_why"
elif ! fl_work; then fl_mark notmp
else
mkdir -p "$T/own"
cat >"$T/program" ${heredoc(text)}
fl_sec dnf fl_run
fi
`;

export const script = (nonce: string, body: string): string =>
  framedScript(nonce, `${FACT_FUNCTIONS}\n${WORK_FUNCTION}\n${PROGRAM_FUNCTIONS}`, body);

/** One line of a program's output: its kind in `t`, the rest not checked yet. */
export type Line = { t: string } & Record<string, unknown>;

const isLine = (value: unknown): value is Line =>
  typeof value === 'object' && value !== null && 't' in value && typeof value.t === 'string';

export type Answer = { sections: Sections; lines: Line[]; of(kind: string): Line[] };

const MAX_LINES = 400_000;

/** The records of section `dnf`, and what else was printed there. */
function readLines(text: string): { lines: Line[]; talk: string[] } {
  const lines: Line[] = [];
  const talk: string[] = [];
  for (const line of text.split('\n', MAX_LINES)) {
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      if (line.trim() !== '') talk.push(plainLine(line));
      continue;
    }
    if (isLine(value)) lines.push(value);
  }
  return { lines, talk };
}

const NO_ROOM = {
  hint: 'Free space there (dnf clean packages helps), then try again.',
};

/** Errors: `host.unsupported`, `host.disk-full`, `host.command-failed`, `host.output-malformed`. */
export function readAnswer(
  output: CommandOutput,
  nonce: string,
  required: readonly string[],
): Result<Answer> {
  const read = readSections(output, nonce, required);
  if (!read.ok) return read;
  const sections = read.value;
  if (sections.has('nodnf'))
    return fail(
      'host.unsupported',
      `This host's package manager cannot be used: ${plainLine(sections.text('nodnf'), 200)}.`,
      {
        hint: 'Frostline manages hosts with dnf 4 (RHEL 8 and 9 and their relatives).',
      },
    );
  if (sections.has('notmp'))
    return fail('host.disk-full', "There is no room in the host's temporary folders.", NO_ROOM);
  const { lines, talk } = readLines(sections.text('dnf'));
  if (lines.at(-1)?.t !== 'end') {
    const said = talk.slice(-3).join(' · ');
    if (/No space left on device/.test(said))
      return fail('host.disk-full', "There is no room in the host's temporary folders.", NO_ROOM);
    return fail(
      'host.command-failed',
      `dnf could not be asked${said === '' ? `: exit code ${sections.rc('dnf') ?? '?'}` : `: ${said}`}`,
    );
  }
  const unusable = lines.find((line) => line.t === 'fault' && line.what === 'import');
  if (unusable !== undefined)
    return fail(
      'host.command-failed',
      `dnf's own library does not load: ${plainLine(String(unusable.text), 500)}`,
    );
  return ok({ sections, lines, of: (kind) => lines.filter((line) => line.t === kind) });
}
