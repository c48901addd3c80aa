/**
 * A file of the console's store onto a host, over the same channel as every script: pieces as base64 in a quoted
 * here-document, appended where the host says the last one ended. So a lost connection costs one piece at most. Only once
 * the host's own SHA-256 of the whole agrees does the file get its name.
 */
import { type FrostError, fail, isUnreachable, ok, type Result } from '../../../shared/errors.ts';
import { PUSHED_FOLDER } from '../drivers/pushed.ts';
import {
  checkedNonce,
  checkedToken,
  framedScript,
  HOST_FOLDER,
  plainLine,
  quote,
  readSections,
} from '../drivers/shell.ts';
import type { CommandOutput, CommandSpec } from '../ports.ts';
import { HASH_FUNCTION } from './hash.ts';
import type { Artefacts, PooledArtefact } from './ports.ts';
import { type Ask, FRUITLESS_TRIES } from './pull.ts';
import type { TransferTools } from './whole.ts';

/** Of the file, per script: 2.8 MB as base64. A multiple of 57, so that every line but the last of all is whole. */
export const PIECE_BYTES = 57 * 36_792;
const BYTES_PER_LINE = 57;

const SHA256 = /^[0-9a-f]{64}$/;

/** RFC 4648, lines of 76 characters: what every decoder takes. */
export const base64Lines = (bytes: Uint8Array): string => {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += BYTES_PER_LINE)
    lines.push(btoa(String.fromCharCode(...bytes.subarray(at, at + BYTES_PER_LINE))));
  return lines.join('\n');
};

const DECODE_FUNCTION = `fl_decode() {
  if fl_has base64; then base64 -d
  elif fl_has openssl; then openssl enc -d -base64
  else perl -MMIME::Base64 -ne 'print decode_base64($_)'; fi
}`;

/** Where a file goes: among a job's old packages, or to those that are to be installed. */
export type Place = { token: string } | 'pushed';

/** Sets O, the folder, and makes it and those above it; each has to be root's own. */
const folderOf = (place: Place): string => {
  const above = `"$R${HOST_FOLDER}"`;
  const [set, own] =
    place === 'pushed'
      ? [`O="$R${PUSHED_FOLDER}"`, `${above} "$O"`]
      : [
          `D="$R${HOST_FOLDER}/jobs/${checkedToken(place.token)}"; O=$D/old`,
          `${above} "$R${HOST_FOLDER}/jobs" "$D" "$O"`,
        ];
  return `${set}
mkdir -p "$O" && fl_own ${own} && chmod 700 ${own} || { fl_mark nofolder; fl_mark end; return 1; }
`;
};

/** `file`: its name there, without any folder. */
export function pushCommand(o: {
  nonce: string;
  place: Place;
  file: string;
  sha256: string;
  bytes: number;
  offset: number;
  piece: Uint8Array;
}): CommandSpec {
  if (o.file.includes('/') || o.file.startsWith('.')) throw new RangeError('not the name of an artefact');
  if (!SHA256.test(o.sha256)) throw new RangeError('not a hash');
  const end = `FROSTLINE_${checkedNonce(o.nonce)}`;
  const body = `${folderOf(o.place)}P=$O/.${o.sha256}.part; F=$O/${quote(o.file)}
if [ -f "$F" ] && [ "$(fl_sha "$F")" = ${o.sha256} ]; then fl_mark done; fl_mark end; return 0; fi
fl_size() { if [ -f "$P" ]; then echo $(($(wc -c <"$P"))); else echo 0; fi; }
[ "$(fl_size)" -le ${o.bytes} ] || rm -f "$P"
if [ "$(fl_size)" = ${o.offset} ]; then
fl_decode >>"$P" <<'${end}' || fl_mark unwritten
${base64Lines(o.piece)}
${end}
fi
fl_mark at
fl_size
if [ "$(fl_size)" = ${o.bytes} ]; then
  if [ "$(fl_sha "$P")" != ${o.sha256} ]; then rm -f "$P"; fl_mark wrong
  elif mv -f "$P" "$F"; then fl_mark done
  else fl_mark unwritten; fi
fi
`;
  return {
    script: framedScript(o.nonce, `${HASH_FUNCTION}\n${DECODE_FUNCTION}`, body),
    root: true,
    timeoutMs: 600_000,
    maxOutputBytes: 256 * 1024,
  };
}

export type Pushed = { kind: 'done' } | { kind: 'wrong' } | { kind: 'at'; offset: number };

/** Errors: `host.output-malformed`, `host.disk-full`, `host.read-only`, `host.command-failed`. */
export function parsePush(output: CommandOutput, o: { nonce: string; bytes: number }): Result<Pushed> {
  const read = readSections(output, o.nonce, []);
  if (!read.ok) return read;
  const sections = read.value;
  if (sections.has('done')) return ok({ kind: 'done' });
  const said = plainLine(output.stderr, 300);
  const words = said === '' ? '' : ` (${said})`;
  if (/No space left/i.test(said))
    return fail('host.disk-full', `There is no room for it on the host${words}.`);
  if (/Read-only file system/i.test(said))
    return fail('host.read-only', `It cannot be written on the host${words}.`);
  if (sections.has('nofolder') || sections.has('unwritten'))
    return fail('host.command-failed', `It cannot be written on the host${words}.`);
  if (sections.has('wrong')) return ok({ kind: 'wrong' });
  const offset = Number(sections.text('at').trim() || Number.NaN);
  return Number.isSafeInteger(offset) && offset >= 0 && offset <= o.bytes
    ? ok({ kind: 'at', offset })
    : fail('host.output-malformed', 'The host did not say how much of it has come.');
}

/**
 * Puts an artefact of the store into a folder on the host. The file here is hashed before a byte is sent.
 * Errors: the transport's, `parsePush`'s, `not-found` and `store.damaged` (the file here), `host.output-malformed` (what
 * arrives there is not what was sent).
 */
export const pushArtefact = async (
  ask: Ask,
  artefacts: Artefacts,
  tools: TransferTools,
  o: {
    artefact: Pick<PooledArtefact, 'sha256' | 'bytes'>;
    place: Place;
    file: string;
    signal: AbortSignal;
  },
): Promise<Result<void>> => {
  const { sha256, bytes } = o.artefact;
  const whole = await artefacts.verify(sha256);
  if (!whole.ok) return whole;
  let offset = 0;
  let fruitless = 0;
  let wrong = 0;
  // What is to be installed may lie there from the plan, or from a transfer that broke off: asked before anything is sent.
  let asking = o.place === 'pushed';
  const stuck = async (error: FrostError): Promise<Result<never> | undefined> => {
    fruitless += 1;
    const again = isUnreachable(error) && fruitless < FRUITLESS_TRIES && (await tools.pause(fruitless));
    return again ? undefined : { ok: false, error };
  };
  for (;;) {
    const length = asking ? 0 : Math.min(PIECE_BYTES, bytes - offset);
    const piece = await artefacts.read(sha256, offset, length);
    if (!piece.ok) return piece;
    const nonce = tools.nonce();
    const spec = pushCommand({ ...o, nonce, sha256, bytes, offset, piece: piece.value });
    const output = await ask(spec, { signal: o.signal });
    if (!output.ok) {
      const over = await stuck(output.error);
      if (over !== undefined) return over;
      continue;
    }
    const pushed = parsePush(output.value, { nonce, bytes });
    if (!pushed.ok) return pushed;
    if (pushed.value.kind === 'done') return ok(undefined);
    if (pushed.value.kind === 'wrong') {
      wrong += 1;
      if (wrong === 2)
        return fail('host.output-malformed', 'What arrives on the host is not what was sent to it.');
      offset = 0;
      continue;
    }
    if (asking) asking = false;
    else if (pushed.value.offset <= offset) {
      fruitless += 1;
      if (fruitless === FRUITLESS_TRIES)
        return fail('host.output-malformed', 'The host takes no more of it.');
    } else fruitless = 0;
    offset = pushed.value.offset;
  }
};
