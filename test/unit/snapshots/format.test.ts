import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { canonicalJson, contentHash } from '../../../main/core/snapshots/canonical.ts';
import { RevisionContent } from '../../../shared/model/snapshot.ts';
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
const canonical = /```text title="revision 1, canonical"\n(.*)\n```/.exec(document)?.[1];
const announced = /with `head` `(sha256:[0-9a-f]{64})`/.exec(document)?.[1] ?? '';

const file = (revisions = vectors.map((vector) => vector.content)): string =>
  JSON.stringify({ format: 'frostline.exchange/1', head: announced, revisions, signatures: [] });
const verify = async (text: string) => setUp().service.verify({ text });

describe('the documented format', () => {
  test('has three vectors', () =>
    expect(vectors.map((vector) => vector.title)).toEqual(['revision 1', 'revision 2', 'revision 3']));

  test.each(vectors)('$title has the id it says', ({ content, id }) => {
    expect(contentHash(content, nodeHasher)).toBe(id);
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
