/** What the hosts' shell functions answer, in a real shell over a made-up host. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LOCK_FUNCTIONS } from '../../../main/core/drivers/apt/host.ts';
import { FACT_FUNCTIONS } from '../../../main/core/drivers/facts.ts';

describe.skipIf(process.platform === 'win32')('the shell functions of a host', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'frostline-host-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const put = (path: string, text: string): string => {
    const file = join(root, path);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, text);
    return file;
  };
  const program = (name: string, text: string): void =>
    chmodSync(put(join('bin', name), `#!/bin/sh\n${text}`), 0o755);
  const ask = (functions: string, question: string): string[] =>
    execFileSync('/bin/sh', ['-c', `R=${root}; U=$(id -u)\n${functions}\n${question}`], {
      encoding: 'utf8',
      env: { ...process.env, PATH: `${join(root, 'bin')}:${process.env.PATH ?? ''}` },
    })
      .split('\n')
      .filter((line) => line !== '');

  describe('fl_mounts', () => {
    const row = (of: string): string => `/dev/${of} 100 50 50 50% /${of}`;
    /** A df that knows these folders, and fails where it is asked about another. */
    const df = (...known: string[]): void =>
      program(
        'df',
        `echo call >>"${root}/calls"; shift; echo 'Filesystem 1024-blocks Used Available Capacity Mounted on'; code=0
for path in "$@"; do
  case \${path##*/} in ${known.join('|')}) echo "/dev/\${path##*/} 100 50 50 50% /\${path##*/}" ;; *) code=1 ;; esac
done
exit $code`,
      );
    const calls = (): number => readFileSync(join(root, 'calls'), 'utf8').trim().split('\n').length;

    test('asks once for all folders that are there, and keeps each with its own row', () => {
      for (const folder of ['usr', 'var', 'tmp']) mkdirSync(join(root, folder));
      df('usr', 'var', 'tmp');
      expect(ask(FACT_FUNCTIONS, 'fl_mounts /var /boot /usr /tmp')).toEqual([
        `/var\t${row('var')}`,
        `/usr\t${row('usr')}`,
        `/tmp\t${row('tmp')}`,
      ]);
      expect(calls()).toBe(1);
    });

    test('a folder that df cannot tell of costs no other folder its row', () => {
      for (const folder of ['usr', 'var', 'tmp']) mkdirSync(join(root, folder));
      df('usr', 'tmp');
      const told = ask(FACT_FUNCTIONS, 'fl_mounts /usr /var /tmp');
      expect(told).toContain(`/usr\t${row('usr')}`);
      expect(told).toContain(`/tmp\t${row('tmp')}`);
      expect(told.find((line) => line.startsWith('/var\t'))).not.toContain('/dev/');
    });
  });

  describe('fl_lock_holder', () => {
    const question = `fl_lock_holder ${'"$R/one" "$R/two"'} || echo nobody`;
    const locks = (file: string, pid: number): void =>
      void put(
        'proc/locks',
        `1: FLOCK  ADVISORY  WRITE 7 00:01:1 0 EOF
2: -> POSIX  ADVISORY  WRITE 9 00:01:${statSync(file).ino} 0 EOF
3: POSIX  ADVISORY  WRITE ${pid} 00:01:${statSync(file).ino} 0 EOF\n`,
      );

    test('nobody holds what no lock names', () => {
      const one = put('one', '');
      put('two', '');
      put('other', '');
      locks(join(root, 'other'), 99);
      expect(ask(LOCK_FUNCTIONS, question)).toEqual(['nobody']);
      rmSync(one);
      expect(ask(LOCK_FUNCTIONS, question)).toEqual(['nobody']);
    });

    test('who holds the second of two is named, and who waits for it is not', () => {
      put('one', '');
      locks(put('two', ''), 99);
      put('proc/99/cmdline', 'apt-get\0upgrade\0');
      expect(ask(LOCK_FUNCTIONS, question)).toEqual(['99\tapt-get upgrade ']);
    });

    test('a lock on a file of the same number on another disk, by who is no package manager, is none of these', () => {
      put('one', '');
      locks(put('two', ''), 99);
      put('proc/99/cmdline', 'postgres\0');
      expect(ask(LOCK_FUNCTIONS, question)).toEqual(['nobody']);
    });
  });
});
