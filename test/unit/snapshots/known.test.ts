/** What is known from scans: read in slices, each scan once, and never older than the question. */
import { describe, expect, it } from 'vitest';
import { createKnowledge } from '../../../main/core/snapshots/known.ts';
import { createMemoryStore } from '../../support/memoryStore.ts';
import { fakeClock } from '../../support/ports.ts';
import { makeHost, makePackage, makeScan, makeUpdate } from '../fleet/make.ts';

const PACKAGES = Array.from({ length: 300 }, (_, n) => makePackage(`package-${n}`, '1.0-1'));

const make = (count: number) => {
  const memory = createMemoryStore();
  const hosts = Array.from({ length: count }, (_, n) => makeHost(`host-${n}`));
  const scan = (n: number, version: string) => {
    const host = hosts[n];
    if (host === undefined) throw new Error('no such host');
    memory.putScan(
      makeScan(host, { packages: PACKAGES, updates: [makeUpdate('package-0', { to: version })] }),
    );
  };
  for (const [n, host] of hosts.entries()) {
    memory.putHost(host);
    scan(n, '2.0-1');
  }
  const read: string[] = [];
  const store = {
    ...memory,
    lastGoodScan: (hostId: string) => {
      read.push(hostId);
      return memory.lastGoodScan(hostId);
    },
  };
  return { hosts, scan, read, memory, knowledge: createKnowledge(store, fakeClock()) };
};
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('what is known from scans', () => {
  it('is read while others get their turn', async () => {
    const { knowledge, read } = make(40);
    let over = false;
    const done = knowledge.read().finally(() => {
      over = true;
    });
    const seen = new Set<number>();
    while (!over) {
      seen.add(read.length);
      await turn();
    }
    expect((await done).all).toEqual(['apt']);
    expect(read).toHaveLength(40);
    // Somebody else was there at many places in between.
    expect(seen.size).toBeGreaterThan(5);
  });

  it('is the same until there is a newer scan, and then only that one is read', async () => {
    const { knowledge, read, scan, hosts, memory } = make(5);
    const first = await knowledge.read();
    expect(await knowledge.read()).toBe(first);
    expect(read).toHaveLength(5);
    scan(3, '3.0-1');
    const second = await knowledge.read();
    expect(second.ecosystems('package-0', '3.0-1')).toEqual(['apt']);
    expect(first.ecosystems('package-0', '3.0-1')).toEqual([]);
    expect(read.slice(5)).toEqual([hosts[3]?.id]);
    const [gone] = hosts;
    memory.removeHost(gone?.id ?? '');
    expect((await (await knowledge.read()).world({})).hosts).toHaveLength(4);
    expect(read).toHaveLength(6);
  });

  it('is never older than the question, also where an older one is just being answered', async () => {
    const { knowledge, scan, read } = make(40);
    const slow = knowledge.read();
    while (read.length < 5) await turn();
    // The first host was read already.
    scan(0, '3.0-1');
    const later = await knowledge.read();
    expect(later.ecosystems('package-0', '3.0-1')).toEqual(['apt']);
    expect((await slow).all).toEqual(['apt']);
    expect(read).toHaveLength(41);
  });

  it('is read once, however many ask at the same time', async () => {
    const { knowledge, read } = make(20);
    const answers = await Promise.all([knowledge.read(), knowledge.read(), knowledge.read()]);
    expect(new Set(answers).size).toBe(1);
    expect(read).toHaveLength(20);
  });
});
