import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  KnownHostsFiles,
  knownHostName,
  namesMatch,
  parseKnownHosts,
} from '../../../main/adapters/ssh/knownHosts.ts';
import { newKey, publicHalf } from '../../support/sshServer.ts';

const key = publicHalf(newKey().private);
const line = (names: string) => `${names} ${key.keyType} ${key.publicKey}`;
const hasKeygen = spawnSync('ssh-keygen', ['-?']).error === undefined;

describe('names in known_hosts', () => {
  it.each([
    ['web1', 'web1', true],
    ['web1', 'WEB1', true],
    ['web1', 'web2', false],
    ['web1', 'db1,web1,web2', true],
    ['web1', 'web*', true],
    ['web1', 'w?b1', true],
    ['web1', 'w?b', false],
    ['web1.example.org', '*.example.org', true],
    ['example.org', '*.example.org', false],
    ['web1', '*,!web1', false],
    ['web1', '!web1,*', false],
    ['web2', '!web1,*', true],
    ['web2', '!web1', false],
    ['[web1]:2222', '[web1]:2222', true],
    ['[web1]:2222', 'web1', false],
    ['web1', '[web1]:2222', false],
    ['[web1]:2222', '[*]:2222', true],
    ['2001:db8::1', '2001:db8::*', true],
    ['web1', '', false],
    ['web1', ',', false],
    ['web1', '**********************web?', true],
  ])('%s against %s: %s', (name, names, expected) => {
    expect(namesMatch(name, names)).toBe(expected);
  });

  it('do not cost exponential time with many stars', () => {
    expect(namesMatch('a'.repeat(5000), `${'*a'.repeat(2000)}b`)).toBe(false);
  });

  it('stand in brackets with a port of their own, and in lower case', () => {
    expect(knownHostName('Web1', 22)).toBe('web1');
    expect(knownHostName('Web1', 2222)).toBe('[web1]:2222');
  });
});

describe('lines of known_hosts', () => {
  it('are read with comments, markers, tabs and Windows line ends, and nonsense between them is left out', () => {
    const lines = parseKnownHosts(
      [
        '# a comment',
        '',
        `${line('web1')} somebody@laptop`,
        `\t${line('web2').replaceAll(' ', '\t')}\r`,
        `@revoked ${line('*')}`,
        `@cert-authority ${line('*.example.org')}`,
        `@unknown ${line('web3')}`,
        'web4 ssh-ed25519',
        'web5 ssh-ed25519 !!!!',
        `web6 ssh-rsa ${key.publicKey}`,
        'web7 1024 35 1234567890',
        `web8 ${key.keyType} ${key.publicKey.slice(0, 8)}`,
      ].join('\n'),
    );
    expect(lines.map((l) => [l.marker, l.names])).toEqual([
      ['none', 'web1'],
      ['none', 'web2'],
      ['revoked', '*'],
      ['cert-authority', '*.example.org'],
    ]);
    expect(lines[0]).toMatchObject({ keyType: 'ssh-ed25519', publicKey: key.publicKey });
  });
});

describe.skipIf(!hasKeygen)('compared with ssh-keygen', () => {
  const names = ['web1', '[web1]:2222', '10.0.0.7', '[2001:db8::7]:22022', 'host.example.org'];
  let dir = '';
  let plain = '';
  let hashed = '';
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'frostline-known-'));
    plain = join(dir, 'plain');
    hashed = join(dir, 'hashed');
    const text = `${[...names.map(line), line('*.wild.org,!not.wild.org')].join('\n')}\n`;
    writeFileSync(plain, text);
    writeFileSync(hashed, `${names.map(line).join('\n')}\n`);
    const run = spawnSync('ssh-keygen', ['-H', '-f', hashed], { encoding: 'utf8' });
    expect(run.status, run.stderr).toBe(0);
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const found = async (file: string, name: string) =>
    (await new KnownHostsFiles([file], { write: () => {} }).lines()).some((l) => namesMatch(name, l.names));
  const keygenFinds = (file: string, name: string) =>
    spawnSync('ssh-keygen', ['-F', name, '-f', file], { encoding: 'utf8' }).stdout.includes(key.publicKey);

  it.each([...names, 'web2', '[web1]:2223', 'a.wild.org', 'not.wild.org', 'wild.org'])(
    'finds %s in a plain file exactly when ssh-keygen -F does',
    async (name) => {
      expect(await found(plain, name)).toBe(keygenFinds(plain, name));
    },
  );

  it('finds the names that ssh-keygen -H has hashed, and no others', async () => {
    const lines = await new KnownHostsFiles([hashed], { write: () => {} }).lines();
    expect(lines).toHaveLength(names.length);
    expect(lines.every((l) => l.names.startsWith('|1|'))).toBe(true);
    for (const name of names) expect(await found(hashed, name)).toBe(true);
    expect(await found(hashed, 'web2')).toBe(false);
  });
});

describe('known_hosts files', () => {
  it('are read again when they change, and a missing one is empty', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'frostline-known-'));
    const logged: string[] = [];
    const file = join(dir, 'known_hosts');
    const files = new KnownHostsFiles([file, join(dir, 'nothing')], {
      write: (_level, text) => logged.push(text),
    });
    expect(await files.lines()).toEqual([]);
    writeFileSync(file, `${line('web1')}\n`);
    expect(await files.lines()).toHaveLength(1);
    writeFileSync(file, `${line('web1')}\n${line('web2')}\n`);
    expect(await files.lines()).toHaveLength(2);
    expect(logged).toEqual([]);
    rmSync(dir, { recursive: true });
  });

  it('that are folders are left out with a warning', async () => {
    const logged: string[] = [];
    const files = new KnownHostsFiles([tmpdir()], { write: (_level, text) => logged.push(text) });
    expect(await files.lines()).toEqual([]);
    expect(logged).toHaveLength(1);
  });
});
