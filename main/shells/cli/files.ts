/** Files the admin names: read whole only once their size is known, and never more than they may have. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { fileText } from '../../../shared/age.ts';
import { type ErrorCode, FrostFault, frostError } from '../../../shared/errors.ts';
import { interruptible } from './interrupt.ts';
import { invalid, unreadable } from './invalid.ts';
import { OutputFile } from './outputFile.ts';
import { bytes } from './terminal.ts';

const PIECE_BYTES = 256 * 1024;

/** A pipe has no size, so reading stops at the limit too. */
export const readBytes = (path: string, maxBytes: number, tooLarge: ErrorCode): Buffer =>
  interruptible(() => readAll(path, maxBytes, tooLarge));

const readAll = (path: string, maxBytes: number, tooLarge: ErrorCode): Buffer => {
  const refuse = () =>
    new FrostFault(
      frostError(tooLarge, `${path} is larger than ${bytes(maxBytes)}.`, {
        hint: 'Nothing of it was read.',
      }),
    );
  if (path === '') throw invalid('The name of the file is empty.');
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    if (fstatSync(file).size > maxBytes) throw refuse();
    const pieces: Buffer[] = [];
    for (let total = 0; ; ) {
      const piece = Buffer.alloc(PIECE_BYTES);
      const count = readSync(file, piece, 0, PIECE_BYTES, null);
      if (count === 0) return Buffer.concat(pieces);
      total += count;
      if (total > maxBytes) throw refuse();
      pieces.push(piece.subarray(0, count));
    }
  } catch (thrown) {
    if (thrown instanceof FrostFault) throw thrown;
    throw unreadable(path, thrown);
  } finally {
    if (file !== undefined) closeSync(file);
  }
};

/** Keys, lists of signers, passphrases. */
export const readSmall = (path: string): string =>
  readBytes(path, 2 * 1024 * 1024, 'input.too-large').toString('utf8');

/** Public keys as OpenPGP has them, binary or armored, in base64. */
export const readKeyring = (path: string): string =>
  readBytes(path, 2 * 1024 * 1024, 'input.too-large').toString('base64');

/** One line. */
export const readSecret = (path: string): string => readSmall(path).replace(/\r?\n$/, '');

/** An exchange file, or one encrypted with age: binary ones come back in armor. */
export const readExchangeFile = (path: string, maxBytes: number): string => {
  const text = fileText(readBytes(path, maxBytes, 'exchange.too-large'));
  if (text === undefined)
    throw new FrostFault(
      frostError('exchange.malformed', `${path} is not an exchange file: it is not valid UTF-8.`),
    );
  return text;
};

/** Text that is handed on as it is: lists of hosts, calendars, resolutions. */
export const readText = (path: string, maxBytes = 48 * 1024 * 1024): string =>
  readBytes(path, maxBytes, 'input.too-large').toString('utf8');

/** Whole or not at all; what stands there under another name is left alone. For others to read, as the account's umask lets them. */
export const writeWhole = (path: string, text: string): void => {
  const output = new OutputFile(path, 0o666);
  try {
    output.write(text);
    output.finish();
  } finally {
    output.discard();
  }
};
