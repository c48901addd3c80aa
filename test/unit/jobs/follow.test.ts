import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FollowEvent, FollowReader } from '../../../main/core/jobs/job.ts';

const NONCE = 'feedface01234567';
const bytes = (text: string) => new TextEncoder().encode(text);
const join = (parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

/** What the host's script would send for these pieces of one file. */
function frames(name: 'log' | 'progress', content: Uint8Array, cuts: number[], from = 0): Uint8Array[] {
  const edges = [...new Set([0, ...cuts.map((cut) => cut % (content.length + 1)), content.length])].sort(
    (a, b) => a - b,
  );
  return edges.slice(1).map((edge, i) => {
    const start = edges[i] ?? 0;
    return join([
      bytes(`@@${NONCE} ${name} ${from + start} ${edge - start}\n`),
      content.subarray(start, edge),
      bytes('\n'),
    ]);
  });
}

function feedInChunks(reader: FollowReader, stream: Uint8Array, sizes: number[]): FollowEvent[] {
  const events: FollowEvent[] = [];
  let at = 0;
  for (let i = 0; at < stream.length; i++) {
    const size = Math.max(1, sizes[i % Math.max(1, sizes.length)] ?? 1);
    events.push(...reader.feed(stream.subarray(at, at + size)));
    at += size;
  }
  return events;
}

const logText = (events: FollowEvent[]) =>
  events.map((event) => (event.kind === 'log' ? event.text : '')).join('');

describe('FollowReader', () => {
  test('however the stream is cut, the text, the lines, the end and the last offsets are the same', () => {
    const text = fc.array(fc.constantFrom('a', 'é', '\n', '😀', '@@', ' ', `@@${NONCE} exit 9\n`, '漢'), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(
        text,
        text,
        fc.array(fc.nat(200), { maxLength: 8 }),
        fc.array(fc.nat(40), { minLength: 1, maxLength: 8 }),
        (logParts, progressParts, cuts, sizes) => {
          const log = bytes(logParts.join(''));
          const progress = bytes(progressParts.join(''));
          const stream = join([
            bytes(`Welcome to this host\n@@${NONCE} exit 3\n\n@@${NONCE} begin\n`),
            ...frames('log', log, cuts),
            ...frames('progress', progress, cuts),
            bytes(`@@${NONCE} alive\n@@${NONCE} exit 0\n\n@@${NONCE} end\n`),
          ]);
          const events = feedInChunks(new FollowReader(NONCE), stream, sizes);
          expect(logText(events)).toBe(logParts.join(''));
          expect(events.flatMap((event) => (event.kind === 'progress' ? event.lines : []))).toEqual(
            progressParts
              .join('')
              .split('\n')
              .filter((line) => line !== ''),
          );
          expect(events.at(-1)).toEqual({ kind: 'exit', code: 0 });
          expect(events.filter((event) => event.kind === 'exit')).toHaveLength(1);
          const offsets = events.flatMap((event) => (event.kind === 'log' ? [event.offset] : []));
          expect(offsets.at(-1) ?? 0).toBe(log.length);
        },
      ),
    );
  });

  test('resuming at the offset of the last event loses and repeats nothing, wherever the connection broke', () => {
    const content = bytes('Setting up größe (1.0) ...\nzwei 😀\nhalb');
    const stream = join([bytes(`\n@@${NONCE} begin\n`), ...frames('log', content, [3, 11, 12, 30])]);
    for (let broke = 0; broke <= stream.length; broke++) {
      const before = new FollowReader(NONCE).feed(stream.subarray(0, broke));
      const last = before.at(-1);
      const offset = last?.kind === 'log' ? last.offset : 0;
      const rest = join([
        bytes(`\n@@${NONCE} begin\n`),
        ...frames('log', content.subarray(offset), [7], offset),
        bytes(`@@${NONCE} exit 0\n`),
      ]);
      const after = new FollowReader(NONCE).feed(rest);
      expect(logText(before) + logText(after)).toBe('Setting up größe (1.0) ...\nzwei 😀\nhalb');
    }
  });

  test('text that only looks like a frame, a length that is too large, and another nonce are ignored', () => {
    const reader = new FollowReader(NONCE);
    const events = reader.feed(
      bytes(
        `@@${NONCE} exit 1\n@@${NONCE} begin\n@@${NONCE} log 0 99999999999\n@@${NONCE} log x 5\n@@${NONCE} log 0 -4\n` +
          `@@0000000000000000 exit 2\n${'x'.repeat(5000)}\n@@${NONCE} nonsense\n@@${NONCE} exit 4\n@@${NONCE} exit 5\n`,
      ),
    );
    expect(events).toEqual([{ kind: 'exit', code: 4 }]);
    expect(reader.feed(bytes(`@@${NONCE} alive\n`))).toEqual([]);
  });

  test('any bytes at all: events or nothing, never an exception', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.uint8Array(), fc.constant(bytes(`\n@@${NONCE} begin\n@@${NONCE} log 0 9\n`)))),
        (chunks) => {
          const reader = new FollowReader(NONCE);
          for (const chunk of chunks) expect(Array.isArray(reader.feed(chunk))).toBe(true);
        },
      ),
    );
  });

  test('what overwrites its own line shows its last state; control characters are gone', () => {
    const content = bytes(
      '(Reading database ... 5%\r(Reading database ... 7368 files)\r\n\u001b[31mred\u0007\n',
    );
    const events = new FollowReader(NONCE).feed(
      join([bytes(`@@${NONCE} begin\n`), ...frames('log', content, [])]),
    );
    expect(logText(events)).toBe('(Reading database ... 7368 files)\n[31mred\n');
  });

  test('a log of 100 MB without line ends is read in pieces and in time that grows with its length only', () => {
    const reader = new FollowReader(NONCE);
    reader.feed(bytes(`@@${NONCE} begin\n`));
    const piece = new Uint8Array(65_536).fill(120);
    let offset = 0;
    let read = 0;
    for (let i = 0; i < 1600; i++) {
      reader.feed(bytes(`@@${NONCE} log ${offset} ${piece.length}\n`));
      for (const event of reader.feed(piece)) if (event.kind === 'log') read += event.text.length;
      for (const event of reader.feed(bytes('\n'))) if (event.kind === 'log') read += event.text.length;
      offset += piece.length;
    }
    expect(read).toBe(offset);
  });

  test('a long line without an end is cut between characters only', () => {
    const line = '漢é😀'.repeat(9000);
    const stream = join([
      bytes(`@@${NONCE} begin\n`),
      ...frames('log', bytes(line), [20_001, 40_003, 60_002]),
      bytes(`@@${NONCE} exit 0\n`),
    ]);
    const events = new FollowReader(NONCE).feed(stream);
    expect(logText(events)).toBe(line);
    expect(events.length).toBeGreaterThan(2);
  });

  test('the ends: died with its reason, absent', () => {
    const end = (line: string) =>
      new FollowReader(NONCE).feed(bytes(`@@${NONCE} begin\n@@${NONCE} ${line}\n`));
    expect(end('died the host was restarted while the job ran')).toEqual([
      { kind: 'died', reason: 'the host was restarted while the job ran' },
    ]);
    expect(end('absent')).toEqual([{ kind: 'absent' }]);
    expect(end('finished 0')).toEqual([{ kind: 'exit', code: 0 }]);
    expect(end('exit nonsense')).toEqual([
      { kind: 'died', reason: 'it left an exit code that is not a number' },
    ]);
  });
});
