/** The chain: what is done to a log after it was written is found, and at the right line. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chainLine, createAuditVerifier, EMPTY_HEAD } from '../../../main/core/audit/chain.ts';
import { canonicalJson, contentHash } from '../../../main/core/snapshots/canonical.ts';
import { AUDIT_GENESIS, type AuditLine, type AuditRecord } from '../../../shared/model/audit.ts';
import { nodeHasher } from '../../support/ports.ts';

const record = (n: number): AuditRecord => ({
  at: `2026-11-23T14:00:${String(n % 60).padStart(2, '0')}.000Z`,
  actor: 'cli',
  account: 'anna',
  action: 'hosts.add',
  outcome: 'done',
  detail: `{"host":{"name":"h${n}"}}`,
});

const logOf = (records: AuditRecord[]): string[] => {
  let head = EMPTY_HEAD;
  return records.map((one) => {
    const { line, text } = chainLine(one, head, nodeHasher);
    head = line;
    return text;
  });
};
const log = (n: number): string[] => logOf(Array.from({ length: n }, (_, i) => record(i + 1)));

const verify = (lines: (string | undefined)[], expectHead?: string) => {
  const verifier = createAuditVerifier(nodeHasher, expectHead === undefined ? {} : { expectHead });
  for (const line of lines) verifier.push(line);
  return verifier.end();
};
const found = (lines: (string | undefined)[], expectHead?: string) =>
  verify(lines, expectHead).findings.map(({ line, kind }) => `${line} ${kind}`);

const parsed = (text: string | undefined): AuditLine => JSON.parse(text ?? '');
const headOf = (lines: string[]): string => parsed(lines.at(-1)).hash;

/** A line as somebody would forge it who knows the format. */
const sealed = (text: string | undefined, change: Partial<AuditLine>): string => {
  const { hash: _, ...rest } = { ...parsed(text), ...change };
  return canonicalJson({ ...rest, hash: contentHash(rest, nodeHasher) });
};
const without = (lines: string[], ...gone: number[]) => lines.filter((_, i) => !gone.includes(i + 1));

describe('a log that nobody touched', () => {
  it('holds, begins at the genesis, and says its head', () => {
    const lines = log(5);
    expect(parsed(lines[0]).prev).toBe(AUDIT_GENESIS);
    expect(verify(lines)).toEqual({
      ok: true,
      lines: 5,
      head: { seq: 5, hash: headOf(lines) },
      findings: [],
      findingCount: 0,
      open: { count: 0, lines: [] },
    });
  });

  it('has every head that was noted on its way', () => {
    const lines = log(5);
    expect(verify(lines, headOf(lines.slice(0, 3)))).toMatchObject({ ok: true, expectedAt: 3 });
  });

  it('tells the commands that began and have no outcome', () => {
    const of = (outcome: string, begun?: number): AuditRecord => ({
      ...record(1),
      outcome,
      ...(begun === undefined ? {} : { begun }),
    });
    const some = [of('begun'), of('begun'), of('done', 1), of('begun'), of('not-found', 4), of('done')];
    expect(verify(logOf(some))).toMatchObject({ ok: true, open: { count: 1, lines: [2] } });
    const many = Array.from({ length: 150 }, () => of('begun'));
    const { open } = verify(logOf(many));
    expect(open.count).toBe(150);
    expect(open.lines).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
  });

  it('holds whatever it says', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 60 });
    const records = fc.array(
      fc.record({ actor: text, action: text, outcome: text, detail: text }).map((one) => ({
        ...record(1),
        ...one,
      })),
      { minLength: 1, maxLength: 10 },
    );
    fc.assert(
      fc.property(records, (some) => {
        expect(verify(logOf(some)).findings).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});

describe('what was done to a log', () => {
  const lines = log(8);

  it.each([
    ['a changed word', lines.with(3, (lines[3] ?? '').replace('h4', 'h9')), ['4 changed']],
    ['a changed line, sealed anew', lines.with(3, sealed(lines[3], { detail: '{}' })), ['5 not-linked']],
    ['a removed line', without(lines, 4), ['4 missing-before']],
    ['removed lines', without(lines, 4, 5, 6), ['4 missing-before']],
    ['the beginning cut off', lines.slice(2), ['1 beginning-missing']],
    [
      'a copy of a line put in',
      lines.toSpliced(5, 0, lines[2] ?? ''),
      ['6 out-of-order', '7 missing-before'],
    ],
    [
      'two lines that changed places',
      lines.with(2, lines[3] ?? '').with(3, lines[2] ?? ''),
      ['3 missing-before', '4 out-of-order', '5 missing-before'],
    ],
    ['a forged line in place of another', lines.with(7, sealed(lines[7], { actor: 'nobody' })), []],
    [
      'a forged beginning',
      [sealed(lines[0], { prev: parsed(lines[3]).hash }), ...lines.slice(1)],
      ['1 not-linked', '2 not-linked'],
    ],
    ['garbage put in', lines.toSpliced(4, 0, 'x'), ['5 malformed']],
    ['a line cut off', lines.with(7, (lines[7] ?? '').slice(0, -1)), ['8 malformed']],
    ['an empty line', lines.toSpliced(4, 0, ''), ['5 malformed']],
    ['a line that is no text', [...lines.slice(0, 4), undefined, ...lines.slice(4)], ['5 malformed']],
    ['white space', lines.with(1, ` ${lines[1]}`), ['2 malformed']],
    [
      'a name given twice',
      lines.with(1, (lines[1] ?? '').replace('{', '{"account":"mallory",')),
      ['2 malformed'],
    ],
    ['a member more', lines.with(1, (lines[1] ?? '').replace(/}$/, ',"x":1}')), ['2 malformed']],
    ['nothing left of it', [], ['0 empty']],
  ])('%s', (_, changed, expected) => {
    expect(found(changed)).toEqual(expected);
  });

  it('a missing end is seen by whoever noted the head', () => {
    const head = headOf(lines);
    expect(verify(lines, head).ok).toBe(true);
    expect(found(lines.slice(0, 6))).toEqual([]);
    expect(found(lines.slice(0, 6), head)).toEqual(['6 head-missing']);
    // The last line forged is the case that only the head can tell.
    expect(found(lines.with(7, sealed(lines[7], { actor: 'nobody' })), head)).toEqual(['8 head-missing']);
    expect(found([], head)).toEqual(['0 empty', '0 head-missing']);
  });

  it('a log written anew from its middle on is seen by whoever noted the head', () => {
    const [first, second, ...rest] = Array.from({ length: 8 }, (_, i) => record(i + 1));
    if (first === undefined || second === undefined) throw new Error('two at least');
    const forged = logOf([first, { ...second, account: 'nobody' }, ...rest]);
    expect(found(forged)).toEqual([]);
    expect(found(forged, headOf(lines))).toEqual(['8 head-missing']);
  });

  it('tells the first hundred findings, and how many there are', () => {
    const verdict = verify(Array.from({ length: 500 }, () => 'x'));
    expect(verdict.findings).toHaveLength(100);
    expect(verdict.findingCount).toBe(500);
  });

  it('any one character changed, anywhere, is found at its line or at the one after', () => {
    const whole = lines.join('\n');
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 0x20, max: 0x7e }), (at, code) => {
        const put = String.fromCharCode(code);
        fc.pre(whole[at] !== put);
        const changed = `${whole.slice(0, at)}${put}${whole.slice(at + 1)}`.split('\n');
        const verdict = verify(changed);
        const line = whole.slice(0, at).split('\n').length;
        expect(verdict.ok).toBe(false);
        expect([line, line + 1]).toContain(verdict.findings[0]?.line);
      }),
      { numRuns: 500 },
    );
  });

  it('whatever stands in the file, there is an answer', () => {
    const line = fc.oneof(
      fc.constantFrom(...lines),
      fc.string(),
      fc.json(),
      fc.constantFrom('['.repeat(50_000), `"${'a'.repeat(70_000)}"`, '{"__proto__":{}}', 'null', '\ud800'),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (some) => {
        const verdict = verify(some);
        expect(verdict.lines).toBe(some.length);
        expect(verdict.ok).toBe(some.length > 0 && some.every((text, i) => text === lines[i]));
      }),
      { numRuns: 1000 },
    );
  });
});
