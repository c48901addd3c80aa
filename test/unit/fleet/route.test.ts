import { describe, expect, it } from 'vitest';
import { routeOf } from '../../../main/core/fleet/route.ts';
import { createMemoryStore } from '../../support/memoryStore.ts';
import { makeHost } from './make.ts';

const storeOf = (...hosts: ReturnType<typeof makeHost>[]) => {
  const store = createMemoryStore();
  store.putHosts(hosts);
  return store;
};

describe('the route to a host', () => {
  it('is direct where no jump host is named', () => {
    const host = makeHost('web-1');
    expect(routeOf(host, storeOf(host))).toEqual({ ok: true, value: { host, via: [] } });
  });

  it('goes through the chain of jump hosts, nearest to the console last, names without regard to case', () => {
    const outer = makeHost('Outer');
    const inner = makeHost('inner', { jump: 'OUTER' });
    const host = makeHost('web-1', { jump: 'Inner' });
    expect(routeOf(host, storeOf(outer, inner, host))).toEqual({
      ok: true,
      value: { host, via: [inner, outer] },
    });
  });

  it('names the jump host that is not there, and the way out', () => {
    const host = makeHost('web-1', { jump: 'inner' });
    const inner = makeHost('inner', { jump: 'gone' });
    const route = routeOf(host, storeOf(host, inner));
    expect(route).toMatchObject({
      ok: false,
      error: { code: 'not-found', host: 'web-1', message: expect.stringContaining('gone') },
    });
  });

  it.each([
    ['itself', [makeHost('a', { jump: 'A' })], 'a → a'],
    ['the start', [makeHost('a', { jump: 'b' }), makeHost('b', { jump: 'a' })], 'a → b → a'],
    [
      'a later one',
      [makeHost('a', { jump: 'b' }), makeHost('b', { jump: 'c' }), makeHost('c', { jump: 'b' })],
      'a → b → c → b',
    ],
  ])('refuses a circle back to %s', (_, hosts, chain) => {
    const [host] = hosts;
    if (host === undefined) throw new Error('no host');
    expect(routeOf(host, storeOf(...hosts))).toMatchObject({
      ok: false,
      error: { code: 'state.conflict', message: expect.stringContaining(chain) },
    });
  });
});
