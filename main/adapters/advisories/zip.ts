/** A zip of OSV records, one file each: bounded in number, size and ratio, and nothing in it but plain `*.json` files. */
import { type Entry, fromBuffer, type ZipFile } from 'yauzl';
import { FrostFault } from '../../../shared/errors.ts';
import type { Reading } from '../../core/advisories/json.ts';
import { Refused } from '../../core/advisories/read.ts';

export type ZipLimits = { entries: number; entryBytes: number; totalBytes: number; ratio: number };
export const ZIP_LIMITS: ZipLimits = {
  entries: 500_000,
  entryBytes: 32 * 1024 * 1024,
  totalBytes: 4 * 1024 * 1024 * 1024,
  ratio: 200,
};

/** What opening a file costs, in bytes read. */
const ENTRY_UNITS = 1024;

const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
const NAME = /^(?:[A-Za-z0-9_-][A-Za-z0-9._:+-]{0,99}\/){0,3}[A-Za-z0-9_-][A-Za-z0-9._:+-]{0,150}\.json$/;

const opened = (data: Buffer): Promise<ZipFile> =>
  new Promise((resolve, reject) => {
    fromBuffer(
      data,
      { lazyEntries: true, strictFileNames: true, validateEntrySizes: true, decodeStrings: true },
      (error, zip) => (zip === undefined || zip === null ? reject(error) : resolve(zip)),
    );
  });

const content = (zip: ZipFile, entry: Entry): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => {
      if (stream === undefined || stream === null) return reject(error);
      const chunks: Buffer[] = [];
      let bytes = 0;
      stream.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        // The announced size is checked by yauzl; this does not take its word for it.
        if (bytes > entry.uncompressedSize)
          stream.destroy(new Refused('a file in it is larger than it says'));
        else chunks.push(chunk);
      });
      stream.on('end', () => resolve(Buffer.concat(chunks)));
      stream.on('error', reject);
    });
  });

/** Throws `Refused`. */
const check = (entry: Entry, limits: ZipLimits): void => {
  const name = entry.fileName.slice(0, 100);
  if (!NAME.test(entry.fileName))
    throw new Refused(`it holds ${JSON.stringify(name)}, which is no plain .json file`);
  const mode = (entry.externalFileAttributes >>> 16) & S_IFMT;
  if (mode !== 0 && mode !== S_IFREG) throw new Refused(`${name} in it is a link or a device`);
  if (entry.uncompressedSize > limits.entryBytes) throw new Refused(`${name} in it is too large`);
  if (entry.uncompressedSize > 1024 * 1024 && entry.uncompressedSize > entry.compressedSize * limits.ratio)
    throw new Refused(`${name} in it is packed more than ${limits.ratio}:1`);
};

/** Every file's text, one after another. Throws `Refused`, and what `take` throws. */
export const eachZipped = async (
  data: Buffer,
  take: (text: string, name: string) => void,
  limits: ZipLimits = ZIP_LIMITS,
  { turn, progress }: Reading = { turn: async () => undefined, progress: () => undefined },
): Promise<void> => {
  const zip = await opened(data).catch((error: unknown) => {
    throw new Refused(`it is no sound zip file (${error instanceof Error ? error.message : 'unreadable'})`);
  });
  if (zip.entryCount > limits.entries) throw new Refused(`it holds more than ${limits.entries} files`);
  const seen = new Set<string>();
  let total = 0;
  const decoder = new TextDecoder('utf-8', { fatal: true });
  await new Promise<void>((resolve, reject) => {
    zip.on('error', (error: unknown) =>
      reject(
        error instanceof Refused
          ? error
          : new Refused(`it is no sound zip file (${error instanceof Error ? error.message : 'unreadable'})`),
      ),
    );
    zip.on('end', resolve);
    zip.on('entry', (entry: Entry) => {
      const work = async (): Promise<void> => {
        if (entry.fileName.endsWith('/') && entry.uncompressedSize === 0) return;
        check(entry, limits);
        if (seen.has(entry.fileName)) throw new Refused(`${entry.fileName.slice(0, 100)} is in it twice`);
        seen.add(entry.fileName);
        total += entry.uncompressedSize;
        if (total > limits.totalBytes || total > data.length * limits.ratio + limits.entryBytes)
          throw new Refused('it holds more than Frostline unpacks');
        const bytes = await content(zip, entry);
        let text: string;
        try {
          text = decoder.decode(bytes);
        } catch {
          throw new Refused(`${entry.fileName.slice(0, 100)} in it is no UTF-8 text`);
        }
        take(text, entry.fileName);
        progress(seen.size, zip.entryCount);
        await turn(ENTRY_UNITS + bytes.length);
      };
      work().then(
        () => zip.readEntry(),
        (error: unknown) => {
          zip.close();
          reject(
            error instanceof Refused || error instanceof FrostFault
              ? error
              : new Refused(
                  `it is no sound zip file (${error instanceof Error ? error.message : 'unreadable'})`,
                ),
          );
        },
      );
    });
    zip.readEntry();
  });
};
