/**
 * Package files that the console has brought to a host whose repositories do not have them: `<hash>.deb` or `.rpm` in a folder
 * of root's alone. Named by their hash, so that no name of a package is ever part of a path, and every script that is to use
 * one hashes it once more.
 */
import { HOST_FOLDER, quote } from './shell.ts';

/** A package whose file lies on the host, or is to. `bytes`: size of the file. */
export type PushedPackage = { name: string; arch: string; version: string; sha256: string; bytes: number };

export const PUSHED_FOLDER = `${HOST_FOLDER}/pushed`;

const SHA256 = /^[0-9a-f]{64}$/;

export const pushedFile = (sha256: string, suffix: 'deb' | 'rpm'): string => {
  if (!SHA256.test(sha256)) throw new RangeError('not a hash');
  return `${sha256}.${suffix}`;
};

/** Arguments `HASH…` for a shell function; each is checked to be one. */
export const pushedHashes = (pushed: readonly PushedPackage[]): string =>
  pushed.map(({ sha256 }) => quote(pushedFile(sha256, 'deb').slice(0, 64))).join(' ');

/** Whether a package that is to be installed in this version is one of them. */
export const isPushed = (
  pushed: readonly PushedPackage[] | undefined,
  name: string,
  version: string | undefined,
): boolean => pushed?.some((one) => one.name === name && one.version === version) === true;
