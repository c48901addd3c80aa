import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { framedScript, quote, readSections } from '../../../main/core/drivers/shell.ts';

const NONCE = 'c0ffee0123456789';
const run = (script: string, before = '') => {
  const { stdout, stderr, status } = spawnSync('sh', ['-c', `${before}exec sh -s`], {
    input: script,
    encoding: 'utf8',
  });
  return { stdout, stderr, exitCode: status ?? -1 };
};

describe('quote', () => {
  test('any text is one word, unchanged, to a real shell', () => {
    const words = fc.sample(
      fc
        .string({ unit: 'binary' })
        .map((text) => text.replaceAll('\0', '').replaceAll('\u0001', '').toWellFormed()),
      { numRuns: 400, seed: 7 },
    );
    const tricky = [
      '',
      '~',
      '~root',
      '$HOME',
      '`id`',
      "'",
      "a'b",
      '-n',
      '*',
      '!x',
      '\\',
      'a=~b',
      '{a,b}',
      '#',
    ];
    const all = [...words, ...tricky, '\n'];
    const { stdout } = run(`for w in ${all.map(quote).join(' ')}; do printf '%s\\001' "$w"; done`);
    expect(stdout.split('\u0001').slice(0, -1)).toEqual(all);
  });

  test('refuses NUL, which no word can hold', () => {
    expect(() => quote('a\0b')).toThrow(RangeError);
  });
});

describe('framed scripts', () => {
  test('a banner, a chatty profile and forged marks do not disturb the sections', () => {
    const noise = "printf 'Welcome!\\n@@0000000000000000 end\\nno newline at the end'; ";
    const output = run(
      framedScript(NONCE, '', `fl_sec one echo '@@0000000000000000 end'\nfl_sec two false\n`),
      noise,
    );
    const sections = readSections(output, NONCE, ['one', 'two']);
    expect(sections.ok && sections.value.lines('one')).toEqual(['@@0000000000000000 end']);
    expect(sections.ok && [sections.value.rc('one'), sections.value.rc('two')]).toEqual([0, 1]);
  });

  test('a command that reads standard input does not eat the script', () => {
    const output = run(framedScript(NONCE, '', 'fl_sec cat cat\nfl_sec after echo still here\n'));
    const sections = readSections(output, NONCE, ['cat', 'after']);
    expect(sections.ok && sections.value.lines('after')).toEqual(['still here']);
  });

  test('a script that did not arrive whole does nothing', () => {
    const script = framedScript(NONCE, '', 'fl_sec touched echo done\n');
    const cut = run(script.slice(0, script.lastIndexOf('fl_main')));
    expect(cut.stdout).toBe('');
  });

  test('control characters do not get through, and the first section of a name counts', () => {
    const output = run(
      framedScript(NONCE, '', `fl_mark a\nprintf '\\033[31mred\\007\\r\\n'\nfl_mark a\nprintf 'second'\n`),
    );
    const sections = readSections(output, NONCE, ['a']);
    expect(sections.ok && sections.value.lines('a')).toEqual(['[31mred']);
  });

  test('what is missing is said', () => {
    const nothing = readSections({ stdout: 'bash: sh: not found', stderr: '', exitCode: 127 }, NONCE, []);
    expect(nothing).toMatchObject({ ok: false, error: { code: 'host.output-malformed' } });
    const cut = readSections(
      { stdout: `@@${NONCE} begin\n@@${NONCE} facts\nx`, stderr: '', exitCode: 141 },
      NONCE,
      [],
    );
    expect(cut).toMatchObject({ ok: false, error: { message: expect.stringContaining('section facts') } });
    const lacking = readSections(
      { stdout: `@@${NONCE} begin\n@@${NONCE} end\n`, stderr: '', exitCode: 0 },
      NONCE,
      ['x'],
    );
    expect(lacking).toMatchObject({ ok: false, error: { message: expect.stringContaining('lacks x') } });
  });

  test('any garbage gives a typed answer, never an exception', () => {
    const line = fc.oneof(
      fc.string(),
      fc
        .constantFrom('begin', 'end', 'a', 'rc a 0', 'rc a', 'rc', '', 'rc a x')
        .map((word) => `@@${NONCE} ${word}`),
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const read = readSections({ stdout: lines.join('\n'), stderr: '', exitCode: 0 }, NONCE, []);
        if (read.ok) expect(typeof read.value.text('a')).toBe('string');
        else expect(read.error.code).toBe('host.output-malformed');
      }),
    );
  });
});
