/** How numbers and times read. */
import { describe, expect, test } from 'vitest';
import { coalesce, loaded, loading, refreshing } from '../../../../renderer/app/loadable.ts';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatList,
  formatRelative,
  plural,
} from '../../../../renderer/ui/format.ts';
import { err, frostError, ok } from '../../../../shared/errors.ts';

test('bytes', () => {
  expect([0, 1023, 1024, 1536, 150 * 1024, -2048, 6.2e9].map(formatBytes)).toEqual([
    '0 B',
    '1023 B',
    '1 KiB',
    '1.5 KiB',
    '150 KiB',
    '−2 KiB',
    '5.8 GiB',
  ]);
});

test('durations have two units at most', () => {
  expect([0, 59, 60, 200, 3600, 7500, 90_000, -5].map(formatDuration)).toEqual([
    '0 s',
    '59 s',
    '1 min',
    '3 min 20 s',
    '1 h',
    '2 h 5 min',
    '1 d 1 h',
    '0 s',
  ]);
});

describe('relative times', () => {
  const now = Date.parse('2026-11-23T12:00:00.000Z');
  const at = (seconds: number) => formatRelative(new Date(now - seconds * 1000).toISOString(), now);
  test('past', () =>
    expect([3, 240, 7200, 3 * 86_400].map(at)).toEqual(['just now', '4 min ago', '2 h ago', '3 d ago']));
  test('future', () => expect([-3, -240, -7200].map(at)).toEqual(['in a moment', 'in 4 min', 'in 2 h']));
  test('long ago is a date', () => expect(at(100 * 86_400)).toBe('2026-08-15'));
});

test('counts, plurals and lists', () => {
  expect(formatCount(1204)).toBe('1,204');
  expect([plural(1, 'host'), plural(0, 'host'), plural(2, 'entry', 'entries')]).toEqual([
    '1 host',
    '0 hosts',
    '2 entries',
  ]);
  expect([
    formatList([]),
    formatList(['a']),
    formatList(['a', 'b', 'c']),
    formatList(['a', 'b', 'c', 'd'], 2),
  ]).toEqual(['', 'a', 'a, b and c', 'a, b and 2 more']);
});

describe('what is read from the host process', () => {
  const error = frostError('store.busy', 'busy');
  test('an error keeps the value that was there', () => {
    expect(loaded(err(error), { status: 'ready', value: 7, refreshing: true })).toEqual({
      status: 'error',
      error,
      value: 7,
    });
  });
  test('reading again keeps the value on the screen, and forgets an error', () => {
    expect(refreshing({ status: 'error', error, value: 7 })).toEqual({
      status: 'ready',
      value: 7,
      refreshing: true,
    });
    expect(refreshing({ status: 'error', error, value: undefined })).toEqual(loading);
  });
  test('an answer takes its place', () => {
    expect(loaded(ok(8), { status: 'error', error, value: 7 })).toEqual({
      status: 'ready',
      value: 8,
      refreshing: false,
    });
  });
});

test('a burst of changes costs two reads, and the last one sees everything', async () => {
  let reads = 0;
  const waiting: (() => void)[] = [];
  const read = coalesce(async () => {
    reads += 1;
    await new Promise<void>((resolve) => waiting.push(resolve));
  });
  const done = Promise.all([read(), read(), read(), read()]);
  waiting.shift()?.();
  await expect.poll(() => waiting.length).toBe(1);
  waiting.shift()?.();
  await done;
  expect(reads).toBe(2);
});
