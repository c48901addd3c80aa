/** Files between hosts and the console's store, over a line that breaks anywhere, from and to hosts that may lie. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Expected } from '../../../main/core/artefacts/ports.ts';
import { PullReader, pullArtefact, pullCommand } from '../../../main/core/artefacts/pull.ts';
import {
  base64Lines,
  PIECE_BYTES,
  parsePush,
  pushArtefact,
  pushCommand,
} from '../../../main/core/artefacts/push.ts';
import { parseSeek, seekCommand } from '../../../main/core/artefacts/seek.ts';
import { frostError } from '../../../shared/errors.ts';
import { createMemoryArtefacts } from '../../support/memoryArtefacts.ts';
import { createRig, KEY, LOST, type Rig, sha256, TOKEN } from './rig.ts';

const signal = new AbortController().signal;
const NONCE = '0123456789abcdef';
/** What would be a frame's end or beginning, if its nonce were guessed; NUL and everything else beside it. */
const CONTENT = Buffer.concat([
  Buffer.from('\n@@0000000000000001 end\n@@0000000000000001 data 0 4\n\0'),
  Buffer.from(Array.from({ length: 40 }, (_, i) => i * 6)),
]);

const expecting = (content: Uint8Array, rest: Partial<Expected> = {}): Expected => ({
  key: KEY,
  bytes: content.length,
  hash: { sha256: sha256(content) },
  source: 'host',
  from: 'web-1',
  ...rest,
});
const pull = (rig: Rig, path: string, pool = createMemoryArtefacts(), expected = expecting(CONTENT)) =>
  pullArtefact(rig.ask, pool, rig.tools, { expected, path, root: false, signal });

describe('a file of a host into the store', () => {
  test('arrives byte for byte, whatever stands in it and however its path is written', async () => {
    const rig = createRig();
    const path = rig.put("od$d 'n`ame\n.deb", CONTENT);
    const pool = createMemoryArtefacts();
    const pulled = await pull(rig, path, pool);
    expect(pulled).toMatchObject({ ok: true, value: { ...KEY, sha256: sha256(CONTENT), from: 'web-1' } });
    expect(Buffer.from(pool.files.get(sha256(CONTENT)) ?? [])).toEqual(CONTENT);
  });

  test('goes on where it was, at whichever byte of the answer the line breaks', async () => {
    const rig = createRig(1000);
    const path = rig.put('x.deb', CONTENT);
    // The answer is some 180 bytes: every one up to the file's first, then here and there in it and in the mark after it.
    for (let after = 0; after <= 190; after += after < 64 ? 1 : 9) {
      const pool = createMemoryArtefacts();
      rig.cuts = [{ after }];
      const pulled = await pull(rig, path, pool);
      expect(pulled.ok, `cut after ${after} bytes`).toBe(true);
      expect(Buffer.from(pool.files.get(sha256(CONTENT)) ?? [])).toEqual(CONTENT);
    }
  }, 60_000);

  test('fetches no byte twice', async () => {
    const rig = createRig(1);
    const path = rig.put('x.deb', CONTENT);
    rig.cuts = [{ after: 100 }, { after: 80 }];
    expect((await pull(rig, path)).ok).toBe(true);
    const offsets = rig.scripts.map((script) => Number(/data (\d+) /.exec(script)?.[1]));
    expect(offsets).toHaveLength(3);
    expect(offsets[0]).toBe(0);
    expect(offsets[1]).toBeGreaterThan(0);
    expect(offsets[2]).toBeGreaterThan(offsets[1] ?? 0);
  });

  test('gives up after some tries that bring nothing, and keeps what had come', async () => {
    const rig = createRig(1);
    const path = rig.put('x.deb', CONTENT);
    const pool = createMemoryArtefacts();
    rig.cuts = [{ after: 120 }, ...Array.from({ length: 9 }, () => ({ before: true }) as const)];
    expect(await pull(rig, path, pool)).toEqual({ ok: false, error: LOST });
    expect(rig.scripts.length).toBeLessThan(7);
    const before = rig.scripts.length;
    rig.cuts = [];
    expect((await pull(rig, path, pool)).ok).toBe(true);
    expect(Number(/data (\d+) /.exec(rig.scripts[before] ?? '')?.[1])).toBeGreaterThan(0);
  });

  test('another content than announced is not taken, and the next try begins anew', async () => {
    const rig = createRig();
    const lie = Buffer.from(CONTENT);
    lie[70] = (lie[70] ?? 0) ^ 1;
    const path = rig.put('x.deb', lie);
    const pool = createMemoryArtefacts();
    expect(await pull(rig, path, pool)).toMatchObject({ ok: false, error: { code: 'store.damaged' } });
    expect(pool.size().bytes).toBe(0);
    rig.put('x.deb', CONTENT);
    expect((await pull(rig, path, pool)).ok).toBe(true);
  });

  test('a file that is gone, or of another size, is said to be', async () => {
    const rig = createRig();
    expect(await pull(rig, rig.file('none'))).toMatchObject({
      error: { code: 'host.output-malformed', message: expect.stringContaining('not there') },
    });
    const path = rig.put('x.deb', Buffer.concat([CONTENT, CONTENT]));
    expect(await pull(rig, path)).toMatchObject({
      error: { code: 'host.output-malformed', message: expect.stringContaining('another size') },
    });
    expect(rig.scripts).toHaveLength(2);
  });

  test('a host that sends more, another place or nonsense gets no more than the announced bytes in', () => {
    const feed = (text: string, expected = { offset: 0, bytes: 4 }) => {
      const got: number[] = [];
      const reader = new PullReader(NONCE, expected, (bytes) => {
        got.push(...bytes);
        return true;
      });
      reader.feed(new TextEncoder().encode(text));
      return { text: String.fromCharCode(...got), complete: reader.complete, refusal: reader.refusal };
    };
    const begin = `banner\n@@${NONCE} begin\n`;
    const more = `\n@@${NONCE} data 0 4\nabcdEFGH${'x'.repeat(100_000)}`;
    expect(feed(begin + more)).toEqual({ text: 'abcd', complete: true, refusal: undefined });
    expect(feed(`@@${NONCE} data 0 4\nabcd`)).toMatchObject({ text: '', complete: false });
    for (const header of [
      'data 1 4',
      'data -1 4',
      'data 0x0 4',
      'data',
      'end',
      'data 0 4e0',
      'data 0 999999999999999',
    ])
      expect(feed(`${begin}@@${NONCE} ${header}\nabcd`)).toMatchObject({ text: '', complete: false });
    expect(feed('y'.repeat(5_000_000)).text).toBe('');
  });

  test('where the disk of the console is full the host is not asked for the rest', async () => {
    const rig = createRig(1);
    const path = rig.put('x.deb', CONTENT);
    const pool = createMemoryArtefacts();
    pool.room = 10;
    expect(await pull(rig, path, pool)).toMatchObject({ ok: false, error: { code: 'store.full' } });
    expect(rig.scripts).toHaveLength(1);
    expect(pool.size()).toEqual({ files: 0, bytes: 0 });
  });

  test('a path is one word of the script, whatever it holds', () => {
    const { script } = pullCommand({ nonce: NONCE, path: "/a'; reboot; '", offset: 0, bytes: 1, root: true });
    expect(script).toContain(`F='/a'\\''; reboot; '\\'''`);
  });
});

describe('a file of the store onto a host', () => {
  const FILE = 'curl_7.88-1_amd64.deb';
  const target = (rig: Rig) => rig.file(`var/lib/frostline/jobs/${TOKEN}/old/${FILE}`);
  const setUp = (content: Uint8Array) => {
    const rig = createRig();
    const pool = createMemoryArtefacts();
    const artefact = pool.put(KEY, content);
    const push = () =>
      pushArtefact(rig.ask, pool, rig.tools, { artefact, place: { token: TOKEN }, file: FILE, signal });
    return { rig, pool, artefact, push };
  };
  const large = randomBytes(2 * PIECE_BYTES + 12_345);

  test('comes in pieces, gets its name only when it is whole, and lies there once', async () => {
    const { rig, push } = setUp(large);
    rig.cuts = [null, { before: true }];
    expect(await push()).toEqual({ ok: true, value: undefined });
    expect(readFileSync(target(rig)).equals(large)).toBe(true);
    expect(readdirSync(join(target(rig), '..'))).toEqual([FILE]);
    // Three pieces, one of them sent again; none is larger than some megabytes.
    expect(rig.scripts).toHaveLength(4);
    expect(Math.max(...rig.scripts.map((script) => script.length))).toBeLessThan(4 * 1024 * 1024);
  });

  test('a piece whose answer is lost is not appended twice', async () => {
    const { rig, push } = setUp(large);
    rig.cuts = [{ after: 0 }, { after: 30 }, { before: true }];
    expect((await push()).ok).toBe(true);
    expect(readFileSync(target(rig)).equals(large)).toBe(true);
  });

  test('goes on at any byte where an earlier push was cut, by a full disk for instance', async () => {
    const content = randomBytes(400);
    for (const there of [0, 1, 56, 57, 58, 399, 400, 401]) {
      const { rig, artefact, push } = setUp(content);
      mkdirSync(join(target(rig), '..'), { recursive: true });
      const part = join(target(rig), '..', `.${artefact.sha256}.part`);
      writeFileSync(part, there > 400 ? Buffer.alloc(there) : content.subarray(0, there));
      expect((await push()).ok, `${there} bytes are there`).toBe(true);
      expect(readFileSync(target(rig)).equals(content)).toBe(true);
    }
  });

  test('what lies there broken is begun anew once; a host on which it breaks again is given up', async () => {
    const content = randomBytes(400);
    const { rig, artefact, push } = setUp(content);
    mkdirSync(join(target(rig), '..'), { recursive: true });
    const part = join(target(rig), '..', `.${artefact.sha256}.part`);
    writeFileSync(part, Buffer.alloc(399));
    expect((await push()).ok).toBe(true);
    expect(readFileSync(target(rig)).equals(content)).toBe(true);

    const liar = setUp(content);
    const ask: Rig['ask'] = async (spec, options) => {
      const answer = await liar.rig.ask(spec, options);
      const nonce = /^N=(\w+)$/m.exec(spec.script)?.[1] ?? '';
      return answer.ok
        ? {
            ok: true,
            value: {
              ...answer.value,
              stdout: `@@${nonce} begin\n@@${nonce} at\n400\n@@${nonce} wrong\n@@${nonce} end\n`,
            },
          }
        : answer;
    };
    expect(
      await pushArtefact(ask, liar.pool, liar.rig.tools, {
        artefact: liar.artefact,
        place: { token: TOKEN },
        file: FILE,
        signal,
      }),
    ).toMatchObject({ ok: false, error: { code: 'host.output-malformed' } });
    expect(liar.rig.scripts).toHaveLength(2);
  });

  test('a damaged file of the store is never sent', async () => {
    const { rig, pool, artefact, push } = setUp(randomBytes(400));
    pool.files.set(artefact.sha256, randomBytes(400));
    expect(await push()).toMatchObject({ ok: false, error: { code: 'store.damaged' } });
    expect(rig.scripts).toEqual([]);
  });

  test('a host that never takes a byte is given up', async () => {
    const { rig, push } = setUp(randomBytes(400));
    mkdirSync(join(target(rig), '..', '..'), { recursive: true });
    writeFileSync(join(target(rig), '..'), 'a file where the folder belongs');
    expect(await push()).toMatchObject({ ok: false, error: { code: 'host.command-failed' } });
    rig.cuts = Array.from({ length: 20 }, () => ({ before: true }) as const);
    expect(await push()).toEqual({ ok: false, error: LOST });
    expect(rig.pauses).toBeLessThan(5);
  });

  test('one that is there already is not sent again', async () => {
    const content = randomBytes(3 * PIECE_BYTES);
    const { rig, push } = setUp(content);
    rig.put(`var/lib/frostline/jobs/${TOKEN}/old/${FILE}`, content);
    expect((await push()).ok).toBe(true);
    expect(rig.scripts).toHaveLength(1);
  });

  test('a full or read-only disk of the host is told by its name', () => {
    const say = (stderr: string, mark = 'unwritten') =>
      parsePush(
        {
          stdout: `@@${NONCE} begin\n@@${NONCE} ${mark}\n@@${NONCE} at\n0\n@@${NONCE} end\n`,
          stderr,
          exitCode: 0,
        },
        { nonce: NONCE, bytes: 9 },
      );
    expect(say('base64: write error: No space left on device')).toMatchObject({
      error: { code: 'host.disk-full' },
    });
    expect(say('sh: x: Read-only file system')).toMatchObject({ error: { code: 'host.read-only' } });
    for (const at of ['-1', '10', '1e3', '', 'NaN', '99999999999999999999'])
      expect(
        parsePush(
          { stdout: `@@${NONCE} begin\n@@${NONCE} at\n${at}\n@@${NONCE} end\n`, stderr: '', exitCode: 0 },
          { nonce: NONCE, bytes: 9 },
        ),
        at,
      ).toMatchObject({ error: { code: 'host.output-malformed' } });
  });

  test('no name leads out of the folder', () => {
    const base = {
      nonce: NONCE,
      place: { token: TOKEN },
      sha256: sha256(CONTENT),
      bytes: 1,
      offset: 0,
      piece: CONTENT,
    };
    for (const file of ['../../../etc/shadow', '/etc/shadow', '.hidden', 'a/b'])
      expect(() => pushCommand({ ...base, file })).toThrow(RangeError);
    expect(() => pushCommand({ ...base, file: 'x.deb', place: { token: '../x' } })).toThrow(RangeError);
    expect(() => pushCommand({ ...base, file: 'x.deb', sha256: '$(reboot)' })).toThrow(RangeError);
  });

  test('base64 as every decoder reads it', () => {
    for (const length of [0, 1, 2, 56, 57, 58, 1000]) {
      const bytes = randomBytes(length);
      const text = base64Lines(bytes);
      expect(Buffer.from(text, 'base64').equals(bytes)).toBe(true);
      expect(Math.max(0, ...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(76);
    }
  });
});

describe('looking for artefacts on a host', () => {
  const places = ['/var/cache/*/archives'];
  const seek = async (rig: Rig, files: string[]) => {
    const output = await rig.ask(seekCommand({ nonce: NONCE, places, files, root: false }));
    if (!output.ok) throw new Error(output.error.message);
    return parseSeek(output.value, { nonce: NONCE, wanted: files });
  };

  test('finds them by name, in the folders of the manager and of earlier jobs, with size and hash', async () => {
    const rig = createRig();
    const one = rig.put('var/cache/apt/archives/a_1_all.deb', CONTENT);
    const two = rig.put('var/lib/frostline/jobs/x-1/old/b_2_all.deb', Buffer.from('two'));
    rig.put('var/cache/apt/archives/empty_1_all.deb', Buffer.alloc(0));
    rig.put('var/cache/apt/archives/partial/c_1_all.deb', CONTENT);
    expect(await seek(rig, ['a_1_all.deb', 'b_2_all.deb', 'empty_1_all.deb', 'c_1_all.deb'])).toEqual({
      ok: true,
      value: [
        { wanted: 'a_1_all.deb', path: one, bytes: CONTENT.length, sha256: sha256(CONTENT) },
        { wanted: 'b_2_all.deb', path: two, bytes: 3, sha256: sha256(Buffer.from('two')) },
      ],
    });
  });

  test('leaves out what is not an answer to the question', () => {
    const hash = 'a'.repeat(64);
    const lines = [
      `0\t5\t${hash}\t/fine`,
      `7\t5\t${hash}\t/no-such-question`,
      `0\t-5\t${hash}\t/x`,
      `0\t0\t${hash}\t/x`,
      `0\t5\t${hash}x\t/x`,
      `0\t5\t${hash}\trelative`,
      `0\t5\t${hash}\t/${'x'.repeat(5000)}`,
      `__proto__\t5\t${hash}\t/x`,
      'nonsense',
    ];
    const stdout = `@@${NONCE} begin\n@@${NONCE} found\n${lines.join('\n')}\n@@${NONCE} rc found 0\n@@${NONCE} end\n`;
    expect(parseSeek({ stdout, stderr: '', exitCode: 0 }, { nonce: NONCE, wanted: ['w'] })).toEqual({
      ok: true,
      value: [{ wanted: 'w', path: '/fine', bytes: 5, sha256: hash }],
    });
  });
});

test('a push that is cancelled ends, and leaves nothing under the name', async () => {
  const rig = createRig();
  const pool = createMemoryArtefacts();
  const artefact = pool.put(KEY, randomBytes(400));
  const cancelled = frostError('cancelled', 'by the operator');
  const pushed = await pushArtefact(async () => ({ ok: false, error: cancelled }), pool, rig.tools, {
    artefact,
    place: { token: TOKEN },
    file: 'x.deb',
    signal,
  });
  expect(pushed).toEqual({ ok: false, error: cancelled });
  expect(existsSync(rig.file('var/lib/frostline'))).toBe(false);
});
