/** What is known today of listed patches, beside what a revision holds of them. */
import { beforeEach, describe, expect, it } from 'vitest';
import { compareVersions, createDescriber, type Describer } from '../../../main/core/advisories/describe.ts';
import { verdictSteps } from '../../../main/core/snapshots/verdicts.ts';
import { createWorld, learn, Shared } from '../../../main/core/snapshots/world.ts';
import { atOnce } from '../../../main/core/turns.ts';
import type { EntryVerdict } from '../../../shared/contract/snapshots.ts';
import type { Severity } from '../../../shared/model/primitives.ts';
import { entry, good, installed, scanOf, setUp, update, type World } from './support.ts';

const LISTS = '2026-11-22T08:00:00.000Z';
const OLDER_LISTS = '2026-11-12T08:00:00.000Z';
const DATA = '2026-11-20T08:00:00.000Z';

let world: World;
beforeEach(() => {
  world = setUp();
});

const imported = (severity: Severity, fixed = '2.0') =>
  world.store.putAdvisories(
    {
      format: 'debian-tracker',
      file: 'tracker.json',
      sha256: 'a'.repeat(64),
      importedAt: DATA,
      asOf: DATA,
      dated: true,
      skipped: 0,
    },
    [
      {
        format: 'debian-tracker',
        id: 'CVE-2026-0001',
        severity,
        cves: ['CVE-2026-0001'],
        affected: [
          { ecosystem: 'apt', distro: 'debian', release: '12', name: 'bash', kind: 'source', fixed },
        ],
      },
    ],
    false,
  );
const offering = (listsUpdatedAt: string | undefined, severity: Severity = 'low') => ({
  facts: listsUpdatedAt === undefined ? {} : { listsUpdatedAt },
  packages: [installed('bash')],
  updates: [update('bash', '2.0', { severity, classification: 'security' as const })],
});
const verdicts = async (edits: Parameters<typeof world.service.verdicts>[0]['edits'] = []) =>
  good(await world.service.verdicts({ ref: 'november', edits })).verdicts;
const snapshot = () => world.service.create({ name: 'november', from: ['all'], security: false });
const entryOf = async () => good(await world.service.show({ ref: 'november' })).snapshot.entries[0];

describe('what is known today of an entry', () => {
  it('is the word of the hosts that are offered it, as old as the oldest of their lists', async () => {
    world.addScan(world.addHost('a'), offering(LISTS));
    world.addScan(world.addHost('b'), offering(OLDER_LISTS));
    world.addScan(world.addHost('c'), offering(undefined));
    await snapshot();
    expect(await verdicts()).toEqual([
      {
        ecosystem: 'apt',
        name: 'bash',
        arch: 'amd64',
        version: '2.0',
        severity: 'low',
        classification: 'security',
        advisories: [],
        cves: [],
        grounds: [{ source: 'hosts', asOf: OLDER_LISTS }],
        hostCount: 3,
      } satisfies EntryVerdict,
    ]);
  });

  it('is that of data imported since, and the revision stays as it is', async () => {
    world.addScan(world.addHost('a'), offering(LISTS));
    await snapshot();
    const before = good(await world.service.show({ ref: 'november' })).snapshot;
    imported('critical');
    expect(await verdicts()).toMatchObject([
      {
        severity: 'critical',
        cves: ['CVE-2026-0001'],
        grounds: [
          { source: 'debian-tracker', asOf: DATA },
          { source: 'hosts', asOf: LISTS },
        ],
      },
    ]);
    const after = good(await world.service.show({ ref: 'november' })).snapshot;
    expect(after).toEqual(before);
    expect(after.entries[0]?.severity).toBe('low');
  });

  it('is only what imported data says, where hosts have an older version and are offered another', async () => {
    const host = world.addHost('a');
    world.addScan(host, offering(LISTS, 'important'));
    await snapshot();
    world.addScan(host, {
      facts: { listsUpdatedAt: LISTS },
      packages: [installed('bash')],
      updates: [update('bash', '3.0', { severity: 'critical' })],
    });
    expect(await verdicts()).toEqual([]);
    imported('moderate');
    expect(await verdicts()).toMatchObject([
      { version: '2.0', severity: 'moderate', grounds: [{ source: 'debian-tracker', asOf: DATA }] },
    ]);
  });

  it('is nothing where no host of its scope lacks it', async () => {
    const host = world.addHost('a');
    world.addScan(host, offering(LISTS));
    await snapshot();
    imported('critical');
    world.addScan(host, { packages: [installed('bash', '2.0')] });
    world.addScan(world.addHost('elsewhere'), { ...offering(LISTS), facts: { release: '13' } });
    expect(await verdicts()).toEqual([]);
  });

  it('is of the list as it would be after edits that are not saved', async () => {
    world.addScan(world.addHost('a'), offering(LISTS));
    good(await world.service.create({ name: 'november', security: false }));
    expect(await verdicts([{ kind: 'add', name: 'bash', version: '2.0' }])).toMatchObject([
      { name: 'bash', version: '2.0', severity: 'low' },
    ]);
  });

  it('is what an entry holds that is added by hand', async () => {
    world.addScan(world.addHost('a'), offering(LISTS));
    good(await world.service.create({ name: 'november', security: false }));
    imported('critical');
    good(
      await world.service.edit({ ref: 'november', edits: [{ kind: 'add', name: 'bash', version: '2.0' }] }),
    );
    expect(await entryOf()).toMatchObject({ severity: 'critical', advisories: ['CVE-2026-0001'] });
  });
});

describe('the work of judging entries', () => {
  it('grows with the kinds of hosts, not with the hosts', () => {
    const told: string[] = [];
    const describer = createDescriber(world.store);
    const counting: Describer = {
      learn: (all) => describer.learn(all),
      describe: (facts, one) => {
        told.push(`${facts.release} ${one.name} ${one.severity}`);
        return describer.describe(facts, one);
      },
    };
    const shared = new Shared();
    const hosts = Array.from({ length: 400 }, (_, n) => {
      const scan = scanOf(`host-${n}`, {
        id: `00000003-0000-4000-8000-${String(n).padStart(12, '0')}`,
        packages: [installed('bash')],
        updates: [update('bash', '2.0', { severity: n === 7 ? 'important' : 'low' })],
      });
      const { facts } = scan;
      if (facts === undefined) throw new Error('a scan without facts');
      return learn({ ...scan, facts: { ...facts, release: n % 2 === 0 ? '12' : '13' } }, shared);
    }).filter((host) => host !== undefined);
    const [verdict] = atOnce(
      verdictSteps([entry('bash', { version: '2.0' })], createWorld(hosts), {
        describer: counting,
        compareVersions,
        kinds: new WeakMap(),
      }),
    );
    expect(told.sort()).toEqual(['12 bash low', '13 bash important', '13 bash low']);
    expect([verdict?.severity, verdict?.hostCount]).toEqual(['important', 400]);
  });
});
