/** Packages by name in a fleet of more than one kind: whose they are. */
import { beforeEach, expect, test } from 'vitest';
import { good, installed, setUp, type World } from './support.ts';

let world: World;
beforeEach(() => {
  world = setUp();
  world.addScan(world.addHost('deb-1'), { packages: [installed('bash', '5.1-2')] });
  world.addScan(world.addHost('rpm-1'), {
    facts: { manager: 'dnf', os: 'lablinux', arch: 'x86_64' },
    packages: [
      installed('bash', '5.1-9.el9', { arch: 'x86_64' }),
      installed('hungry', '1.0-1', { arch: 'x86_64' }),
    ],
  });
});

const added = async (name: string, version: string): Promise<string | undefined> => {
  good(await world.service.create({ name: `s-${name}-${version}`, security: false }));
  const { snapshot } = good(
    await world.service.edit({ ref: `s-${name}-${version}`, edits: [{ kind: 'add', name, version }] }),
  );
  return snapshot.entries.find((entry) => entry.name === name)?.ecosystem;
};

test('a package that one kind of host knows is theirs', async () => {
  expect(await added('hungry', '1.1-1')).toBe('dnf');
});

test('but not with a version that theirs cannot have: the hosts that are to get it are not scanned yet', async () => {
  expect(await added('hungry', '1.1')).toBe('apt');
});

test('the version decides where both kinds know the name', async () => {
  expect(await added('bash', '5.1-9.el9')).toBe('dnf');
  expect(await added('bash', '5.1-2')).toBe('apt');
});
