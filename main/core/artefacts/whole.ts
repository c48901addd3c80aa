/** One file into the pool from a place that sends it from any byte on: broken off, it goes on where it was. */
import { fail, type Result } from '../../../shared/errors.ts';
import type { Artefacts, Expected, PooledArtefact } from './ports.ts';
import type { TransferTools } from './pull.ts';

/** Tries in a row that brought nothing. */
const FRUITLESS_TRIES = 2;

/** Errors: those of `receive` and `finish`, of `fetch`, `cancelled`. */
export const receiveWhole = async (
  artefacts: Pick<Artefacts, 'receive'>,
  expected: Expected,
  tools: Pick<TransferTools, 'pause'>,
  fetch: (offset: number, take: (chunk: Uint8Array) => boolean) => Promise<Result<void>>,
): Promise<Result<PooledArtefact>> => {
  const opened = await artefacts.receive(expected);
  if (!opened.ok) return opened;
  const writer = opened.value;
  for (let fruitless = 0; writer.offset < expected.bytes; ) {
    const before = writer.offset;
    let refused = false;
    const fetched = await fetch(before, (chunk) => {
      refused = !writer.write(chunk);
      return !refused;
    });
    if (refused || writer.offset >= expected.bytes) break;
    fruitless = writer.offset > before ? 1 : fruitless + 1;
    if (fruitless > FRUITLESS_TRIES || !(await tools.pause(fruitless))) {
      writer.suspend();
      return fetched.ok ? fail('host.repository', 'the file ends too early') : fetched;
    }
  }
  return writer.finish();
};
