/** Which of the wanted old artefacts lie on a host: by the names the manager gives their files, in the folders it keeps them in. */
import { ok, type Result } from '../../../shared/errors.ts';
import { framedScript, HOST_FOLDER, quote, readSections } from '../drivers/shell.ts';
import type { CommandOutput, CommandSpec } from '../ports.ts';
import { HASH_FUNCTION } from './hash.ts';

export type Sighting<W> = { wanted: W; path: string; bytes: number; sha256: string };

const MAX_PATH = 4096;

/** `places`: the driver's folders, patterns of the shell among them. `files`: names without a folder. */
export function seekCommand(o: {
  nonce: string;
  places: readonly string[];
  files: readonly string[];
  root: boolean;
}): CommandSpec {
  const folders = [...o.places, `${HOST_FOLDER}/jobs/*/old`].map((place) => `"$R"${place}/"$2"`).join(' ');
  const functions = `${HASH_FUNCTION}
fl_seek() {
  for fl_f in ${folders}; do
    [ -f "$fl_f" ] && [ -s "$fl_f" ] && [ -r "$fl_f" ] || continue
    printf '%s\\t%s\\t%s\\t%s\\n' "$1" "$(($(wc -c <"$fl_f")))" "$(fl_sha "$fl_f")" "$fl_f"
  done
}`;
  const asked = o.files.map((file, index) => `fl_seek ${index} ${quote(file)}\n`).join('');
  return {
    script: framedScript(o.nonce, functions, `fl_mark found\n${asked}fl_rc found 0\n`),
    root: o.root,
    timeoutMs: 300_000,
    maxOutputBytes: 4 * 1024 * 1024,
  };
}

/** Errors: `host.output-malformed`. Lines that are none of ours are left out. */
export function parseSeek<W>(
  output: CommandOutput,
  o: { nonce: string; wanted: readonly W[] },
): Result<Sighting<W>[]> {
  const read = readSections(output, o.nonce, ['found']);
  if (!read.ok) return read;
  return ok(
    read.value.lines('found', 20_000).flatMap((line) => {
      const [index = '', size = '', sha256 = '', path = ''] = line.split('\t');
      const wanted = /^\d{1,6}$/.test(index) ? o.wanted[Number(index)] : undefined;
      const bytes = Number(size);
      const good =
        wanted !== undefined &&
        /^\d{1,15}$/.test(size) &&
        bytes > 0 &&
        /^[0-9a-f]{64}$/.test(sha256) &&
        path.startsWith('/') &&
        path.length <= MAX_PATH;
      return good ? [{ wanted, path, bytes, sha256 }] : [];
    }),
  );
}
