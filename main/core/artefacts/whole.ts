/** One file into the pool from a place that sends it from any byte on: broken off, it goes on where it was. */
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { Artefacts, ArtefactWriter, Expected, PooledArtefact } from './ports.ts';

export type TransferTools = {
  nonce(): string;
  /** Waits before another try; false: no more are wanted. */
  pause(tries: number): Promise<boolean>;
};

/** Tries in a row that brought next to nothing. */
const FRUITLESS_TRIES = 2;
/** A place that gives less at a time would take for ever with a file, and never count as fruitless. */
const FRUITFUL_BYTES = 16 * 1024;

/**
 * Lets `transfer` fill the file up, and takes it in. What was there before may have come from another place, and be wrong: a
 * file that is then not the announced one comes once more as a whole. Errors: those of `receive`, `transfer` (after which the
 * file waits for another try) and `finish`.
 */
export const takeWhole = async (
  artefacts: Pick<Artefacts, 'receive'>,
  expected: Expected,
  transfer: (writer: ArtefactWriter) => Promise<Result<void>>,
): Promise<Result<PooledArtefact>> => {
  for (let repeated = false; ; repeated = true) {
    const opened = await artefacts.receive(expected);
    if (!opened.ok) return opened;
    const writer = opened.value;
    const continued = writer.offset > 0;
    let came: Result<void> | undefined;
    try {
      came = await transfer(writer);
    } finally {
      if (came?.ok !== true) writer.suspend();
    }
    if (!came.ok) return came;
    const done = await writer.finish();
    if (done.ok || done.error.code !== 'store.damaged' || !continued || repeated) return done;
  }
};

/** Errors: those of `receive` and `finish`, of `fetch`, `cancelled`. */
export const receiveWhole = (
  artefacts: Pick<Artefacts, 'receive'>,
  expected: Expected,
  tools: Pick<TransferTools, 'pause'>,
  fetch: (offset: number, take: (chunk: Uint8Array) => boolean) => Promise<Result<void>>,
): Promise<Result<PooledArtefact>> =>
  takeWhole(artefacts, expected, async (writer) => {
    for (let fruitless = 0; writer.offset < expected.bytes; ) {
      const before = writer.offset;
      let refused = false;
      const fetched = await fetch(before, (chunk) => {
        refused = !writer.write(chunk);
        return !refused;
      });
      if (refused || writer.offset >= expected.bytes) break;
      fruitless = writer.offset >= before + FRUITFUL_BYTES ? 1 : fruitless + 1;
      const hopeless = !fetched.ok && !fetched.error.retryable;
      if (hopeless || fruitless > FRUITLESS_TRIES || !(await tools.pause(fruitless)))
        return fetched.ok ? fail('host.repository', 'the file ends too early') : fetched;
    }
    return ok(undefined);
  });
