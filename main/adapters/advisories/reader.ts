/** Advisory data files: told by their first bytes, unpacked within limits, and read whole or refused whole. */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, zstdDecompress } from 'node:zlib';
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { AdvisoryFormat } from '../../../shared/model/advisory.ts';
import { parseAdvisoryJson, type Reading, readAdvisoryJson } from '../../core/advisories/json.ts';
import { readOsv } from '../../core/advisories/osv.ts';
import { type AdvisoryFile, Collector, Refused } from '../../core/advisories/read.ts';
import type { AdvisoryReader } from '../../core/advisories/service.ts';
import { begins, packingOf } from '../packed.ts';
import { readUpdateinfo } from './updateinfo.ts';
import { eachZipped, ZIP_LIMITS } from './zip.ts';

const MAX_UNPACKED_BYTES = 450 * 1024 * 1024;
const MAX_RATIO = 300;

const unpacked = async (bytes: Uint8Array): Promise<Uint8Array> => {
  const limit = { maxOutputLength: Math.min(MAX_UNPACKED_BYTES, bytes.length * MAX_RATIO + 1024 * 1024) };
  const packing = packingOf(bytes);
  if (packing === undefined) {
    if (begins(bytes, 0x42, 0x5a, 0x68) || begins(bytes, 0xfd, 0x37, 0x7a, 0x58, 0x5a))
      throw new Refused('it is packed with bzip2 or xz; unpack it first');
    return bytes;
  }
  try {
    return packing === 'gzip'
      ? await promisify(gunzip)(bytes, limit)
      : await promisify(zstdDecompress)(bytes, limit);
  } catch (error) {
    const tooLarge = error instanceof RangeError;
    throw new Refused(
      tooLarge
        ? 'it unpacks to more than Frostline takes'
        : 'it cannot be unpacked: it is cut off or damaged',
    );
  }
};

const zipped = async (bytes: Uint8Array, now: number, reading: Reading): Promise<AdvisoryFile> => {
  const into = new Collector();
  const take = (text: string, name: string) => {
    try {
      readOsv(parseAdvisoryJson(text), into, now);
    } catch (error) {
      if (error instanceof Refused) throw new Refused(`${name} in it: ${error.message}`);
      throw error;
    }
  };
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  await eachZipped(whole, take, ZIP_LIMITS, reading);
  if (into.advisories.length === 0 && into.skipped === 0) throw new Refused('it holds no advisory');
  return into.file('osv', false);
};

const PIECE_BYTES = 1024 * 1024;
/** Nobody else waits, nobody looks on. */
const AT_ONCE: Reading = { turn: async () => undefined, progress: () => undefined };

function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}

const decoded = async (bytes: Uint8Array, { turn }: Reading): Promise<string> => {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  try {
    for (const piece of pieces(bytes)) {
      text += decoder.decode(piece, { stream: true });
      await turn(piece.length);
    }
    return text + decoder.decode();
  } catch (error) {
    if (error instanceof TypeError) throw new Refused('it is no UTF-8 text');
    throw error;
  }
};

const hashOf = async (bytes: Uint8Array, { turn }: Reading): Promise<string> => {
  const hash = createHash('sha256');
  for (const piece of pieces(bytes)) {
    hash.update(piece);
    await turn(piece.length);
  }
  return hash.digest('hex');
};

const readFile = async (
  given: Uint8Array,
  format: AdvisoryFormat | undefined,
  now: number,
  reading: Reading,
): Promise<AdvisoryFile> => {
  if (begins(given, 0x50, 0x4b, 0x03, 0x04) || begins(given, 0x50, 0x4b, 0x05, 0x06)) {
    if (format !== undefined && format !== 'osv')
      throw new Refused(`a zip is a collection of OSV, not ${format}`);
    return zipped(given, now, reading);
  }
  const bytes = await unpacked(given);
  const first = bytes.find((byte) => byte > 0x20 && byte !== 0xef && byte !== 0xbb && byte !== 0xbf);
  if (format === 'updateinfo' || (format === undefined && first === 0x3c))
    return readUpdateinfo(bytes, now, reading);
  return readAdvisoryJson(await decoded(bytes, reading), format, now, reading);
};

export const advisoryReader: AdvisoryReader = {
  read: async (
    bytes,
    { format, now, reading = AT_ONCE },
  ): Promise<Result<AdvisoryFile & { sha256: string }>> => {
    try {
      const sha256 = await hashOf(bytes, reading);
      return ok({ ...(await readFile(bytes, format, now, reading)), sha256 });
    } catch (error) {
      if (error instanceof Refused) return fail('advisories.refused', `${error.message}.`.slice(0, 1000));
      throw error;
    }
  },
};
