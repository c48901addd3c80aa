/** What repositories say of themselves, as a host has it: looked for by the hashes of the packages that are to be vouched for. */
import { ok, type Result } from '../../../shared/errors.ts';
import type { CommandOutput, CommandSpec } from '../ports.ts';
import { framedScript, plainLine, quote, readSections } from './shell.ts';

/** A file as the host tells of it. */
export type HostFile = { path: string; bytes: number };

/** A list of packages that some of the hashes stand in. Paths are the host's word. */
export type FoundIndex = {
  root: HostFile;
  signature?: HostFile;
  index: HostFile;
  /** Those of the asked ones that it has; empty: the host has nothing to unpack it with. */
  hashes: string[];
};

export type FoundMetadata = {
  indexes: FoundIndex[];
  /** What could not be used, and why. */
  leftOut: { path: string; reason: 'unreadable' | 'no-root' }[];
};

/** `fl_cat FILE`: its content, unpacked; fails where there is nothing to unpack it with. */
export const UNPACK_FUNCTION = `fl_cat() {
  fl_c=
  case $1 in
    *.gz) fl_c='gzip -dc' ;;
    *.xz) fl_c='xz -dc' ;;
    *.bz2) fl_c='bzip2 -dc' ;;
    *.zst) fl_c='zstd -dcq' ;;
    *.lz4) fl_c='lz4 -dcq' ;;
    *.zck) fl_c='unzck -c' ;;
  esac
  if [ -z "$fl_c" ]; then cat "$1"
  elif fl_has "\${fl_c%% *}"; then $fl_c "$1"
  elif [ -x "$R/usr/lib/apt/apt-helper" ]; then "$R/usr/lib/apt/apt-helper" cat-file "$1"
  else return 1; fi 2>/dev/null
}`;

/** `fl_index ROOT SIGNATURE INDEX` tells of a list that any of the hashes in $T/want stands in; SIGNATURE may be empty. */
const FUNCTIONS = `${UNPACK_FUNCTION}
fl_size() { wc -c <"$1" | tr -d ' '; }
fl_index() {
  rm -f "$T/unread"
  { fl_cat "$3" || : >"$T/unread"; } | grep -aoFf "$T/want" | sort -u >"$T/has"
  if [ -e "$T/unread" ]; then : >"$T/has"; elif [ ! -s "$T/has" ]; then return 0; fi
  fl_g=-; fl_gn=0
  [ -z "$2" ] || { fl_g=$2; fl_gn=$(fl_size "$2"); }
  printf 'index\\t%s\\t%s\\t%s\\t%s\\t%s\\t%s\\n' "$1" "$(fl_size "$1")" "$fl_g" "$fl_gn" "$3" "$(fl_size "$3")"
  sed 's/^/has\\t/' "$T/has"
}`;

const SHA256 = /^[0-9a-f]{64}$/;

/** `find`: a function \`fl_metadata\` that calls \`fl_index\`, and prints \`unreadable\\tPATH\` and \`no-root\\tPATH\`. */
export function metadataCommand(o: {
  nonce: string;
  hashes: readonly string[];
  find: string;
  root: boolean;
}): CommandSpec {
  const hashes = o.hashes.filter((hash) => SHA256.test(hash));
  return {
    script: framedScript(
      o.nonce,
      `${FUNCTIONS}\n${o.find}`,
      `fl_tmp || { fl_mark notmp; fl_mark end; return 1; }
printf '%s\\n' ${hashes.join(' ')} >"$T/want"
fl_sec found fl_metadata
`,
    ),
    root: o.root,
    timeoutMs: 300_000,
    maxOutputBytes: 16 * 1024 * 1024,
  };
}

const MAX_INDEXES = 1000;

const fileOf = (path = '', bytes = ''): HostFile | undefined =>
  path.startsWith('/') && path.length <= 4096 && /^\d{1,12}$/.test(bytes)
    ? { path, bytes: Number(bytes) }
    : undefined;

/** Errors: `host.output-malformed`. Lines that are none of ours are left out. */
export function parseMetadata(output: CommandOutput, context: { nonce: string }): Result<FoundMetadata> {
  const read = readSections(output, context.nonce, ['found']);
  if (!read.ok) return read;
  const found: FoundMetadata = { indexes: [], leftOut: [] };
  let current: FoundIndex | undefined;
  for (const line of read.value.lines('found', 200_000)) {
    const [word, ...rest] = line.split('\t');
    if (word === 'index') {
      const root = fileOf(rest[0], rest[1]);
      const signature = fileOf(rest[2], rest[3]);
      const index = fileOf(rest[4], rest[5]);
      current = undefined;
      if (root === undefined || index === undefined || found.indexes.length >= MAX_INDEXES) continue;
      current = { root, index, hashes: [], ...(signature === undefined ? {} : { signature }) };
      found.indexes.push(current);
    } else if (word === 'has' && SHA256.test(rest[0] ?? '')) current?.hashes.push(rest[0] ?? '');
    else if ((word === 'unreadable' || word === 'no-root') && found.leftOut.length < MAX_INDEXES)
      found.leftOut.push({ path: plainLine(rest[0] ?? '', 300), reason: word });
  }
  return ok(found);
}

/** Lists that are kept in a form the console reads come as they are. */
const isPacked = (path: string): boolean => /\.(gz|zst)$/.test(path);

/** Sends a file of at most `max` bytes, in the frame of a transfer. `pack`: with gzip, where it is not packed already. */
export function metadataFileCommand(o: {
  nonce: string;
  path: string;
  pack: boolean;
  max: number;
  root: boolean;
}): CommandSpec {
  const pack = o.pack && !isPacked(o.path);
  const body = `F=${quote(o.path)}
[ -f "$F" ] && [ -r "$F" ] || { fl_mark absent; fl_mark end; return 0; }
${pack ? 'fl_tmp && fl_cat "$F" | gzip -nc >"$T/packed" && F=$T/packed || { fl_mark absent; fl_mark end; return 0; }' : ''}
fl_n=$(fl_size "$F")
fl_mark "data 0 $fl_n"
[ "$fl_n" -gt ${o.max} ] || head -c "$fl_n" "$F"
`;
  return {
    script: framedScript(o.nonce, FUNCTIONS, body),
    root: o.root,
    timeoutMs: 1_800_000,
    maxOutputBytes: Number.MAX_SAFE_INTEGER,
  };
}
