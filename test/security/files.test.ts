/** Files that others wrote: inventories made to keep the console busy, and a data folder somebody else may write to. */
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readInventory } from '../../main/core/fleet/import/read.ts';
import { newToken, readPresence, writePresence } from '../../main/shells/process/folder.ts';
import { NewHost } from '../../shared/model/host.ts';

const many = (count: number, line: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join('\n');

// The largest text an import takes is 4,000,000 characters. Each of these took minutes or forever before; none is an inventory.
describe('an inventory made to keep the console busy', () => {
  const cases: [string, string, 'ssh-config' | 'ansible' | 'csv' | undefined][] = [
    ['empty lines', '\n'.repeat(4_000_000), undefined],
    ['blanks', ' '.repeat(4_000_000), undefined],
    ['one word over and over', 'name '.repeat(800_000), undefined],
    ['hosts and patterns', many(100_000, (i) => `Host h${i} *a${i}*`), 'ssh-config'],
    ['a pattern without end', `Host ${'*a'.repeat(1_000_000)}b ${'a'.repeat(1_000_000)}`, 'ssh-config'],
    [
      'groups around every host',
      `${many(9000, (i) => `h${i}`)}\n${many(200_000, (i) => `[g${i}]\nh0`)}`,
      'ansible',
    ],
    ['groups in groups', `[g0]\na\n${many(60_000, (i) => `[g${i + 1}:children]\ng${i}`)}`, 'ansible'],
    ['the same range again', many(100_000, () => 'h[1:9999]'), 'ansible'],
    ['a million rows', `name\n${many(600_000, (i) => `h${i}`)}`, 'csv'],
  ];
  test.each(cases)('%s: refused', (_what, text, format) => {
    const read = readInventory(text, 'hosts', format);
    expect(read).toMatchObject({ ok: false, error: { code: expect.stringMatching(/^input\./) } });
  });

  test('members of every object are names like others, and no prototype is set', () => {
    const read = readInventory('name,tags\nconstructor,__proto__=x constructor=y\n', 'a.csv', 'csv');
    if (!read.ok) throw new Error(read.error.message);
    const [candidate] = read.value.candidates;
    const host = NewHost.safeParse({ ...candidate, user: 'root', auth: { kind: 'agent' } });
    if (host.success) expect(Object.getPrototypeOf(host.data.tags)).toBe(Object.prototype);
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
    expect('x' in {}).toBe(false);
  });
});

describe.skipIf(process.getuid?.() !== 0)('a data folder that others may write to', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'frostline-folder-'));
    chmodSync(dir, 0o777);
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));
  const presence = () => ({ pid: 1, socket: '/tmp/theirs.sock', token: newToken(), build: 'b' });

  test('is believed about our own host process', () => {
    writePresence(dir, presence());
    expect(readPresence(dir)).not.toBeNull();
  });

  test('is not believed about somebody else’s: it would be handed the passphrase', () => {
    const file = join(dir, 'host.json');
    writeFileSync(file, JSON.stringify(presence()));
    chownSync(file, 65534, 65534);
    expect(readPresence(dir)).toBeNull();
  });
});
