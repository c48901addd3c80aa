/** Why the system did not do what it was asked for with a file, a socket or a program, in words; its own message names a code and a call. */
import { existsSync } from 'node:fs';
import { dirname, isAbsolute } from 'node:path';

/** An error of a system call, by its code (errno(3)); undefined: it is none. */
export const systemCodeOf = (thrown: unknown): string | undefined =>
  typeof thrown === 'object' && thrown !== null && 'code' in thrown && typeof thrown.code === 'string'
    ? thrown.code
    : undefined;

const WORDS: Readonly<Record<string, { why: string; hint?: string }>> = {
  EACCES: { why: 'this account may not', hint: 'Look at the permissions of the file and of its folders.' },
  EPERM: { why: 'this account may not', hint: 'Look at the permissions of the file and of its folders.' },
  EISDIR: { why: 'it is a folder', hint: 'Name the file in it.' },
  ENOTDIR: { why: 'a part of its path is a file, not a folder' },
  EEXIST: { why: 'it is there already' },
  ENOSPC: { why: 'the disk is full', hint: 'Free some space and try again. Nothing was half-written.' },
  EDQUOT: {
    why: 'the quota of this account is used up',
    hint: 'Free some space and try again. Nothing was half-written.',
  },
  EROFS: { why: 'its file system is read-only', hint: 'Name another place.' },
  ENAMETOOLONG: { why: 'its name is too long' },
  ELOOP: { why: 'its links lead in a circle' },
  EMFILE: { why: 'too many files are open' },
  ENFILE: { why: 'too many files are open' },
  EBUSY: { why: 'another program has it in use' },
  ETXTBSY: { why: 'another program has it in use' },
  EIO: { why: 'the disk reports an error', hint: 'Check the disk, then try again.' },
  ENXIO: { why: 'nobody has its other end open' },
  ENOENT: { why: 'it is not there' },
  ECONNREFUSED: { why: 'nobody listens there' },
  EADDRINUSE: { why: 'another program has it' },
  EADDRNOTAVAIL: { why: 'this machine has no such address' },
  EAGAIN: { why: 'this machine has no room for it now' },
  ENOMEM: { why: 'this machine is out of memory' },
  ERR_INVALID_ARG_VALUE: { why: 'its name has characters that no file name has' },
};

/** `it is not there`, `another program has it`. */
export const systemWords = (thrown: unknown): string => {
  const code = systemCodeOf(thrown);
  return code === undefined
    ? 'the system does not tell why'
    : (WORDS[code]?.why ?? `the system says ${code}`);
};

type Told = { message: string; hint?: string };

/** `path` as it was given, or whole. */
export const fileTrouble = (path: string, doing: 'read' | 'written', thrown: unknown): Told => {
  const code = systemCodeOf(thrown);
  if (code === 'ENOENT') {
    const folder = dirname(path);
    if (!existsSync(folder))
      return {
        message: `There is no folder ${folder}, so ${path} cannot be ${doing}.`,
        hint: 'Make the folder first, or name another place.',
      };
    return {
      message: `There is no file ${path}.`,
      ...(isAbsolute(path) ? {} : { hint: `It was looked for in ${process.cwd()}.` }),
    };
  }
  const hint = code === undefined ? undefined : WORDS[code]?.hint;
  return {
    message: `${path} cannot be ${doing}: ${systemWords(thrown)}.`,
    ...(hint === undefined ? {} : { hint }),
  };
};
