/** Importing advisory data, and asking for an advisory. */

import { MAX_ADVISORY_BYTES } from '../../../shared/contract/advisories.ts';
import type { HandlerInput, Output } from '../../../shared/contract/contract.ts';
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { AdvisoryFormat } from '../../../shared/model/advisory.ts';
import type { Ports } from '../ports.ts';
import type { AdvisoryFile } from './read.ts';
import { plainLine } from './read.ts';

/** Unpacks and reads a file. Errors: `advisories.refused`, with the reason. */
export interface AdvisoryReader {
  read(
    bytes: Uint8Array,
    o: { format?: AdvisoryFormat; now: number },
  ): Promise<Result<AdvisoryFile & { sha256: string }>>;
}

const MAX_UPLOADS = 2;
const FORGOTTEN_AFTER_MS = 10 * 60_000;
const SHOWN_IMPORTS = 200;

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

export type AdvisoryService = ReturnType<typeof createAdvisoryService>;

export const createAdvisoryService = (
  ports: Pick<Ports, 'store' | 'clock' | 'random' | 'changes'>,
  reader: AdvisoryReader,
) => {
  const { store, clock, random, changes } = ports;
  const uploads = new Map<string, Upload>();

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
    const piece = Uint8Array.from(atob(input.data), (char) => char.charCodeAt(0));
    if (upload.received + piece.length > upload.bytes) {
      uploads.delete(input.upload);
      return fail('input.too-large', 'More came than was announced.');
    }
    upload.pieces.push(piece);
    upload.received += piece.length;
    upload.lastAt = clock.now();
    return ok({ received: upload.received });
  };

  const finish = async (
    input: HandlerInput<'advisories.finish'>,
  ): Promise<Result<Output<'advisories.finish'>>> => {
    const found = find(input.upload);
    if (!found.ok) return found;
    const { fileName, bytes, received, pieces } = found.value;
    if (received < bytes) return fail('state.conflict', `Of ${bytes} bytes only ${received} have come.`);
    uploads.delete(input.upload);
    const now = clock.now();
    if (input.asOf !== undefined && Date.parse(input.asOf) > now)
      return fail('input.invalid', 'The data cannot be from the future.');
    const read = await reader.read(joined(pieces, bytes), {
      now,
      ...(input.format === undefined ? {} : { format: input.format }),
    });
    if (!read.ok) {
      const named = plainLine(fileName, 255);
      return fail(read.error.code, `${named} was refused: ${read.error.message}`, {
        hint: read.error.hint ?? 'Nothing was changed.',
      });
    }
    const { format, advisories, skipped, dated, whole, sha256 } = read.value;
    const importedAt = new Date(now).toISOString();
    const made = store.putAdvisories(
      {
        format,
        file: plainLine(fileName, 255),
        sha256,
        importedAt,
        asOf: input.asOf ?? dated ?? importedAt,
        dated: (input.asOf ?? dated) !== undefined,
        skipped,
      },
      advisories,
      whole,
    );
    changes.announce({ type: 'advisories' });
    return ok({ import: made });
  };

  const show = ({ id }: HandlerInput<'advisories.show'>): Result<Output<'advisories.show'>> => {
    const found = store.advisoriesNamed(id.trim());
    return found.length === 0
      ? fail('not-found', `No imported advisory is named ${plainLine(id, 100)}, or is about it.`, {
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
