import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { canonicalJson, contentHash } from '../../../main/core/snapshots/canonical.ts';
import { occurrencesOf } from '../../../main/core/snapshots/recurrence.ts';
import { Recurrence, RevisionContent } from '../../../shared/model/snapshot.ts';
import { nodeHasher } from '../../support/ports.ts';
import { bad, good, setUp } from './support.ts';

/** The vectors of the documented format are what is tested: a change of one without the other fails. */
const document = readFileSync(new URL('../../../docs/snapshot-format.md', import.meta.url), 'utf8');
const vectors = [
  ...document.matchAll(/```json title="(revision \d)"\n([\s\S]*?)\n```\n\nIts id: `(sha256:[0-9a-f]{64})`/g),
].map(([, title = '', json = '', id = '']) => ({
  title,
  id,
  content: RevisionContent.parse(JSON.parse(json)),
}));
const byRules = /```json title="by rules"\n([\s\S]*?)\n```\n\nIts id: `(sha256:[0-9a-f]{64})`/.exec(document);
const canonical = /```text title="revision 1, canonical"\n(.*)\n```/.exec(document)?.[1];
const announced = /with `head` `(sha256:[0-9a-f]{64})`/.exec(document)?.[1] ?? '';

const file = (revisions = vectors.map((vector) => vector.content)): string =>
  JSON.stringify({ format: 'frostline.exchange/1', head: announced, revisions, signatures: [] });
const verify = async (text: string) => setUp().service.verify({ text });

const titled = (title: string): { json: string; id: string } => {
  const blocks = document.matchAll(
    /```json title="([^"]*)"\n([\s\S]*?)\n```(?:\n\nIts id: `(sha256:[0-9a-f]{64})`)?/g,
  );
  const [, , json = '', id = ''] = [...blocks].find(([, name]) => name === title) ?? [];
  return { json, id };
};

describe('the documented format', () => {
  test('has three vectors', () =>
    expect(vectors.map((vector) => vector.title)).toEqual(['revision 1', 'revision 2', 'revision 3']));

  test.each(vectors)('$title has the id it says', ({ content, id }) => {
    expect(contentHash(content, nodeHasher)).toBe(id);
  });

  test('a revision made by rules has the id it says, and holds what it says and no more', () => {
    const [, json = '', id = ''] = byRules ?? [];
    const content = RevisionContent.parse(JSON.parse(json));
    expect(contentHash(content, nodeHasher)).toBe(id);
    expect(content).toEqual(JSON.parse(json));
    expect(RevisionContent.safeParse({ ...content, rules: [{ ...content.rules[0], odd: 1 }] }).success).toBe(
      false,
    );
  });

  test('and the canonical form it says', () => {
    expect(canonicalJson(vectors[0]?.content)).toBe(canonical);
  });

  test('the file of the three is sound', async () => {
    const verified = good(await verify(file()));
    expect(verified).toMatchObject({ ok: true, fresh: 3, outcome: 'new-line' });
    expect(verified.revisions.map((one) => one.state)).toEqual(['draft', 'thawed', 'thawed']);
  });

  test('and each change of it is refused as it says', async () => {
    const contents = vectors.map((vector) => vector.content);
    const [first, second, third] = contents;
    if (first === undefined || second === undefined || third === undefined)
      throw new Error('vectors missing');
    const code = async (text: string) => bad(await verify(text)).code;
    for (const index of [0, 1, 2]) {
      const changed = contents.map(
        (content, i): RevisionContent =>
          i === index
            ? JSON.parse(JSON.stringify(content).replace('3.0.15-1~deb12u1', '3.0.15-1~deb12u2'))
            : content,
      );
      expect(await code(file(changed))).toBe('exchange.tampered');
    }
    expect(await code(file([first, third]))).toBe('exchange.broken-chain');
    expect(await code(file([second, third]))).toBe('exchange.broken-chain');
    expect(await code(file().slice(0, -1))).toBe('exchange.malformed');
    expect(await code(file().replace('frostline.exchange/1', 'frostline.exchange/2'))).toBe(
      'exchange.unknown-version',
    );
  });
});

describe('freezes that recur, and exceptions', () => {
  const recurring = titled('recurring freeze');
  const exception = titled('exception');
  const contents = [recurring, exception].map(({ json }) => RevisionContent.parse(JSON.parse(json)));
  const first = vectors[0]?.content;

  test('have the ids it says', () => {
    expect(contents.map((content) => contentHash(content, nodeHasher))).toEqual([recurring.id, exception.id]);
  });

  test('make a sound file', async () => {
    const revisions = [first, ...contents];
    const text = JSON.stringify({
      format: 'frostline.exchange/1',
      head: exception.id,
      revisions,
      signatures: [],
    });
    const { revisions: shown } = good(await verify(text));
    expect(shown.map(({ state }) => state)).toEqual(['draft', 'frozen', 'frozen']);
    expect(shown.map(({ exceptions }) => exceptions?.map(({ name }) => name))).toEqual([
      undefined,
      ['sudo'],
      ['sudo'],
    ]);
  });

  test.each<[string, (content: RevisionContent) => object]>([
    ['continues with other entries', (c) => ({ ...c, entries: c.entries.slice(1) })],
    ['continues what is no freeze', (c) => ({ ...c, continues: vectors[0]?.id })],
    ['has exceptions without a freeze', ({ continues: _, ...c }) => c],
    ['continues without an exception', (c) => ({ ...c, exceptions: [] })],
    ['excepts one package twice', (c) => ({ ...c, exceptions: [...c.exceptions, ...c.exceptions] })],
    ['is frozen besides', (c) => ({ ...c, freeze: contents[0]?.freeze })],
  ])('a revision that %s is refused', async (_, change) => {
    const [frozen, excepting] = contents;
    if (excepting === undefined) throw new Error('vectors missing');
    const changed = change(excepting);
    const text = JSON.stringify({
      format: 'frostline.exchange/1',
      head: contentHash(changed, nodeHasher),
      revisions: [first, frozen, changed],
      signatures: [],
    });
    expect(bad(await verify(text)).code).toBe('exchange.malformed');
  });

  test.each<[string, object]>([
    ['by the second', { rule: 'FREQ=SECONDLY', exclude: [] }],
    ['at other times than its own', { rule: 'FREQ=WEEKLY;BYDAY=FR;BYHOUR=3', exclude: [] }],
    ['not when it begins', { rule: 'FREQ=WEEKLY;BYDAY=MO', exclude: [] }],
    ['before it is over', { rule: 'FREQ=DAILY', exclude: [] }],
    ['but not on a day on which it does not', { rule: 'FREQ=WEEKLY', exclude: ['2026-12-24'] }],
  ])('a freeze that recurs %s is refused', async (_, recurrence) => {
    const [frozen] = contents;
    const changed = { ...frozen, freeze: { ...frozen?.freeze, recurrence } };
    const text = JSON.stringify({
      format: 'frostline.exchange/1',
      head: contentHash(changed, nodeHasher),
      revisions: [first, changed],
      signatures: [],
    });
    expect(bad(await verify(text)).code).toBe('exchange.malformed');
  });

  const Window = z.object({
    from: z.string(),
    to: z.string(),
    zone: z.string(),
    recurrence: Recurrence,
    count: z.int(),
    first: z.array(z.tuple([z.string(), z.string()])),
  });
  test.each(z.array(Window).parse(JSON.parse(titled('windows').json)))(
    'windows of $recurrence.rule in $zone from $from',
    ({ count, first: windows, ...span }) => {
      const all = good(occurrencesOf(span));
      const instant = (at: number) => new Date(at).toISOString();
      expect(all).toHaveLength(count);
      expect(all.slice(0, 3).map(({ from, to }) => [instant(from), instant(to)])).toEqual(windows);
    },
  );
});
