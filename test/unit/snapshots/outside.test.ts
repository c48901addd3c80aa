import { beforeEach, describe, expect, test } from 'vitest';
import type { Host } from '../../../shared/model/host.ts';
import type { Update } from '../../../shared/model/scan.ts';
import { good, setUp, update, type World } from './support.ts';

const HOUR = 3_600_000;
let world: World;
let web: Host;
let other: Host;

const at = (hours: number): string => new Date(world.clock.now() + hours * HOUR).toISOString();
const advance = (hours: number) => world.clock.set(world.clock.now() + hours * HOUR);
const scanned = (host: Host, ...updates: Update[]) => world.addScan(host, { updates });
const outside = async (ref = 'autumn') => good(await world.service.show({ ref })).snapshot.outside;
const old = update('curl', '8.0-1', { severity: 'important' });
const fresh = update('openssl', '3.0.16-1', { severity: 'critical', advisories: ['DSA-1'] });

beforeEach(async () => {
  world = setUp();
  web = world.addHost('web-1', { environment: 'production' });
  other = world.addHost('lab-1', { environment: 'test' });
  scanned(web, old);
  scanned(other, old);
  good(await world.service.create({ name: 'autumn', security: false }));
  advance(1);
});
const freeze = (recurrence?: { rule: string; exclude: string[] }) =>
  world.service.freeze({
    ref: 'autumn',
    hosts: 'env=production',
    from: at(0),
    to: at(24),
    zone: 'UTC',
    policy: 'listed-only',
    guard: false,
    ...(recurrence === undefined ? {} : { recurrence }),
  });

describe('outside a freeze', () => {
  test('is what no scan had seen before it began, by severity, the worst named', async () => {
    good(await freeze());
    expect(await outside()).toEqual({
      critical: 0,
      important: 0,
      moderate: 0,
      low: 0,
      unknown: 0,
      grounds: [],
      packages: [],
    });
    advance(2);
    scanned(web, old, fresh, update('tzdata', '2026b-1', { severity: 'low' }));
    expect(await outside()).toMatchObject({
      critical: 1,
      important: 0,
      low: 1,
      packages: [
        {
          name: 'openssl',
          version: '3.0.16-1',
          severity: 'critical',
          hosts: 1,
          advisories: ['DSA-1'],
          grounds: [{ source: 'hosts', asOf: null }],
          firstSeen: at(0),
        },
        { name: 'tzdata', severity: 'low' },
      ],
    });
    const { freezes } = good(await world.service.freezes({}));
    expect(freezes[0]?.outside).toMatchObject({ critical: 1, low: 1 });
  });

  test('is counted by what imported data says too, with the source and its age', async () => {
    good(await freeze());
    advance(2);
    scanned(web, old, update('tzdata', '2026b-1', { severity: 'low' }));
    world.store.putAdvisories(
      {
        format: 'usn',
        file: 'notices.json',
        sha256: 'a'.repeat(64),
        importedAt: at(1),
        asOf: at(0),
        dated: true,
        skipped: 0,
      },
      [
        {
          format: 'usn',
          id: 'USN-1-1',
          severity: 'critical',
          cves: [],
          affected: [{ ecosystem: 'apt', name: 'tzdata', kind: 'binary', fixed: '2026b-1' }],
        },
      ],
      false,
    );
    const grounds = [
      { source: 'usn', asOf: at(0) },
      { source: 'hosts', asOf: null },
    ];
    expect(await outside()).toMatchObject({
      critical: 1,
      low: 0,
      grounds,
      packages: [{ name: 'tzdata', severity: 'critical', advisories: ['USN-1-1'], grounds }],
    });
  });

  test('is not what another host had been offered before, nor what only other hosts are offered', async () => {
    scanned(other, fresh);
    advance(1);
    good(await freeze());
    advance(1);
    scanned(web, fresh);
    scanned(other, update('sudo', '1.9-2', { severity: 'critical' }));
    expect(await outside()).toMatchObject({ critical: 0, packages: [] });
  });

  test('is not what the snapshot lists, nor what an exception lets through until it is over', async () => {
    good(
      await world.service.edit({
        ref: 'autumn',
        edits: [{ kind: 'add', name: 'tzdata', version: '2026b-1', ecosystem: 'apt' }],
      }),
    );
    good(await freeze());
    advance(1);
    scanned(web, fresh, update('tzdata', '2026b-1', { severity: 'critical' }));
    expect((await outside())?.packages.map(({ name }) => name)).toEqual(['openssl']);
    good(
      await world.service.except({
        ref: 'autumn',
        name: 'openssl',
        version: '3.0.16-1',
        reason: 'r',
        until: at(2),
      }),
    );
    expect(await outside()).toMatchObject({ critical: 0 });
    advance(2);
    expect(await outside()).toMatchObject({ critical: 1 });
  });

  test('is counted anew from the beginning of each window', async () => {
    good(await freeze({ rule: 'FREQ=WEEKLY', exclude: [] }));
    advance(1);
    scanned(web, fresh);
    expect(await outside()).toMatchObject({ critical: 1 });
    advance(7 * 24);
    expect(await outside()).toMatchObject({ critical: 0 });
  });

  test('is not told of what is not frozen', async () => {
    expect(await outside()).toBeUndefined();
    good(await freeze());
    good(await world.service.thaw({ ref: 'autumn', reason: 'over' }));
    expect(await outside()).toBeUndefined();
  });
});
