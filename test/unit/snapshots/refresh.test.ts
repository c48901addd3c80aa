import { beforeEach, expect, test } from 'vitest';
import { good, installed, setUp, update, type World } from './support.ts';

let world: World;
beforeEach(() => {
  world = setUp();
});

const versions = (entries: { name: string; version: string }[]) =>
  Object.fromEntries(entries.map((one) => [one.name, one.version]));

test('a refresh takes newer versions and new updates, and touches nothing pinned or rejected', async () => {
  const host = world.addHost('web-1');
  const scan = (to: string, ...more: string[]) =>
    world.addScan(host, {
      packages: ['curl', 'openssl', 'nginx'].map((name) => installed(name)),
      updates: [
        ...['curl', 'openssl', 'nginx'].map((name) => update(name, to)),
        ...more.map((name) => update(name, to)),
      ],
    });
  scan('2');
  good(await world.service.create({ name: 'autumn', from: ['all'], security: false }));
  good(
    await world.service.edit({
      ref: 'autumn',
      edits: [
        { kind: 'pin', name: 'openssl', pinned: true },
        { kind: 'decide', name: 'nginx', decision: 'reject' },
        { kind: 'stage', name: 'curl', stage: 3 },
        { kind: 'note', name: 'curl', note: 'after the shop' },
      ],
    }),
  );
  scan('3', 'bash');
  const { snapshot, diff } = good(
    await world.service.refresh({ ref: 'autumn', from: ['all'], security: false }),
  );
  expect(versions(snapshot.entries)).toEqual({ bash: '3', curl: '3', nginx: '2', openssl: '2' });
  expect(snapshot.entries.find((one) => one.name === 'curl')).toMatchObject({
    stage: 3,
    note: 'after the shop',
  });
  expect(snapshot.entries.find((one) => one.name === 'openssl')?.pinned).toBe(true);
  expect(diff.added.map((one) => one.name)).toEqual(['bash']);
  expect(diff.changed).toEqual([{ name: 'curl', arch: 'amd64', field: 'version', from: '2', to: '3' }]);
  expect(snapshot.message).toBe('Refreshed from all.');
  // Nothing new: no revision.
  const again = good(await world.service.refresh({ ref: 'autumn', from: ['all'], security: false }));
  expect(again.snapshot.revision).toBe(snapshot.revision);
  expect(again.diff).toEqual({ added: [], removed: [], changed: [] });
});

test('a pin that is taken off leaves no trace in the content', async () => {
  good(await world.service.create({ name: 'autumn', security: false }));
  const edit = async (pinned: boolean) =>
    good(await world.service.edit({ ref: 'autumn', edits: [{ kind: 'pin', name: 'curl', pinned }] }))
      .snapshot;
  good(await world.service.edit({ ref: 'autumn', edits: [{ kind: 'add', name: 'curl', version: '1' }] }));
  expect((await edit(true)).entries[0]).toHaveProperty('pinned', true);
  expect((await edit(false)).entries[0]).not.toHaveProperty('pinned');
});

test('a new version given by hand keeps the pin', async () => {
  good(await world.service.create({ name: 'autumn', security: false }));
  const edited = good(
    await world.service.edit({
      ref: 'autumn',
      edits: [
        { kind: 'add', name: 'curl', version: '1' },
        { kind: 'pin', name: 'curl', pinned: true },
        { kind: 'add', name: 'curl', version: '2' },
      ],
    }),
  );
  expect(edited.snapshot.entries).toMatchObject([{ version: '2', pinned: true }]);
});

test('edits that are not saved are checked as if they were, and are not', async () => {
  world.addScan(world.addHost('web-1'), {
    packages: [installed('app'), installed('lib')],
    updates: [update('app', '2'), update('lib', '2')],
    relations: [
      {
        name: 'app',
        arch: 'amd64',
        version: '2',
        installed: false,
        requires: [[{ name: 'lib', op: '>=', version: '2' }]],
        conflicts: [],
        replaces: [],
      },
    ],
  });
  good(await world.service.create({ name: 'autumn', security: false }));
  const draft = { ref: 'autumn', edits: [{ kind: 'add' as const, name: 'app', version: '2' }] };
  const { findings } = good(await world.service.check({ ...draft, fix: false }));
  expect(findings.map((one) => one.code)).toEqual(['needs-package']);
  const mended = good(await world.service.check({ ...draft, fix: true }));
  expect(mended).toMatchObject({ findings: [], fixes: [{ kind: 'add', name: 'lib', version: '2' }] });
  expect(good(await world.service.show({ ref: 'autumn' })).snapshot).toMatchObject({
    revision: 1,
    entries: [],
  });
});
