/** The fleet in the window: selectors from ticks and words, status at a glance, trust, and the store over a mock host. */
import { describe, expect, test } from 'vitest';
import { parseSelector } from '../../../../main/core/fleet/selector.ts';
import { present } from '../../../../renderer/app/loadable.ts';
import { filterSelectors, selectorsOf } from '../../../../renderer/features/fleet/selection.ts';
import { goodScan, hostStatus, isStale } from '../../../../renderer/features/fleet/status.ts';
import { useFleet } from '../../../../renderer/features/fleet/store.ts';
import { switched } from '../../../../renderer/features/fleet/trust.ts';
import { useHost } from '../../../../renderer/features/host/store.ts';
import { createChanges } from '../../../../renderer/transport/changes.ts';
import { connection } from '../../../../renderer/transport/connection.ts';
import type { HostOverview } from '../../../../shared/contract/fleet.ts';
import type { HostTrust } from '../../../../shared/model/host.ts';
import { createMockHost, type MockOptions } from '../../../support/mockHost.ts';

const window = (options: MockOptions = {}) => {
  const host = createMockHost(options);
  connection.setState({ phase: 'open' });
  const changes = createChanges(host.client, connection);
  changes.start();
  const deps = { client: host.client, changes, connection };
  return { host, deps, fleet: useFleet.of(deps) };
};
const names = (overviews: readonly HostOverview[] | undefined) => overviews?.map((each) => each.host.name);

describe('selectors', () => {
  test('a bare word finds names that contain it; anything else is a selector as it stands', () => {
    expect([
      filterSelectors(''),
      filterSelectors(' web '),
      filterSelectors('all'),
      filterSelectors('env=test'),
    ]).toEqual([[], ['*web*'], ['all'], ['env=test']]);
  });
  test('thousands of names fit into selectors the host process takes', () => {
    const many = Array.from({ length: 5000 }, (_, n) => `host-with-quite-a-long-name-${n}`);
    const selectors = selectorsOf(many);
    expect(selectors.length).toBeLessThanOrEqual(200);
    expect(selectors.every((text) => text.length <= 2000 && parseSelector(text).ok)).toBe(true);
    expect(selectors.join(' or ').split(' or ')).toEqual(many);
  });
});

describe('status at a glance', () => {
  test('every host of the sample says how it is, the worst first', async () => {
    const { fleet } = window();
    await fleet.getState().reload();
    const said = Object.fromEntries(
      (present(fleet.getState().hosts) ?? []).map((each) => [each.host.name, hostStatus(each).label]),
    );
    expect(said).toMatchObject({
      'web-02': 'reachable',
      'web-06': 'unreachable',
      'backup-01': 'host key changed',
      'edge-01': 'scan failed',
      'edge-02': 'key not trusted',
      'db-01': 'partly scanned',
      'build-02': 'packages broken',
    });
  });
  test('a failed scan shows the last good numbers, marked as old; never a nought', async () => {
    const { fleet } = window();
    await fleet.getState().reload();
    const failed = present(fleet.getState().hosts)?.find((each) => each.host.name === 'web-06');
    if (failed === undefined) throw new Error('web-06 is missing');
    expect(isStale(failed)).toBe(true);
    expect(goodScan(failed)?.updateCount).toBe(8);
  });
});

describe('the fleet store', () => {
  test('a malformed filter is told beside the box and leaves the table as it was', async () => {
    const { fleet } = window();
    await fleet.getState().reload();
    fleet.getState().setFilter('tag=web and');
    await expect.poll(() => fleet.getState().filterError?.code).toBe('input.invalid');
    expect(present(fleet.getState().hosts)).toHaveLength(24);
    fleet.getState().setFilter('tag=web and env=staging');
    await expect.poll(() => names(present(fleet.getState().hosts))).toEqual(['web-01', 'web-02']);
    expect(fleet.getState().filterError).toBeUndefined();
  });
  test('an error is shown with its way out, and the hosts come when it is gone', async () => {
    const { host, fleet } = window({ mood: 'error' });
    await expect
      .poll(() => fleet.getState().hosts)
      .toMatchObject({ status: 'error', error: { code: 'store.busy' } });
    host.state.mood = 'normal';
    await fleet.getState().reload();
    expect(fleet.getState().total).toBe(24);
  });
  test('a host added elsewhere appears by itself, a removed one is no longer chosen', async () => {
    const { host, fleet, deps } = window();
    await fleet.getState().reload();
    const first = present(fleet.getState().hosts)?.[0];
    if (first === undefined) throw new Error('no host');
    fleet.getState().select(new Set([first.host.id]));
    await deps.client.call('hosts.remove', { selectors: [first.host.name] });
    await expect.poll(() => fleet.getState().total).toBe(23);
    expect(fleet.getState().selected.size).toBe(0);
    expect(host.state.store.hosts()).toHaveLength(23);
  });
});

test('the host page keeps the last good scan beside a failed one', async () => {
  const { deps } = window();
  const store = useHost.of(deps);
  store.getState().open('web-06');
  await expect.poll(() => present(store.getState().view)?.latest?.state).toBe('failed');
  expect(present(store.getState().view)?.lastGood?.updates).toHaveLength(8);
});

test('a host that is not there is an error, not an empty page', async () => {
  const { deps } = window();
  const store = useHost.of(deps);
  store.getState().open('nobody');
  await expect
    .poll(() => store.getState().view)
    .toMatchObject({ status: 'error', error: { code: 'not-found' } });
});

describe('trust', () => {
  const answer = (name: string, letter: string, status: HostTrust['status']): HostTrust => ({
    hostId: `00000000-0000-4000-8000-00000000000${name}`,
    name: `h${name}`,
    status,
    fingerprint: `SHA256:${letter.repeat(43)}`,
  });
  test('a key that is another one than was shown is found', () => {
    const shown = [answer('1', 'a', 'unknown'), answer('2', 'b', 'unknown')];
    const accepted = [answer('1', 'a', 'trusted'), answer('2', 'X', 'trusted')];
    expect(switched(shown, accepted).map((each) => each.name)).toEqual(['h2']);
  });
  test('one that was not accepted is none', () => {
    expect(switched([answer('1', 'a', 'unknown')], [answer('1', 'b', 'changed')])).toEqual([]);
  });
});
