/** Lists of packages as repositories publish them: unpacked within limits, and read as they come. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { type FrostError, fail, frostError, ok, type Result } from '../../../shared/errors.ts';
import { packagesReader } from '../../core/bundles/metadata/packages.ts';
import { type Content, type MetadataReader, Unreadable } from '../../core/bundles/metadata/ports.ts';
import { packingOf } from '../packed.ts';
import { gpgvSignature } from './gpgv.ts';
import { primaryReader, readRepomd } from './rpm.ts';

const PIECE_BYTES = 256 * 1024;
/** Lists are packed to a tenth at best. */
const MAX_RATIO = 100;

/** Stops a stream with an error that is to be told as it is. */
class Stopped extends Error {
  readonly error: FrostError;
  constructor(error: FrostError) {
    super(error.message);
    this.error = error;
  }
}

async function* piecesOf(content: Content): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < content.bytes; ) {
    const piece = await content.read(offset, Math.min(PIECE_BYTES, content.bytes - offset));
    if (!piece.ok) throw new Stopped(piece.error);
    if (piece.value.length === 0) throw new Unreadable('became shorter while it was read');
    offset += piece.value.length;
    yield piece.value;
  }
}

const UNPACKERS = { gzip: createGunzip, zstd: createZstdDecompress };

const unpack = async (
  content: Content,
  max: number,
  take: (piece: Uint8Array) => void,
  signal: AbortSignal,
): Promise<Result<void>> => {
  const head = await content.read(0, Math.min(4, content.bytes));
  if (!head.ok) return head;
  const limit = Math.min(max, content.bytes * MAX_RATIO + 1024 * 1024);
  let bytes = 0;
  const sink = async (pieces: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const piece of pieces) {
      bytes += piece.length;
      if (bytes > limit)
        throw new Stopped(
          frostError('exchange.too-large', 'A list of packages unpacks to more than Frostline takes.'),
        );
      take(piece);
    }
  };
  const from = Readable.from(piecesOf(content));
  const packing = packingOf(head.value);
  try {
    if (packing === undefined) await pipeline(from, sink, { signal });
    else await pipeline(from, UNPACKERS[packing](), sink, { signal });
    return ok(undefined);
  } catch (error) {
    if (signal.aborted) return fail('cancelled', 'Reading the bundle was cancelled.');
    if (error instanceof Stopped) return { ok: false, error: error.error };
    const why = error instanceof Unreadable ? error.message : 'cannot be unpacked: it is cut off or damaged';
    return fail('exchange.malformed', `A list of packages ${why}.`);
  }
};

export const metadataReader: MetadataReader = {
  sha256: (bytes) => createHash('sha256').update(bytes).digest('hex'),
  repomd: readRepomd,
  signature: gpgvSignature,
  index: async (ecosystem, content, { max, names, take, signal }) => {
    const reader = (ecosystem === 'apt' ? packagesReader : primaryReader)(names, take);
    const hash = createHash('sha256');
    let bytes = 0;
    const unpacked = await unpack(
      content,
      max,
      (piece) => {
        hash.update(piece);
        bytes += piece.length;
        reader.feed(piece);
      },
      signal,
    );
    if (!unpacked.ok) return unpacked;
    try {
      reader.end();
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      return fail('exchange.malformed', `A list of packages ${error.message}.`);
    }
    return ok({ sha256: hash.digest('hex'), bytes });
  },
};
