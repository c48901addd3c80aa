/**
 * A file of a host into the console's store, over the same channel as every script: its bytes raw on stdout, framed by the
 * nonce and a length. Broken off, it goes on where it was; what arrives is taken in only if it has the announced hash.
 */
import { fail, isUnreachable, ok, type Result } from '../../../shared/errors.ts';
import { checkedNonce, framedScript, quote } from '../drivers/shell.ts';
import { Buffered, NEWLINE } from '../jobs/bytes.ts';
import type { CommandOutput, CommandSpec, RunOptions } from '../ports.ts';
import type { Artefacts, ArtefactWriter, Expected, PooledArtefact } from './ports.ts';
import { type TransferTools, takeWhole } from './whole.ts';

/** Carries one script to the host the transfer is with. */
export type Ask = (spec: CommandSpec, options?: RunOptions) => Promise<Result<CommandOutput>>;

const TIMEOUT_MS = 1_800_000;
/** Tries in a row that brought nothing. */
export const FRUITLESS_TRIES = 4;
const MAX_HEADER = 512;

export function pullCommand(o: {
  nonce: string;
  path: string;
  offset: number;
  bytes: number;
  root: boolean;
}): CommandSpec {
  const body = `F=${quote(o.path)}
[ -f "$F" ] && [ -r "$F" ] || { fl_mark absent; fl_mark end; return 0; }
fl_n=$(($(wc -c <"$F")))
fl_mark "data ${o.offset} $fl_n"
[ "$fl_n" != ${o.bytes} ] || tail -c +${o.offset + 1} "$F" | head -c ${o.bytes - o.offset}
`;
  return {
    script: framedScript(o.nonce, '', body),
    root: o.root,
    timeoutMs: TIMEOUT_MS,
    maxOutputBytes: Number.MAX_SAFE_INTEGER,
  };
}

type Sink = (bytes: Uint8Array) => boolean;

/** `bytes`: the size that was announced. `atMost`: it was not, and the file is sent as a whole. */
type Expectation = { offset: number; bytes: number } | { offset: 0; atMost: number };

/**
 * Takes the file's bytes out of a stream cut anywhere. What a host sends is hostile: nothing but the announced number of
 * bytes is ever passed on, and text around the frame is ignored.
 */
export class PullReader {
  private readonly mark: string;
  private readonly input = new Buffered();
  private readonly expected: Expectation;
  private readonly sink: Sink;
  private left: number | undefined;
  private began = false;
  /** What the host said instead of sending it. */
  refusal: 'absent' | 'other-size' | 'malformed' | undefined;
  /** The store takes no more. */
  full = false;

  constructor(nonce: string, expected: Expectation, sink: Sink) {
    this.mark = `@@${checkedNonce(nonce)} `;
    this.expected = expected;
    this.sink = sink;
  }

  /** All of it has come. */
  get complete(): boolean {
    return this.left === 0;
  }

  /** False: nothing more of this stream is wanted. */
  feed(chunk: Uint8Array): boolean {
    if (this.left !== undefined) return this.pass(chunk);
    this.input.push(chunk);
    while (this.left === undefined && this.refusal === undefined) {
      const newline = this.input.indexOf(NEWLINE);
      if (newline < 0) {
        // No header is this long: whatever it is, it is not ours.
        if (this.input.length > MAX_HEADER) this.input.take(this.input.length - 1);
        return true;
      }
      const line = this.input.take(newline + 1);
      if (newline <= MAX_HEADER) this.header(new TextDecoder().decode(line).trim());
    }
    if (this.refusal !== undefined) return false;
    return this.pass(this.input.take(this.input.length));
  }

  private pass(chunk: Uint8Array): boolean {
    const wanted = chunk.subarray(0, this.left);
    if (wanted.length > 0) {
      this.left = (this.left ?? 0) - wanted.length;
      if (!this.sink(wanted)) this.full = true;
    }
    return !this.full;
  }

  private header(line: string): void {
    if (!line.startsWith(this.mark)) return;
    const [word, offset, size] = line.slice(this.mark.length).split(' ');
    if (word === 'begin') this.began = true;
    else if (!this.began) return;
    else if (word === 'absent') this.refusal = 'absent';
    else if (word !== 'data' || offset !== String(this.expected.offset)) this.refusal = 'malformed';
    else if ('atMost' in this.expected) {
      if (!/^\d{1,15}$/.test(size ?? '') || Number(size) > this.expected.atMost) this.refusal = 'other-size';
      else this.left = Number(size);
    } else if (size !== String(this.expected.bytes)) this.refusal = 'other-size';
    else this.left = this.expected.bytes - this.expected.offset;
  }
}

const REFUSALS = {
  absent: 'the file is not there any more',
  'other-size': 'the file has another size than announced',
  malformed: 'the answer cannot be read',
} as const;

/** One stretch of the way; `ok`: the file is complete. `came`: bytes of it that arrived. */
const stretch = async (
  ask: Ask,
  writer: ArtefactWriter,
  o: { nonce: string; path: string; bytes: number; root: boolean; signal: AbortSignal },
): Promise<{ result: Result<void>; came: number }> => {
  const offset = writer.offset;
  const reader = new PullReader(o.nonce, { offset, bytes: o.bytes }, (bytes) => writer.write(bytes));
  const enough = new AbortController();
  const output = await ask(pullCommand({ ...o, offset }), {
    signal: AbortSignal.any([o.signal, enough.signal]),
    onStdout: (chunk) => {
      if (!reader.feed(chunk)) enough.abort();
    },
  });
  const came = writer.offset - offset;
  if (reader.complete || reader.full) return { result: ok(undefined), came };
  if (reader.refusal !== undefined)
    return { result: fail('host.output-malformed', `Not taken: ${REFUSALS[reader.refusal]}.`), came };
  if (!output.ok) return { result: output, came };
  return { result: fail('host.connection-lost', 'The file did not come to its end.'), came };
};

/**
 * Brings one file of a host into the store. Errors: the transport's, `host.output-malformed` (gone, or another size),
 * `store.damaged` (the hash is not the announced one), `store.full`, `state.conflict`, `cancelled`.
 */
export const pullArtefact = (
  ask: Ask,
  artefacts: Artefacts,
  tools: TransferTools,
  o: { expected: Expected; path: string; root: boolean; signal: AbortSignal },
): Promise<Result<PooledArtefact>> =>
  takeWhole(artefacts, o.expected, async (writer) => {
    const { bytes } = o.expected;
    for (let fruitless = 0; writer.offset < bytes; ) {
      const { result, came } = await stretch(ask, writer, { ...o, bytes, nonce: tools.nonce() });
      if (result.ok) break;
      fruitless = came > 0 ? 1 : fruitless + 1;
      const again = isUnreachable(result.error) && fruitless < FRUITLESS_TRIES;
      if (!again || !(await tools.pause(fruitless))) return result;
    }
    return ok(undefined);
  });
