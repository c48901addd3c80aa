import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../support/memoryStore.ts';
import { makeHost } from './make.ts';
import { caller, fakeTransport, fingerprint, must, refusal, service } from './service.ts';

const key = (letter: string) => ({
  keyType: 'ssh-ed25519',
  publicKey: letter.repeat(4),
  fingerprint: fingerprint(letter),
});

const fleet = (hosts: ReturnType<typeof makeHost>[], keys: Parameters<typeof fakeTransport>[0]) => {
  const store = createMemoryStore();
  store.putHosts(hosts);
  return service({ store }, {}, fakeTransport(keys));
};

const statuses = async (made: ReturnType<typeof fleet>, acceptNew: boolean) =>
  must(await made.hosts.trust({ selectors: ['all'], acceptNew }, caller())).hosts.map((host) => [
    host.name,
    host.status,
  ]);

describe('trusting hosts', () => {
  const keys = {
    fresh: key('a'),
    known: { ...key('b'), status: 'trusted' as const },
    moved: { ...key('c'), status: 'changed' as const, expected: [fingerprint('z')] },
    banned: { ...key('d'), status: 'revoked' as const },
  };
  const hosts = () => ['fresh', 'known', 'moved', 'banned', 'away'].map((name) => makeHost(name));
  const asked = [
    ['away', 'unreachable'],
    ['banned', 'revoked'],
    ['fresh', 'unknown'],
    ['known', 'trusted'],
    ['moved', 'changed'],
  ];

  it('shows every key and changes nothing unless told to', async () => {
    const made = fleet(hosts(), keys);
    expect(await statuses(made, false)).toEqual(asked);
    for (const host of made.store.hosts()) expect(made.store.trustedKeys(host.address, 22)).toEqual([]);
  });

  it('accepts unknown keys only: never a changed or a revoked one', async () => {
    const made = fleet(hosts(), keys);
    expect(await statuses(made, true)).toEqual(
      asked.map(([name, status]) => [name, status === 'unknown' ? 'trusted' : status]),
    );
    const trusted = made.store.hosts().flatMap((host) => made.store.trustedKeys(host.address, 22));
    expect(trusted).toEqual([
      { address: 'fresh.example', port: 22, addedAt: '2026-11-23T14:00:00.000Z', ...key('a') },
    ]);
    expect(made.changes.notes).toEqual([{ type: 'hosts' }]);
  });

  it('does not accept two different keys for one address', async () => {
    const at = { address: 'same.example' };
    const made = fleet([makeHost('a', at), makeHost('b', at)], { a: key('a'), b: key('b') });
    const answers = must(await made.hosts.trust({ selectors: ['all'], acceptNew: true }, caller())).hosts;
    expect(answers).toMatchObject([
      { status: 'trusted' },
      { status: 'changed', expected: [fingerprint('a')] },
    ]);
    expect(made.store.trustedKeys('same.example', 22)).toHaveLength(1);
  });

  it('asks jump hosts before the hosts behind them', async () => {
    const made = fleet([makeHost('a', { jump: 'm' }), makeHost('m', { jump: 'z' }), makeHost('z')], {
      a: key('a'),
      m: key('m'),
      z: key('z'),
    });
    await statuses(made, true);
    expect(made.transport.probed).toEqual(['z', 'm', 'a']);
  });

  it('says why a host could not be asked', async () => {
    const made = fleet([makeHost('a', { jump: 'gone' }), makeHost('b')], {});
    const answers = must(await made.hosts.trust({ selectors: ['all'], acceptNew: false }, caller())).hosts;
    expect(answers).toMatchObject([
      { name: 'a', status: 'unreachable', detail: expect.stringContaining('gone') },
      { name: 'b', status: 'unreachable', detail: 'b does not answer.' },
    ]);
  });

  it('never gives the key itself away as part of the answer', async () => {
    const made = fleet([makeHost('fresh')], keys);
    const answers = must(await made.hosts.trust({ selectors: ['all'], acceptNew: true }, caller())).hosts;
    expect(answers[0]).not.toHaveProperty('publicKey');
  });

  it('ends when cancelled', async () => {
    const made = fleet([makeHost('fresh')], keys);
    const input = { selectors: ['all'], acceptNew: true };
    expect(refusal(await made.hosts.trust(input, caller(AbortSignal.abort()))).code).toBe('cancelled');
    expect(made.transport.probed).toEqual([]);
  });
});
