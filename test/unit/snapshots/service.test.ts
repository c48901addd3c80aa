import { beforeEach, describe, expect, test } from 'vitest';
import { revisionId } from '../../../main/core/snapshots/canonical.ts';
import { resolveRef } from '../../../main/core/snapshots/resolve.ts';
import type { Edit } from '../../../shared/contract/snapshots.ts';
import { SnapshotView } from '../../../shared/model/snapshot.ts';
import { nodeHasher } from '../../support/ports.ts';
import { bad, entry, good, installed, setUp, update, type World } from './support.ts';

let world: World;
beforeEach(() => {
  world = setUp();
});

const create = async (name: string, rest: { from?: string[]; security?: boolean; message?: string } = {}) =>
  world.service.create({ name, security: false, ...rest });
const edit = async (ref: string, ...edits: Edit[]) => world.service.edit({ ref, edits });
const show = async (ref: string) => good(await world.service.show({ ref })).snapshot;
const warnings = async (ref: string) => good(await world.service.show({ ref })).warnings;

describe('creating a snapshot from scans', () => {
  test('takes every update of every selected host, new packages included, sorted, all in stage 1', async () => {
    world.addScan(world.addHost('web-1'), {
      updates: [
        update('openssl', '3.0.15-1', {
          classification: 'security',
          severity: 'important',
          advisories: ['DSA-2', 'DSA-1'],
        }),
        update('linux-image-6.1.0-27-amd64', '6.1.115-1', { from: null }),
      ],
    });
    world.addScan(world.addHost('web-2'), {
      updates: [update('curl', '7.88.1-10+deb12u8', { sizeBytes: 315_000 })],
    });
    world.addScan(world.addHost('db-1'), { updates: [update('postgresql-15', '15.9-0')] });
    const { snapshot } = good(await create('autumn', { from: ['web-*'] }));
    expect(SnapshotView.parse(snapshot)).toEqual(snapshot);
    expect(snapshot).toMatchObject({ name: 'autumn', revision: 1, parents: [], state: 'draft', head: true });
    expect(snapshot.scope).toEqual({ ecosystem: 'apt', distro: 'debian', release: '12', arch: 'amd64' });
    expect(snapshot.author).toEqual({ name: 'anna' });
    expect(snapshot.entries).toEqual([
      entry('curl', {
        arch: 'amd64',
        version: '7.88.1-10+deb12u8',
        source: 'scan',
        severity: 'unknown',
        classification: 'bugfix',
        sizeBytes: 315_000,
      }),
      entry('linux-image-6.1.0-27-amd64', {
        arch: 'amd64',
        version: '6.1.115-1',
        source: 'scan',
        severity: 'unknown',
        classification: 'bugfix',
      }),
      entry('openssl', {
        arch: 'amd64',
        version: '3.0.15-1',
        source: 'scan',
        severity: 'important',
        classification: 'security',
        advisories: ['DSA-1', 'DSA-2'],
      }),
    ]);
  });

  test('is known by the hash of its content', async () => {
    const { snapshot } = good(await create('autumn'));
    const stored = world.store.revision(snapshot.id);
    expect(stored && revisionId(stored.content, nodeHasher)).toBe(snapshot.id);
    expect(world.changes.notes).toEqual([{ type: 'snapshots' }]);
  });

  test('with security only, takes what is classified security', async () => {
    world.addScan(world.addHost('web-1'), {
      updates: [update('openssl', '3', { classification: 'security' }), update('tzdata', '2')],
    });
    const { snapshot } = good(await create('autumn', { from: ['all'], security: true }));
    expect(snapshot.entries.map((one) => one.name)).toEqual(['openssl']);
  });

  test('where hosts differ, takes the highest version in the manager’s order and says who had another', async () => {
    world.addScan(world.addHost('web-1'), {
      updates: [update('sudo', '1.9.13p3-1+deb12u1', { sizeBytes: 1 })],
    });
    world.addScan(world.addHost('web-2'), { updates: [update('sudo', '1.10~rc1-1')] });
    world.addScan(world.addHost('web-3'), {
      updates: [update('sudo', '1.9.13p3-1+deb12u1', { sizeBytes: 2, arch: 'i386' })],
    });
    const { snapshot } = good(await create('autumn', { from: ['all'], message: 'For November' }));
    expect(snapshot.entries.map((one) => [one.arch, one.version])).toEqual([
      ['amd64', '1.10~rc1-1'],
      ['i386', '1.9.13p3-1+deb12u1'],
    ]);
    expect(snapshot.message).toBe(
      'For November\nsudo:amd64: 1.10~rc1-1 taken, elsewhere 1.9.13p3-1+deb12u1 (web-1).',
    );
  });

  test('size and hash are kept only where all hosts agree on them', async () => {
    world.addScan(world.addHost('a'), {
      updates: [update('sudo', '2', { sizeBytes: 1, sha256: 'a'.repeat(64) })],
    });
    world.addScan(world.addHost('b'), {
      updates: [update('sudo', '2', { sizeBytes: 1, sha256: 'b'.repeat(64) })],
    });
    const { snapshot } = good(await create('autumn', { from: ['all'] }));
    expect(snapshot.entries[0]).toMatchObject({ sizeBytes: 1 });
    expect(snapshot.entries[0]).not.toHaveProperty('sha256');
  });

  test('what every host holds is listed and rejected; what some hold is approved and remarked on', async () => {
    const held = (name: string) => update(name, '2', { blocked: 'held' });
    world.addScan(world.addHost('web-1'), { updates: [held('nginx'), held('sudo')] });
    world.addScan(world.addHost('web-2'), { updates: [held('nginx'), update('sudo', '2')] });
    const { snapshot } = good(await create('autumn', { from: ['all'] }));
    expect(snapshot.entries.map((one) => [one.name, one.decision, one.note])).toEqual([
      ['nginx', 'reject', 'On hold on web-1, web-2.'],
      ['sudo', 'approve', undefined],
    ]);
    expect(snapshot.message).toBe('nginx:amd64: on hold on web-1, web-2.\nsudo:amd64: on hold on web-1.');
  });

  test('hosts without a good scan are named in the message, and keep nobody else from it', async () => {
    world.addScan(world.addHost('web-1'), { updates: [update('sudo', '2')] });
    world.addHost('web-2');
    world.addScan(world.addHost('web-3'), { state: 'failed' });
    const { snapshot } = good(await create('autumn', { from: ['all'] }));
    expect(snapshot.entries.map((one) => one.name)).toEqual(['sudo']);
    expect(snapshot.message).toBe('Never scanned with success, so nothing of theirs is in it: web-2, web-3.');
  });

  test('where no host has a good scan, they are named and nothing is made', async () => {
    world.addHost('web-2');
    world.addScan(world.addHost('web-3'), { state: 'failed' });
    expect(bad(await create('autumn', { from: ['all'] }))).toMatchObject({
      code: 'input.invalid',
      message: 'Never scanned with success: web-2, web-3.',
    });
    expect(world.store.lines()).toEqual([]);
  });

  test('a failed scan after a good one uses the good one and says so', async () => {
    const host = world.addHost('web-1');
    world.addScan(host, { updates: [update('sudo', '2')] });
    world.addScan(host, { state: 'failed' });
    const { snapshot } = good(await create('autumn', { from: ['all'] }));
    expect(snapshot.entries).toHaveLength(1);
    expect(snapshot.message).toBe('The latest scan failed, an older one was used: web-1.');
  });

  test('refuses a selector that matches nothing or cannot be read, and a name that is taken', async () => {
    expect(bad(await create('autumn', { from: ['tag=nothing'] })).message).toBe(
      'No host matches tag=nothing.',
    );
    expect(bad(await create('autumn', { from: ['(('] })).code).toBe('input.invalid');
    good(await create('autumn'));
    expect(bad(await create('Autumn')).code).toBe('already-exists');
  });
});

describe('editing', () => {
  beforeEach(async () => {
    good(await create('autumn'));
    good(
      await edit(
        'autumn',
        { kind: 'add', name: 'a', version: '1' },
        { kind: 'add', name: 'b', version: '1' },
      ),
    );
  });

  test('all edits of one call are one new revision, made from the one before', async () => {
    const before = await show('autumn@1');
    const { snapshot } = good(
      await edit(
        'autumn',
        { kind: 'stage', name: 'a', stage: 2 },
        { kind: 'decide', name: 'b', decision: 'reject' },
      ),
    );
    expect(snapshot).toMatchObject({ revision: 3, state: 'draft', head: true });
    expect(snapshot.entries.map((one) => `${one.name} ${one.stage} ${one.decision}`)).toEqual([
      'b 1 reject',
      'a 2 approve',
    ]);
    expect((await show('autumn@2')).parents).toEqual([before.id]);
    expect(await show('autumn@1')).toEqual({ ...before, head: false });
  });

  test('one impossible edit, and nothing is done', async () => {
    expect(
      bad(await edit('autumn', { kind: 'remove', name: 'a' }, { kind: 'remove', name: 'zsh' })).message,
    ).toBe('zsh is not in this snapshot.');
    expect((await show('autumn')).revision).toBe(2);
  });

  test('is refused on an older revision, and on one that somebody has changed meanwhile', async () => {
    const seen = (await show('autumn')).id;
    good(await edit('autumn', { kind: 'remove', name: 'a' }));
    expect(bad(await edit('autumn@2', { kind: 'remove', name: 'b' })).code).toBe('state.conflict');
    const late = await world.service.edit({
      ref: 'autumn',
      edits: [{ kind: 'remove', name: 'b' }],
      expect: seen,
    });
    expect(bad(late).code).toBe('state.conflict');
  });

  test('edits that change nothing make no revision; a message alone does', async () => {
    expect(good(await edit('autumn', { kind: 'stage', name: 'a', stage: 1 })).snapshot.revision).toBe(2);
    const noted = good(
      await world.service.edit({ ref: 'autumn', edits: [], message: 'Checked by Ben' }),
    ).snapshot;
    expect(noted).toMatchObject({ revision: 3, message: 'Checked by Ben' });
    const next = good(await edit('autumn', { kind: 'remove', name: 'a' })).snapshot;
    expect(next).not.toHaveProperty('message');
  });

  test('text without a UTF-8 form is refused', async () => {
    expect(bad(await edit('autumn', { kind: 'note', name: 'a', note: '\ud800' })).code).toBe('input.invalid');
  });

  test('restore makes the content of an older revision the newest', async () => {
    good(await edit('autumn', { kind: 'remove', name: 'a' }));
    const { snapshot } = good(await world.service.restore({ ref: 'autumn@2' }));
    expect(snapshot).toMatchObject({ revision: 4, message: 'Restored from revision 2.' });
    expect(snapshot.entries).toEqual((await show('autumn@2')).entries);
    expect(snapshot.parents).toEqual([(await show('autumn@3')).id]);
  });

  test('history is newest first; list shows the newest of each line', async () => {
    good(await create('spring'));
    const { revisions } = good(await world.service.history({ ref: 'autumn@1' }));
    expect(revisions.map((one) => [one.revision, one.entryCount, one.head, one.revisions])).toEqual([
      [2, 2, true, 2],
      [1, 0, false, 2],
    ]);
    const { snapshots } = good(await world.service.list({}));
    expect(snapshots.map((one) => `${one.name}@${one.revision}`)).toEqual(['autumn@2', 'spring@1']);
  });

  test('a reference is a name, a name and number, or an id', async () => {
    const { id } = await show('autumn@1');
    const of = (ref: string) => {
      const found = resolveRef(ref, world.store);
      return found.ok ? `${found.value.revision.content.number} ${found.value.head}` : found.error.code;
    };
    expect([of('autumn'), of('autumn@1'), of(id), of(' autumn '), of('AUTUMN')]).toEqual([
      '2 true',
      '1 false',
      '1 false',
      '2 true',
      '2 true',
    ]);
    expect([
      of('winter'),
      of('autumn@7'),
      of('autumn@x'),
      of('autumn@0'),
      of(`sha256:${'0'.repeat(64)}`),
    ]).toEqual(['not-found', 'not-found', 'input.invalid', 'input.invalid', 'not-found']);
  });

  test('diff is between any two revisions', async () => {
    good(await edit('autumn', { kind: 'add', name: 'a', version: '2' }, { kind: 'remove', name: 'b' }));
    expect(good(await world.service.diff({ a: 'autumn@2', b: 'autumn' }))).toMatchObject({
      added: [],
      removed: [{ name: 'b' }],
      changed: [{ name: 'a', field: 'version', from: '1', to: '2' }],
    });
  });

  test('removing takes the whole line, never a single revision', async () => {
    expect(bad(await world.service.remove({ ref: 'autumn@1' })).code).toBe('input.invalid');
    expect(good(await world.service.remove({ ref: 'autumn' }))).toEqual({ removed: 'autumn' });
    expect(bad(await world.service.show({ ref: 'autumn' })).code).toBe('not-found');
  });
});

describe('against scans', () => {
  test('an added version is described by what scans know of it', async () => {
    world.addScan(world.addHost('web-1'), {
      updates: [
        update('openssl', '3', { classification: 'security', severity: 'critical', advisories: ['DSA-1'] }),
      ],
    });
    good(await create('autumn'));
    const { snapshot } = good(await edit('autumn', { kind: 'add', name: 'openssl', version: '3' }));
    expect(snapshot.entries[0]).toEqual(
      entry('openssl', {
        version: '3',
        severity: 'critical',
        classification: 'security',
        advisories: ['DSA-1'],
      }),
    );
  });

  test('diffScan tells what hosts offer that the snapshot has not, and the reverse', async () => {
    world.addScan(world.addHost('web-1'), { updates: [update('a', '2'), update('b', '2')] });
    good(await create('autumn'));
    good(
      await edit(
        'autumn',
        { kind: 'add', name: 'a', version: '1.5', stage: 3 },
        { kind: 'add', name: 'c', version: '1' },
      ),
    );
    const diff = good(await world.service.diffScan({ ref: 'autumn', selectors: ['all'] }));
    expect(diff.added.map((one) => one.name)).toEqual(['b']);
    expect(diff.removed.map((one) => one.name)).toEqual(['c']);
    expect(diff.changed).toEqual([{ name: 'a', arch: 'amd64', field: 'version', from: '1.5', to: '2' }]);
    world.addHost('web-2');
    expect(bad(await world.service.diffScan({ ref: 'autumn', selectors: ['all'] })).message).toContain(
      'web-2',
    );
  });

  describe('warnings', () => {
    const warn = async (...edits: Edit[]) => {
      good(await create('autumn'));
      good(await edit('autumn', ...edits));
      return (await warnings('autumn')).map((one) => [one.code, one.message]);
    };

    test('nothing is known without scans, so nothing is said', async () => {
      expect(await warn({ kind: 'add', name: 'zsh', version: '1' })).toEqual([]);
    });

    test('a package or version that no scan shows', async () => {
      world.addScan(world.addHost('web-1'), {
        packages: [installed('curl')],
        updates: [update('curl', '2')],
      });
      expect(
        await warn(
          { kind: 'add', name: 'curl', version: '3' },
          { kind: 'add', name: 'zsh', version: '1' },
          { kind: 'add', name: 'mc', version: '1' },
          { kind: 'decide', name: 'mc', decision: 'reject' },
        ),
      ).toEqual([
        ['unknown-version', 'curl 3: no scanned host has or is offered this version'],
        ['not-installed-anywhere', 'zsh 1: no scanned host has or is offered this package'],
      ]);
    });

    test('an offered or installed version is known', async () => {
      world.addScan(world.addHost('web-1'), {
        packages: [installed('curl')],
        updates: [update('curl', '2')],
      });
      expect(await warn({ kind: 'add', name: 'curl', version: '2' })).toEqual([]);
    });

    test('a version older than what hosts have', async () => {
      world.addScan(world.addHost('web-1'), { packages: [installed('curl', '10.0')], updates: [] });
      world.addScan(world.addHost('web-2'), { packages: [installed('curl', '9.0')], updates: [] });
      expect(await warn({ kind: 'add', name: 'curl', version: '9.0' })).toEqual([
        ['downgrade', 'curl 9.0: older than what is installed on web-1'],
      ]);
    });

    test('an update that needs a package not listed, until it is', async () => {
      world.addScan(world.addHost('web-1'), {
        packages: [installed('curl')],
        updates: [
          update('curl', '2', { blocked: 'needs-new-packages' }),
          update('libcurl5', '2', { from: null }),
        ],
      });
      expect(await warn({ kind: 'add', name: 'curl', version: '2' })).toEqual([
        ['needs-package', 'curl 2: needs new packages on web-1; new there and not approved here: libcurl5'],
      ]);
      good(await edit('autumn', { kind: 'add', name: 'libcurl5', version: '2' }));
      expect(await warnings('autumn')).toEqual([]);
    });

    test('an update that removes packages', async () => {
      world.addScan(world.addHost('web-1'), {
        packages: [installed('mta')],
        updates: [update('mta', '2', { blocked: 'removes-packages' })],
        removals: [{ name: 'old-mta', arch: 'amd64', version: '1' }],
      });
      expect(await warn({ kind: 'add', name: 'mta', version: '2' })).toEqual([
        ['removes-package', 'mta 2: would remove packages on web-1; the updates there remove: old-mta'],
      ]);
    });

    test('a newer scan replaces what was known', async () => {
      const host = world.addHost('web-1');
      world.addScan(host, { packages: [installed('curl')] });
      expect(await warn({ kind: 'add', name: 'curl', version: '2' })).toHaveLength(1);
      world.addScan(host, { packages: [installed('curl', '2')] });
      expect(await warnings('autumn')).toEqual([]);
    });
  });
});
