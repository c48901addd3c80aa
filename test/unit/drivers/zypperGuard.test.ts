/** zypper's guard: what its locks let through, and what it does to a host's file of locks, by its own scripts over a folder. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type GuardReading, parseGuard } from '../../../main/core/drivers/guard.ts';
import { ROOT_MARK } from '../../../main/core/drivers/shell.ts';
import {
  guardCommand,
  guardStateOf,
  LOCKS_UNBLOCK,
  lockStanzas,
  unguardCommand,
} from '../../../main/core/drivers/zypper/guard.ts';
import { namesBut } from '../../../main/core/drivers/zypper/names.ts';
import type { CommandSpec } from '../../../main/core/ports.ts';

const ID = 'c0ffee'.padEnd(64, '0');
const NONCE = 'deadbeef';
const requestFor = (...listed: string[]) => ({
  id: ID,
  about: 'Frozen by Frostline: snapshot march, revision 1.',
  listed: listed.map((one) => {
    const [name = '', version = ''] = one.split('=');
    return { name, version };
  }),
});

/** Of few characters, so that names begin alike; and of all that a name may hold. */
const name = fc.oneof(
  fc.stringMatching(/^[ab][ab+.-]{0,6}$/),
  fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9.+_-]{0,20}$/),
);

describe('the names that are not listed', () => {
  test('are all but these, whatever they are', () => {
    fc.assert(
      fc.property(fc.array(name, { maxLength: 12 }), fc.array(name, { maxLength: 30 }), (listed, others) => {
        const but = new RegExp(`^${namesBut(listed)}`);
        for (const one of listed) expect(but.test(one), one).toBe(false);
        // Names that are nearly listed, too.
        const near = listed.flatMap((one) => [`${one}a`, `${one}-devel`, `a${one}`, one.slice(0, -1)]);
        for (const one of [...others, ...near].filter((text) => text !== '' && !listed.includes(text)))
          expect(but.test(one), one).toBe(true);
      }),
    );
  });

  test('are what grep, with the C library’s regular expressions, takes them to be', () => {
    const names = fc.sample(name, { numRuns: 400, seed: 20261126 });
    const listed = new Set(names.slice(0, 120));
    const found = spawnSync('grep', ['-E', `^${namesBut([...listed])}`], {
      input: `${names.join('\n')}\n`,
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C.UTF-8' },
    }).stdout.split('\n');
    expect(found.slice(0, -1)).toEqual(names.filter((one) => !listed.has(one)));
  });

  test('take no more characters than the tree of the listed ones has, times ten', () => {
    const listed = Array.from({ length: 500 }, (_, index) => `python3-package-${index * 7919}`);
    expect(namesBut(listed).length).toBeLessThan(listed.join('').length * 10);
  });

  test('are all where nothing is listed, and what no name should hold as well', () => {
    expect(new RegExp(`^${namesBut([])}`).test('bash')).toBe(true);
    expect(new RegExp(`^${namesBut(['bash'])}`).test('bash~x{y}%')).toBe(true);
  });
});

/** What libzypp reads in a stanza. */
const read = (stanza: string): Record<string, string> =>
  Object.fromEntries(stanza.split('\n').map((line) => line.split(/: (.*)/).slice(0, 2)));

describe('the locks', () => {
  test('one for all that is not listed, and for each listed name its other versions', () => {
    const [all, ...rest] = lockStanzas(requestFor('zlib=1.2-1', 'libstdc++6=1:13-1')).map(read);
    expect(all).toMatchObject({ match_type: 'regex', install_status: 'not-installed' });
    expect(all).not.toHaveProperty('version');
    expect(
      rest.map(({ solvable_name, version, match_type }) => [solvable_name, version, match_type]),
    ).toEqual([
      ['libstdc++6', '!= 1:13-1', 'exact'],
      ['zlib', '!= 1.2-1', 'exact'],
    ]);
  });

  test('packages that share a version share a lock', () => {
    const listed = ['a', 'b.c', 'd+', 'e', 'f'].map((one) => `${one}=2-1`);
    const [, shared, ...more] = lockStanzas(requestFor(...listed)).map(read);
    expect(more).toEqual([]);
    expect(shared).toMatchObject({ version: '!= 2-1', solvable_name: '^(a|b[.]c|d[+]|e|f)$' });
  });

  test('of a name that is listed in several versions, what is below and above them', () => {
    const locks = lockStanzas(requestFor('zlib=1.10-1', 'zlib=1.9-1', 'zlib=1.9.5-1'))
      .slice(1)
      .map(read);
    expect(locks.map((one) => one.version)).toEqual(['< 1.9-1', '> 1.10-1']);
  });

  test('each bears the mark', () => {
    for (const one of lockStanzas(requestFor('a=1-1', 'b=1-1', 'c=1-1', 'd=1-1', 'e=2-1')))
      expect(one).toMatch(/^type: package\ntype: frostline-guard/);
  });
});

const OTHERS = `type: package
match_type: glob
case_sensitive: on
solvable_name: lab-held

# why: it breaks the till
type: package
solvable_name: till
`;

describe.skipIf(process.platform === 'win32')('a host with zypper under guard', () => {
  let root: string;
  let locks: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'frostline-zypp-'));
    locks = join(root, 'etc/zypp/locks');
    mkdirSync(join(root, 'etc/zypp'), { recursive: true });
    mkdirSync(join(root, 'var/lib'), { recursive: true });
    writeFileSync(join(root, ROOT_MARK), '');
    writeFileSync(join(root, 'etc/zypp/zypp.conf'), '[main]\n# locksfile.apply = no\n');
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const shell = (script: string): string =>
    execFileSync('/bin/sh', ['-s'], {
      input: script,
      encoding: 'utf8',
      env: { ...process.env, FROSTLINE_ROOT: root },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  const ask = (spec: CommandSpec): GuardReading => {
    const reading = parseGuard({ stdout: shell(spec.script), stderr: '', exitCode: 0 }, { nonce: NONCE });
    if (!reading.ok) throw new Error(reading.error.message);
    return reading.value;
  };
  const on = (...listed: string[]) => ask(guardCommand({ nonce: NONCE, request: requestFor(...listed) }));
  const off = () => ask(unguardCommand({ nonce: NONCE }));
  const state = () => ask(guardStateOf({ nonce: NONCE }));
  const now = (): string => readFileSync(locks, 'utf8');

  /** As zypper addlock leaves it: without comments, lines and stanzas in another order. */
  const rewrite = (...more: string[]): void => {
    const stanzas = now()
      .split('\n')
      .filter((line) => !line.startsWith('#'))
      .join('\n')
      .split(/\n\n+/)
      .filter((one) => one.trim() !== '');
    const lines = [...stanzas, ...more].map((one) => one.trim().split('\n').reverse().join('\n'));
    writeFileSync(
      locks,
      lines
        .reverse()
        .map((one) => `\n${one}\n\n`)
        .join(''),
    );
  };

  test('it is put on, read back, and leaves every byte and time as before', () => {
    // As an editor may leave it: without a newline at its end.
    for (const before of ['\n\n', OTHERS.trimEnd()]) {
      writeFileSync(locks, before, { mode: 0o640 });
      const was = [locks, join(locks, '..')].map((path) => statSync(path).mtimeMs);
      const put = on('lab-plain=1.1-1');
      expect(put).toMatchObject({ present: 'all', id: ID, gaps: [] });
      expect(now().endsWith(before === OTHERS.trimEnd() ? OTHERS : before)).toBe(true);
      expect(state()).toEqual(put);
      expect(on('lab-plain=1.1-1')).toEqual(put);
      expect(off()).toMatchObject({ present: 'none', files: [] });
      expect(now()).toBe(before);
      expect(statSync(locks).mode & 0o777).toBe(0o640);
      expect([locks, join(locks, '..')].map((path) => statSync(path).mtimeMs)).toEqual(was);
    }
  });

  test('where there was no file of locks there is none afterwards', () => {
    expect(on('lab-plain=1.1-1')).toMatchObject({ present: 'all', id: ID });
    off();
    expect(existsSync(locks)).toBe(false);
    // Nor where zypper wrote it anew meanwhile.
    on('lab-plain=1.1-1');
    rewrite();
    off();
    expect(existsSync(locks)).toBe(false);
  });

  test('one that zypper wrote anew is there, but touched, and comes off all the same', () => {
    writeFileSync(locks, OTHERS);
    const [before] = on('lab-plain=1.1-1', 'lab-app=2-1').files;
    rewrite('type: package\nsolvable_name: mine');
    const touched = state();
    expect(touched).toMatchObject({ present: 'all', id: ID });
    expect(touched.files[0]?.sha256).not.toBe(before?.sha256);
    off();
    expect(now()).not.toContain('frostline-guard');
    for (const one of ['mine', 'lab-held', 'till']) expect(now()).toContain(`solvable_name: ${one}\n`);
  });

  test('a lock that was added meanwhile stays, even where the guard was put on again after it', () => {
    writeFileSync(locks, OTHERS);
    const put = on('lab-plain=1.1-1');
    rewrite('type: package\nsolvable_name: mine');
    expect(on('lab-plain=1.1-1')).toEqual(put);
    on('lab-plain=1.1-1', 'lab-app=2-1');
    off();
    expect(now()).toContain('solvable_name: mine\n');
    expect(now()).not.toContain('frostline-guard');
  });

  test('one that came back with a backup, without what was put aside, comes off with the next', () => {
    writeFileSync(locks, OTHERS);
    on('lab-plain=1.1-1');
    rmSync(join(root, 'var/lib/frostline'), { recursive: true });
    on('lab-plain=1.1-1', 'lab-app=2-1');
    expect(off()).toMatchObject({ present: 'none' });
    expect(now()).toBe(OTHERS);
  });

  test('without the console: the script that lies beside it takes it off', () => {
    writeFileSync(locks, OTHERS);
    on('lab-plain=1.1-1');
    shell(readFileSync(join(root, 'var/lib/frostline/guard/off'), 'utf8'));
    expect(now()).toBe(OTHERS);
    expect(state().present).toBe('none');
  });

  test('what keeps it from working, or gets past it, is told', () => {
    on('zlib=1.9-1', 'zlib=1.10-1', 'a=1-1');
    writeFileSync(join(root, 'etc/zypp/zypp.conf'), '[main]\nlocksfile.path = /srv/locks\n');
    mkdirSync(join(root, 'etc/zypp/zypp.conf.d'));
    writeFileSync(join(root, 'etc/zypp/zypp.conf.d/9.conf'), '[main]\n locksfile.apply=No\n');
    mkdirSync(join(root, 'etc/cron.daily'));
    writeFileSync(join(root, 'etc/cron.daily/opensuse.org-online_update'), '');
    expect(state().gaps).toEqual([
      '/etc/zypp/zypp.conf names another file of locks: zypper does not read the guard',
      '/etc/zypp/zypp.conf.d/9.conf switches locks off: zypper does not go by the guard',
      '/etc/cron.daily/opensuse.org-online_update is not paused; what it finds is under the guard',
      'zlib is listed in several versions: any from 1.9-1 to 1.10-1 is let through',
    ]);
  });

  test('a file of locks without ours is printed as it was, whoever wrote it', () => {
    on('lab-plain=1.1-1', 'lab-app=2-1');
    const block = now();
    expect(block).toMatch(/ end\n$/);
    const line = fc.constantFrom('', '# why', 'type: package', 'solvable_name: x', 'version: > 1', 'rubbish');
    const file = join(root, 'some');
    const unblock = (): string =>
      execFileSync('/bin/sh', ['-c', `${LOCKS_UNBLOCK}\nfl_unblock "$1"`, 'sh', file], { encoding: 'utf8' });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), fc.boolean(), (lines, guarded) => {
        const text = lines.map((one) => `${one}\n`).join('');
        writeFileSync(file, (guarded ? block : '') + text);
        expect(unblock()).toBe(text);
      }),
      { numRuns: 40 },
    );
  });
});
