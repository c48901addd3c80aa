/** What a host's guard is to be, from the freezes and from what is stored. */
import { describe, expect, test } from 'vitest';
import type { GuardReading } from '../../../main/core/drivers/guard.ts';
import { isDue, isStale, judged, retryAfterMs, wantedGuard } from '../../../main/core/guard/want.ts';
import type { StoredFreeze } from '../../../main/core/ports.ts';
import type { StoredGuard } from '../../../shared/model/guard.ts';
import type { Host } from '../../../shared/model/host.ts';

const NOW = Date.parse('2026-11-23T14:00:00.000Z');
const TO = '2026-11-23T16:00:00.000Z';
const host = { id: '00000000-0000-4000-8000-000000000001', name: 'web-1' } as Host;
const hash = (letter: string) => `sha256:${letter.repeat(64)}`;
const freeze = (revision = hash('a')): StoredFreeze => ({
  lineId: '00000000-0000-4000-8000-00000000000a',
  snapshot: 'autumn',
  revisionId: revision,
  revision: 2,
  freeze: {
    hosts: 'all',
    from: '2026-11-23T13:00:00.000Z',
    to: TO,
    zone: 'UTC',
    policy: 'listed-only',
    guard: true,
  },
  hostIds: [host.id],
});
const put = { id: 'x', seal: '/a 1', bootId: 'boot-1' };
const guard = (rest: Partial<StoredGuard> = {}): StoredGuard => ({
  hostId: host.id,
  lineId: freeze().lineId,
  snapshot: 'autumn',
  revisionId: hash('a'),
  revision: 2,
  desired: 'on',
  by: 'freeze',
  state: 'on',
  until: TO,
  attempts: 0,
  gaps: [],
  put,
  ...rest,
});

describe('what is wanted', () => {
  test('a freeze that asks for it: on', () => {
    expect(wantedGuard(host, undefined, freeze(), NOW)).toMatchObject({
      desired: 'on',
      by: 'freeze',
      state: 'pending',
      revision: 2,
      until: TO,
    });
  });
  test('the freeze is over: off, and forgotten once it is off', () => {
    const after = wantedGuard(host, guard(), undefined, NOW);
    expect(after).toMatchObject({ desired: 'off', state: 'on' });
    expect(wantedGuard(host, guard({ desired: 'off', state: 'failed' }), undefined, NOW)).toBeDefined();
    expect(wantedGuard(host, guard({ desired: 'off', state: 'off' }), undefined, NOW)).toBeUndefined();
  });
  test('taken off by hand under its freeze: it stays off until another freeze, or until that one is over', () => {
    const off = guard({ desired: 'off', by: 'hand', state: 'off' });
    expect(wantedGuard(host, off, freeze(), NOW)).toMatchObject({ desired: 'off' });
    expect(wantedGuard(host, off, freeze(hash('b')), NOW)).toMatchObject({ desired: 'on', state: 'pending' });
    expect(wantedGuard(host, off, undefined, Date.parse(TO))).toBeUndefined();
  });
  test('put on by hand: until it is taken off by hand, or until its freeze would be over', () => {
    const { until: _, ...hand } = guard({ by: 'hand' });
    expect(wantedGuard(host, hand, undefined, NOW + 1e12)).toEqual(hand);
    expect(wantedGuard(host, guard({ by: 'hand' }), undefined, Date.parse(TO))).toMatchObject({
      desired: 'off',
    });
  });
  test('put on by hand under a freeze that asks for none: it goes with that, however that ends', () => {
    expect(wantedGuard(host, guard({ by: 'hand' }), undefined, NOW, true)).toMatchObject({ desired: 'on' });
    expect(wantedGuard(host, guard({ by: 'hand' }), undefined, NOW, false)).toMatchObject({ desired: 'off' });
  });
  test('another revision is frozen: it is put again', () => {
    expect(wantedGuard(host, guard(), freeze(hash('b')), NOW)).toMatchObject({
      revisionId: hash('b'),
      desired: 'on',
      state: 'pending',
      put,
    });
  });
  test('nothing frozen and nothing stored: nothing', () => {
    expect(wantedGuard(host, undefined, undefined, NOW)).toBeUndefined();
  });
});

describe('what is seen', () => {
  const reading = (rest: Partial<GuardReading> = {}): GuardReading => ({
    present: 'all',
    files: [{ path: '/a', sha256: '1' }],
    updaters: [{ unit: 'apt-daily.timer', paused: true }],
    bootId: 'boot-1',
    gaps: [],
    ...rest,
  });
  const none = reading({ present: 'none', files: [], updaters: [] });
  test.each<[string, StoredGuard, GuardReading, StoredGuard['state']]>([
    ['as it was put', guard(), reading(), 'on'],
    ['a touched file', guard(), reading({ files: [{ path: '/a', sha256: '2' }] }), 'tampered'],
    ['a file less', guard(), reading({ present: 'part', files: [] }), 'tampered'],
    [
      'an updater started by hand',
      guard(),
      reading({ updaters: [{ unit: 'u', paused: false }] }),
      'tampered',
    ],
    ['somebody took it away', guard(), none, 'missing'],
    ['taken off as asked', guard({ desired: 'off' }), none, 'off'],
  ])('%s', (_, stored, seen, state) => {
    expect(judged(stored, seen, NOW).state).toBe(state);
  });
  test('after a restart the updaters run again: that is nobody’s doing, and they are paused anew', () => {
    const seen = reading({ bootId: 'boot-2', updaters: [{ unit: 'u', paused: false }] });
    expect(judged(guard(), seen, NOW).state).toBe('on');
    expect(isStale(guard(), seen)).toBe(true);
  });
  test('since when it is so moves only when it changes', () => {
    const before = guard({ since: '2026-11-23T13:00:00.000Z' });
    expect(judged(before, reading(), NOW).since).toBe(before.since);
    expect(judged(before, none, NOW).since).toBe('2026-11-23T14:00:00.000Z');
  });
});

describe('what is due', () => {
  test.each<[StoredGuard, boolean]>([
    [guard({ state: 'pending' }), true],
    [guard({ state: 'on' }), false],
    [guard({ state: 'tampered' }), false],
    [guard({ state: 'missing' }), false],
    [guard({ desired: 'off', state: 'on' }), true],
    [guard({ desired: 'off', state: 'tampered' }), true],
    [guard({ desired: 'off', state: 'off' }), false],
    [guard({ state: 'failed', nextTryAt: '2026-11-23T14:00:01.000Z' }), false],
    [guard({ state: 'failed', nextTryAt: '2026-11-23T14:00:00.000Z' }), true],
  ])('%#', (stored, due) => {
    expect(isDue(stored, NOW)).toBe(due);
  });
  test('a host that is away is asked again ever later, and at least every quarter of an hour', () => {
    expect([1, 2, 3, 6, 50].map(retryAfterMs)).toEqual([30_000, 60_000, 120_000, 900_000, 900_000]);
  });
});
