/** A host that says whatever it likes: it ends as a failed or partial result of that host, and costs no one else anything. */
import { describe, expect, test } from 'vitest';
import { aptDriver } from '../../main/core/drivers/apt/driver.ts';
import { readPolicies, readTransaction } from '../../main/core/drivers/apt/transaction.ts';
import { plainLine, plainText } from '../../main/core/drivers/shell.ts';
import { cleanLine } from '../../main/core/runs/follow.ts';
import { createSoftBuffer } from '../../main/core/runs/soft.ts';
import { RunEvent } from '../../shared/model/run.ts';

const MEMBERS = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__'];

describe('a progress line', () => {
  test.each(MEMBERS)('names no phase by %s, a member of every object', (word) => {
    expect(aptDriver.progress(`frostline:1:1:phase:${word}`)).toBeNull();
    expect(aptDriver.progress(`${word}:a:50:b`)).toBeNull();
  });

  test('is one that can be stored and told, or none', () => {
    const words = [
      ...MEMBERS,
      '',
      ':',
      '1e999',
      '-1',
      '99999999',
      '\u202e',
      'a'.repeat(5000),
      'dpkg-exec',
      '100.0',
    ];
    for (const kind of ['phase', 'wait', 'pmstatus', 'dlstatus', 'pmerror', 'pmconffile', ...MEMBERS])
      for (const a of words)
        for (const b of words) {
          const progress = aptDriver.progress(`frostline:9999:1:${kind}:${a}:${b}:x`);
          if (progress === null) continue;
          const event = {
            seq: 1,
            run: '00000000-0000-0000-0000-000000000000',
            at: '2026-11-23T00:00:00.000Z',
            type: 'task.progress',
            host: 'web-1',
            ...progress,
          };
          expect(RunEvent.safeParse(event).success, `${kind}:${a}:${b}`).toBe(true);
        }
  });

  test('changes at most so often between two commits', () => {
    const soft = createSoftBuffer();
    for (let i = 0; i < 100_000; i++) soft.progress('e', { phase: `p${i}`, percent: 0 });
    const inputs = soft.inputs('2026-11-23T00:00:00.000Z');
    expect(inputs.length).toBeLessThanOrEqual(200);
    expect(inputs.at(-1)).toMatchObject({ progress: { phase: 'p99999' } });
  });
});

describe('text', () => {
  const turned = 'evil\u202etxt.exe\u2066\u2069 \u009b31m\u001b]0;title\u0007';
  test('turns no direction and controls no terminal', () => {
    for (const clean of [plainText(turned), plainLine(turned), cleanLine(turned)])
      expect(clean).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
  });
  test('cut short is still Unicode, so that a plan can be hashed', () => {
    expect(plainLine(`${'a'.repeat(299)}😀`).isWellFormed()).toBe(true);
    expect(cleanLine(`${'a'.repeat(3999)}😀`).isWellFormed()).toBe(true);
  });
});

// Each of these took minutes or forever: the sizes are those of one answer (32 MiB), the proof is that the test ends.
describe('an answer made to keep the console busy', () => {
  test('a version offered by a million repositories', () => {
    const policies = readPolicies(`a:\n  Candidate: 1\n     1 500\n${'        500 x y\n'.repeat(1_000_000)}`);
    expect(policies.get('a')?.offered.get('1')).toHaveLength(50);
  });

  test('a transaction of a million packages is told to be too large', () => {
    const found = readTransaction(
      Array.from({ length: 1_000_000 }, (_, i) => `Inst a${i} (1 D [amd64])`).join('\n'),
    );
    expect(found.installs.length).toBeLessThan(20_100);
    expect(found.errors.at(-1)).toMatch(/more than 20000/);
  });

  test('a scan with as many packages and updates as fit', () => {
    const nonce = 'ba5eba11deadbeef';
    const names = Array.from({ length: 60_000 }, (_, i) => `package-${i}`);
    const section = (name: string, text: string, rc = 0) =>
      `\n@@${nonce} ${name}\n${text}\n@@${nonce} rc ${name} ${rc}\n`;
    const kept = `The following packages have been kept back:\n${names.map((name) => ` ${name}`).join('\n')}\n`;
    const stdout = [
      `\n@@${nonce} begin\n`,
      section('host', 'hostname\tx\nkernel\t6.1.0\narch\tamd64\nnow\t1\nbootid\tb\nuptime\t1 1'),
      section('mounts', `/\t/dev/a 1 1 ${'9'.repeat(30)} 1% /`),
      section('lock', ''),
      section('reboot', ''),
      section('audit', ''),
      section('inventory', names.map((name) => `${name}\t1\tii \tamd64\t${name}\t1\t1`).join('\n')),
      section('auto', names.join('\n')),
      section('full', `${kept}${names.map((name) => `Inst ${name} [1] (2 D [amd64])`).join('\n')}`),
      section('plain', `${kept}`),
      section('unheld', kept),
      section(
        'policy',
        names.map((name) => `${name}:\n  Candidate: 2\n     2 500\n        500 x y`).join('\n'),
      ),
      `\n@@${nonce} end\n`,
    ].join('');
    const read = aptDriver.parseScan(
      { stdout, stderr: '', exitCode: 0 },
      { nonce, startedAt: 0, finishedAt: 0 },
    );
    expect(read).toMatchObject({ ok: true });
    if (read.ok) expect(read.value.partial).toMatch(/more than 20000/);
  });
});
