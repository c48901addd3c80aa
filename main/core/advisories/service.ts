/** Importing advisory data, and asking for an advisory. */

import { MAX_ADVISORY_BYTES } from '../../../shared/contract/advisories.ts';
import type { Caller, HandlerInput, Output } from '../../../shared/contract/contract.ts';
import { FrostFault, fail, ok, type Result } from '../../../shared/errors.ts';
import type { AdvisoryFormat } from '../../../shared/model/advisory.ts';
import type { Ports } from '../ports.ts';
import { createTurns } from '../turns.ts';
import { takeAllIn } from './intake.ts';
import type { Reading } from './json.ts';
import { type AdvisoryFile, strangersLine } from './read.ts';

/**
 * Unpacks and reads a file. Errors: `advisories.refused`, with the reason. Without `reading` it is done in one go. Rejects with
 * what a turn rejects with.
 */
export interface AdvisoryReader {
  read(
    bytes: Uint8Array,
    o: { format?: AdvisoryFormat; now: number; reading?: Reading },
  ): Promise<Result<AdvisoryFile & { sha256: string }>>;
}

const MAX_UPLOADS = 2;
const FORGOTTEN_AFTER_MS = 10 * 60_000;
const SHOWN_IMPORTS = 200;
/** So much text is read in one go, in characters. */
export const READ_SLICE = 256 * 1024;

type Upload = { fileName: string; bytes: number; received: number; pieces: Uint8Array[]; lastAt: number };

const joined = (pieces: Uint8Array[], bytes: number): Uint8Array => {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
};

const decoded = (base64: string): Uint8Array => {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  return bytes;
};

export type AdvisoryService = ReturnType<typeof createAdvisoryService>;

export const createAdvisoryService = (
  ports: Pick<Ports, 'store' | 'clock' | 'random' | 'changes' | 'activities'>,
  reader: AdvisoryReader,
) => {
  const { store, clock, random, changes, activities } = ports;
  const uploads = new Map<string, Upload>();
  /** A file takes much memory while it is read: one at a time. */
  let taking = false;

  const forgetOld = (): void => {
    for (const [id, upload] of uploads)
      if (clock.now() - upload.lastAt > FORGOTTEN_AFTER_MS) uploads.delete(id);
  };

  const begin = (input: HandlerInput<'advisories.begin'>): Result<Output<'advisories.begin'>> => {
    forgetOld();
    if (input.bytes > MAX_ADVISORY_BYTES)
      return fail(
        'input.too-large',
        `${input.fileName} is larger than ${MAX_ADVISORY_BYTES / 1024 / 1024} MiB.`,
      );
    if (uploads.size >= MAX_UPLOADS)
      return fail('state.conflict', 'Other advisory files are just being imported.', {
        hint: 'Wait until they are done. One that broke off is forgotten after ten minutes.',
      });
    const id = random.id();
    uploads.set(id, {
      fileName: input.fileName,
      bytes: input.bytes,
      received: 0,
      pieces: [],
      lastAt: clock.now(),
    });
    return ok({ upload: id });
  };

  const find = (id: string): Result<Upload> => {
    forgetOld();
    const upload = uploads.get(id);
    return upload === undefined
      ? fail('not-found', 'This file is not being imported (any more).', { hint: 'Begin again.' })
      : ok(upload);
  };

  const put = (input: HandlerInput<'advisories.put'>): Result<Output<'advisories.put'>> => {
    const found = find(input.upload);
    if (!found.ok) return found;
    const upload = found.value;
    if (input.offset !== upload.received)
      return fail('state.conflict', `The next piece begins at ${upload.received}.`);
    const piece = decoded(input.data);
    if (upload.received + piece.length > upload.bytes) {
      uploads.delete(input.upload);
      return fail('input.too-large', 'More came than was announced.');
    }
    upload.pieces.push(piece);
    upload.received += piece.length;
    upload.lastAt = clock.now();
    return ok({ received: upload.received });
  };

  /** What can be cancelled: everything until the one moment in which it is all taken in. */
  const takeIn = async (
    upload: Upload,
    input: HandlerInput<'advisories.finish'>,
    now: number,
    { signal }: Caller,
  ): Promise<Result<Output<'advisories.finish'>>> => {
    const { bytes, pieces } = upload;
    const fileName = strangersLine(upload.fileName, 255);
    const activity = activities.begin('import', `Reading ${fileName}`.slice(0, 300), 0);
    const stop = AbortSignal.any([signal, activity.signal]);
    try {
      const read = await reader.read(joined(pieces, bytes), {
        now,
        ...(input.format === undefined ? {} : { format: input.format }),
        reading: {
          turn: createTurns(clock, READ_SLICE, stop),
          progress: (done, total) => activity.reached(done, total),
        },
      });
      if (!read.ok)
        return fail(read.error.code, `${fileName} was refused: ${read.error.message}`, {
          hint: read.error.hint ?? 'Nothing was changed.',
        });
      const { format, skipped, dated, sha256 } = read.value;
      const importedAt = new Date(now).toISOString();
      const made = await takeAllIn(
        { store, clock },
        {
          format,
          file: fileName,
          sha256,
          importedAt,
          asOf: input.asOf ?? dated ?? importedAt,
          dated: (input.asOf ?? dated) !== undefined,
          skipped,
        },
        read.value,
        {
          signal: stop,
          progress: (done, total) => activity.reached(done, total, `Taking in ${fileName}`.slice(0, 300)),
          taken: () => changes.announce({ type: 'advisories' }),
        },
      );
      return ok({ import: made });
    } catch (thrown) {
      if (thrown instanceof FrostFault && thrown.error.code === 'cancelled')
        return fail('cancelled', `The import of ${fileName} was cancelled; nothing was changed.`);
      throw thrown;
    } finally {
      activity.end();
    }
  };

  const finish = async (
    input: HandlerInput<'advisories.finish'>,
    caller: Caller,
  ): Promise<Result<Output<'advisories.finish'>>> => {
    const found = find(input.upload);
    if (!found.ok) return found;
    const { bytes, received } = found.value;
    if (input.fileName !== undefined && input.fileName !== found.value.fileName)
      return fail('state.conflict', 'This file was announced under another name.');
    if (received < bytes) return fail('state.conflict', `Of ${bytes} bytes only ${received} have come.`);
    if (taking)
      return fail('state.conflict', 'Another advisory file is just being taken in.', {
        hint: 'Wait until it is done, and finish this one then.',
      });
    uploads.delete(input.upload);
    const now = clock.now();
    if (input.asOf !== undefined && Date.parse(input.asOf) > now)
      return fail('input.invalid', 'The data cannot be from the future.');
    taking = true;
    try {
      return await takeIn(found.value, input, now, caller);
    } finally {
      taking = false;
    }
  };

  const show = ({ id }: HandlerInput<'advisories.show'>): Result<Output<'advisories.show'>> => {
    const found = store.advisoriesNamed(id.trim());
    return found.length === 0
      ? fail('not-found', `No imported advisory is named ${strangersLine(id, 100)}, or is about it.`, {
          hint: 'Import advisory data that has it: frostline advisories import FILE',
        })
      : ok({ advisories: found });
  };

  return {
    list: async (_input: HandlerInput<'advisories.list'>): Promise<Result<Output<'advisories.list'>>> =>
      ok({ imports: store.advisoryImports(SHOWN_IMPORTS), advisories: store.advisoryCount() }),
    show: async (input: HandlerInput<'advisories.show'>) => show(input),
    begin: async (input: HandlerInput<'advisories.begin'>) => begin(input),
    put: async (input: HandlerInput<'advisories.put'>) => put(input),
    finish,
  };
};
