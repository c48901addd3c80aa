import { describe, expect, it } from 'vitest';
import type { HandlerInput } from '../../../shared/contract/contract.ts';
import { FrostFault, fail, frostError } from '../../../shared/errors.ts';
import { NewHost } from '../../../shared/model/host.ts';
import { createMemoryStore } from '../../support/memoryStore.ts';
import { createMemoryVault } from '../../support/memoryVault.ts';
import { makeFacts, makeHost, makeScan, uuid } from './make.ts';
import { caller, fakeTransport, must, refusal, service } from './service.ts';

const given = (name: string, change: Partial<NewHost> = {}): HandlerInput<'hosts.add'> => ({
  host: NewHost.parse({
    name,
    address: `${name}.example`,
    user: 'admin',
    auth: { kind: 'agent' },
    ...change,
  }),
});

describe('adding a host', () => {
  it('stores it with its defaults and says that the fleet changed', async () => {
    const { hosts, store, changes } = service();
    const { host } = must(await hosts.add(given('web-1', { tags: { web: '' } }), caller()));
    expect(host).toMatchObject({
      name: 'web-1',
      port: 22,
      transport: 'ssh',
      sudo: 'none',
      tags: { web: '' },
    });
    expect(store.host(host.id)).toEqual(host);
    expect(changes.notes).toEqual([{ type: 'hosts' }]);
  });

  it('keeps secrets in the vault and nowhere else', async () => {
    const { hosts, store, vault } = service();
    const secrets = { password: 'geheim-1', sudoPassword: 'geheim-2', keyPassphrase: 'geheim-3' };
    const added = must(await hosts.add(given('web-1', { auth: { kind: 'password' }, secrets }), caller()));
    expect(Object.fromEntries(vault.secrets)).toEqual({
      [`host/${added.host.id}/password`]: 'geheim-1',
      [`host/${added.host.id}/sudoPassword`]: 'geheim-2',
      [`host/${added.host.id}/keyPassphrase`]: 'geheim-3',
    });
    expect(JSON.stringify([added, store.hosts()])).not.toContain('geheim');
  });

  it.each(['locked', 'absent'] as const)('stores nothing at all while the vault is %s', async (state) => {
    const vault = { ...createMemoryVault({ locked: true }), state: () => state };
    const { hosts, store, changes } = service({ vault });
    const error = refusal(await hosts.add(given('web-1', { secrets: { password: 'x' } }), caller()));
    expect(error).toMatchObject({ code: 'vault.locked', hint: expect.stringContaining('--passphrase-file') });
    expect(store.hosts()).toEqual([]);
    expect(changes.notes).toEqual([]);
    must(await hosts.add(given('web-1'), caller()));
  });

  it('takes back the secrets that were kept when one of them cannot be', async () => {
    const vault = createMemoryVault();
    const broken = {
      ...vault,
      put: async (...[name, secret]: Parameters<typeof vault.put>) =>
        name.endsWith('keyPassphrase') ? fail('vault.unavailable', 'gone') : vault.put(name, secret),
    };
    const { hosts, store } = service({ vault: broken });
    const secrets = { password: 'a', keyPassphrase: 'b' };
    expect(refusal(await hosts.add(given('web-1', { secrets }), caller())).code).toBe('vault.unavailable');
    expect(vault.secrets.size).toBe(0);
    expect(store.hosts()).toEqual([]);
  });

  it('takes back the secrets when the store is full', async () => {
    const full = new FrostFault(frostError('store.full', 'full'));
    const store = {
      ...createMemoryStore(),
      putHost: () => {
        throw full;
      },
    };
    const { hosts, vault } = service({ store });
    await expect(hosts.add(given('web-1', { secrets: { password: 'a' } }), caller())).rejects.toBe(full);
    expect(vault.secrets.size).toBe(0);
  });

  it.each([
    ['a name that is taken, whatever its case', given('WEB-1'), 'already-exists'],
    ['a word of selectors', given('all'), 'input.invalid'],
    ['another word of selectors', given('Not'), 'input.invalid'],
    ['a jump host that is not there', given('x', { jump: 'nowhere' }), 'not-found'],
    ['itself as jump host', given('x', { jump: 'X' }), 'state.conflict'],
    ['a transport that is not there yet', given('x', { transport: 'winrm' }), 'not-available'],
  ])('refuses %s', async (_, input, code) => {
    const { hosts, store } = service();
    must(await hosts.add(given('web-1'), caller()));
    expect(refusal(await hosts.add(input, caller())).code).toBe(code);
    expect(store.hosts()).toHaveLength(1);
  });

  it('lets one of two at the same moment have the name', async () => {
    const { hosts, store, vault } = service();
    const results = await Promise.all(
      ['a', 'b'].map((password) => hosts.add(given('web-1', { secrets: { password } }), caller())),
    );
    expect(results.map((result) => result.ok)).toEqual([true, false]);
    expect([...vault.secrets.values()]).toEqual(['a']);
    expect(store.hosts()).toHaveLength(1);
  });
});

describe('changing a host', () => {
  it('changes what is said, empties what is null, keeps the rest', async () => {
    const { hosts, store, transport } = service();
    const { host } = must(
      await hosts.add(given('web-1', { environment: 'test', note: 'old', tags: { a: '' } }), caller()),
    );
    const change = { id: host.id, port: 2222, environment: null, tags: { b: 'c' } };
    const changed = must(await hosts.change({ change }, caller())).host;
    expect(changed).toEqual({
      ...Object.fromEntries(Object.entries(host).filter(([key]) => key !== 'environment')),
      port: 2222,
      tags: { b: 'c' },
      updatedAt: changed.updatedAt,
    });
    expect(store.host(host.id)).toEqual(changed);
    expect(transport.released).toEqual([host.id]);
  });

  it('carries the hosts behind it when it is renamed', async () => {
    const { hosts, store } = service();
    const { host } = must(await hosts.add(given('bastion'), caller()));
    must(await hosts.add(given('web-1', { jump: 'Bastion' }), caller()));
    must(await hosts.change({ change: { id: host.id, name: 'gate' } }, caller()));
    expect(store.hostByName('web-1')?.jump).toBe('gate');
  });

  it('refuses a circle of jump hosts, a taken name, and an unknown host', async () => {
    const { hosts } = service();
    const { host } = must(await hosts.add(given('bastion'), caller()));
    must(await hosts.add(given('web-1', { jump: 'bastion' }), caller()));
    const change = async (fields: object) =>
      refusal(await hosts.change({ change: { id: host.id, ...fields } }, caller()));
    expect((await change({ jump: 'web-1' })).code).toBe('state.conflict');
    expect((await change({ name: 'WEB-1' })).code).toBe('already-exists');
    expect((await change({ id: uuid(12345), port: 1 })).code).toBe('not-found');
  });

  it('replaces secrets, and removes those given as empty, the latter on a locked vault too', async () => {
    const { hosts, vault } = service();
    const { host } = must(
      await hosts.add(given('web-1', { secrets: { password: 'a', sudoPassword: 'b' } }), caller()),
    );
    must(await hosts.change({ change: { id: host.id, secrets: { password: 'c' } } }, caller()));
    vault.lock();
    must(await hosts.change({ change: { id: host.id, secrets: { sudoPassword: '' } } }, caller()));
    expect(Object.fromEntries(vault.secrets)).toEqual({ [`host/${host.id}/password`]: 'c' });
    const error = refusal(
      await hosts.change({ change: { id: host.id, port: 99, secrets: { password: 'd' } } }, caller()),
    );
    expect(error.code).toBe('vault.locked');
    expect(must(await hosts.list({ selectors: [] }, caller())).hosts[0]?.host.port).toBe(22);
  });

  it('keeps an unfinished run on the machine it was planned for', async () => {
    const { hosts, transport } = service({}, { activeRun: () => uuid(77) });
    const { host } = must(await hosts.add(given('web-1'), caller()));
    for (const fields of [{ address: 'other.example' }, { port: 23 }, { name: 'web-9' }])
      expect(refusal(await hosts.change({ change: { id: host.id, ...fields } }, caller()))).toMatchObject({
        code: 'state.conflict',
        message: expect.stringContaining(uuid(77)),
      });
    must(
      await hosts.change(
        { change: { id: host.id, tags: { seen: '' }, secrets: { password: 'new' } } },
        caller(),
      ),
    );
    expect(transport.released).toEqual([]);
  });
});

describe('removing hosts', () => {
  it('takes their secrets, connections and keys with them', async () => {
    const { hosts, store, vault, transport } = service();
    const { host } = must(await hosts.add(given('web-1', { secrets: { password: 'a' } }), caller()));
    const key = { keyType: 'ssh-ed25519', publicKey: 'AAA', fingerprint: 'f', addedAt: 'now' };
    store.addTrustedKey({ address: host.address, port: 22, ...key });
    vault.lock();
    expect(must(await hosts.remove({ selectors: ['web-*'] }, caller())).hosts).toEqual([host]);
    expect([store.hosts(), vault.secrets.size, transport.released]).toEqual([[], 0, [host.id]]);
    expect(store.trustedKeys(host.address, 22)).toEqual([]);
  });

  it('leaves a key trusted while another host is met at the same address', async () => {
    const { hosts, store } = service();
    for (const name of ['a', 'b'])
      must(await hosts.add(given(name, { address: 'shared.example' }), caller()));
    const key = { keyType: 'ssh-ed25519', publicKey: 'AAA', fingerprint: 'f', addedAt: 'now' };
    store.addTrustedKey({ address: 'shared.example', port: 22, ...key });
    must(await hosts.remove({ selectors: ['a'] }, caller()));
    expect(store.trustedKeys('shared.example', 22)).toHaveLength(1);
  });

  it('refuses the way to others, unless they go too', async () => {
    const { hosts, store } = service();
    must(await hosts.add(given('bastion'), caller()));
    must(await hosts.add(given('web-1', { jump: 'bastion' }), caller()));
    const error = refusal(await hosts.remove({ selectors: ['bastion'] }, caller()));
    expect(error).toMatchObject({ code: 'state.conflict', message: expect.stringContaining('web-1') });
    expect(store.hosts()).toHaveLength(2);
    expect(must(await hosts.remove({ selectors: ['all'] }, caller())).hosts).toHaveLength(2);
  });

  it('refuses all of them while one is in an unfinished run', async () => {
    const busy = { id: '' };
    const { hosts, store } = service({}, { activeRun: (id) => (id === busy.id ? uuid(77) : undefined) });
    must(await hosts.add(given('a'), caller()));
    busy.id = must(await hosts.add(given('b'), caller())).host.id;
    const error = refusal(await hosts.remove({ selectors: ['all'] }, caller()));
    expect(error).toMatchObject({
      code: 'state.conflict',
      host: 'b',
      message: expect.stringContaining(uuid(77)),
    });
    expect(store.hosts()).toHaveLength(2);
  });

  it('does nothing for a selector that matches nothing', async () => {
    const { hosts, changes } = service();
    expect(must(await hosts.remove({ selectors: ['nobody'] }, caller())).hosts).toEqual([]);
    expect(changes.notes).toEqual([]);
  });
});

describe('listing hosts', () => {
  it('gives what is known of each in one go', async () => {
    const store = createMemoryStore();
    let queries = 0;
    const counting = {
      ...store,
      scanSummaries: () => {
        queries += 1;
        return store.scanSummaries();
      },
    };
    const [web, db] = [makeHost('web-1'), makeHost('db-1')];
    store.putHosts([web, db]);
    const good = makeScan(web, { facts: makeFacts({ os: 'debian' }) });
    store.putScan(good);
    store.putScan(makeScan(web, { state: 'failed', packages: [], updates: [] }));
    const key = { keyType: 'ssh-ed25519', publicKey: 'AAA', fingerprint: 'f', addedAt: 'now' };
    store.addTrustedKey({ address: web.address, port: 22, ...key });
    store.putGuard({
      hostId: web.id,
      lineId: uuid(5),
      snapshot: 'november',
      revisionId: `sha256:${'0'.repeat(64)}`,
      revision: 1,
      desired: 'on',
      by: 'freeze',
      state: 'tampered',
      attempts: 0,
      gaps: [],
    });
    const { hosts } = service(
      { store: counting },
      {
        frozenBy: (host) => (host.name === 'web-1' ? 'november' : undefined),
        activeRun: (id) => (id === db.id ? uuid(77) : undefined),
        knownElsewhere: async (hosts) =>
          new Set(hosts.filter((host) => host.name === 'db-1').map((host) => host.id)),
      },
    );
    const listed = must(await hosts.list({ selectors: [] }, caller())).hosts;
    expect(listed).toMatchObject([
      { host: db, trusted: true, activeRun: uuid(77) },
      {
        host: web,
        trusted: true,
        frozenBy: 'november',
        guard: { desired: 'on', state: 'tampered' },
        latest: { state: 'failed' },
        lastGood: { id: good.id },
      },
    ]);
    expect(queries).toBe(1);
    expect(must(await hosts.list({ selectors: ['os=debian'] }, caller())).hosts).toHaveLength(1);
    expect(refusal(await hosts.list({ selectors: ['os='] }, caller())).code).toBe('input.invalid');
  });
});

it('forgets the trusted key of a host', async () => {
  const { hosts, store, transport } = service({}, {}, fakeTransport());
  const { host } = must(await hosts.add(given('web-1'), caller()));
  const key = { keyType: 'ssh-ed25519', publicKey: 'AAA', fingerprint: 'f', addedAt: 'now' };
  store.addTrustedKey({ address: host.address, port: 22, ...key });
  must(await hosts.forgetKey({ hostId: host.id }, caller()));
  expect(store.trustedKeys(host.address, 22)).toEqual([]);
  expect(transport.released).toEqual([host.id]);
  expect(refusal(await hosts.forgetKey({ hostId: uuid(4242) }, caller())).code).toBe('not-found');
});
