/**
 * What a Store promises, over the one in memory that unit tests use and the one that is shipped. One piece because it is one
 * suite over one interface.
 */
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Store, StoredFreeze, TrustedKey } from '../../../main/core/ports.ts';
import { canonicalJson } from '../../../main/core/snapshots/canonical.ts';
import { FrostFault, frostError } from '../../../shared/errors.ts';
import { AUDIT_GENESIS } from '../../../shared/model/audit.ts';
import type { Promotion } from '../../../shared/model/promotion.ts';
import type { Capture } from '../../../shared/model/run.ts';
import { createMemoryStore } from '../../support/memoryStore.ts';
import { makeFacts, makeHost, makePackage, makeScan, makeUpdate, uuid } from '../fleet/make.ts';
import { opened, temporaryFolder } from './make.ts';
import { AT, commitOf, hash, makePlan, makeRevision, makeRun, outputEvent } from './model.ts';

const kinds: [string, () => Store][] = [
  ['in memory', createMemoryStore],
  ['in SQLite', () => opened(join(temporaryFolder(), 'frostline.db'))],
];

const faultCode = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return error instanceof FrostFault ? error.error.code : String(error);
  }
  return 'nothing was thrown';
};

describe.each(kinds)('a store %s', (_, make) => {
  let store: Store;
  beforeEach(() => {
    store = make();
    onTestFinished(() => store.close());
  });

  describe('what bundles brought', () => {
    const one = (name: string, version: string, role: 'new' | 'rollback') =>
      ({ ecosystem: 'apt', name, arch: 'amd64', version, sha256: 'a'.repeat(64), role }) as const;
    const line = (n: number) => {
      const revision = makeRevision(uuid(n), n, []);
      store.putRevisions([revision], { lineId: uuid(n), name: `line ${n}`, revisionId: revision.id }, []);
      return uuid(n);
    };

    it('is kept by line, each once, and goes with its line', () => {
      const [a, b] = [line(1), line(2)];
      store.putBundled(a, [one('vim', '2', 'new'), one('vim', '1', 'rollback')]);
      store.putBundled(a, [one('vim', '2', 'new'), one('curl', '7', 'new')]);
      store.putBundled(b, [one('vim', '2', 'rollback')]);
      expect(store.bundled(a)).toEqual([
        one('curl', '7', 'new'),
        one('vim', '1', 'rollback'),
        one('vim', '2', 'new'),
      ]);
      expect(store.bundledVersions()).toHaveLength(3);
      store.removeLine(a);
      expect(store.bundled(a)).toEqual([]);
      expect(store.bundledVersions()).toEqual([{ name: 'vim', version: '2' }]);
    });
  });

  it('does what belongs together whole, or not at all', () => {
    const revision = makeRevision(uuid(1), 1, []);
    const advisories = {
      format: 'osv',
      file: 'a.json',
      sha256: 'b'.repeat(64),
      importedAt: AT,
      asOf: AT,
      dated: true,
      skipped: 0,
    } as const;
    const advisory = { format: 'osv', id: 'DSA-1-1', severity: 'low', cves: [], affected: [] } as const;
    const bundled = { ecosystem: 'apt', name: 'vim', arch: 'amd64', version: '2', role: 'new' } as const;
    const together = (fails: boolean) =>
      store.atomically(() => {
        store.putRevisions([revision], { lineId: uuid(1), name: 'a', revisionId: revision.id }, []);
        store.putBundled(uuid(1), [{ ...bundled, sha256: 'a'.repeat(64) }]);
        store.putAdvisories(advisories, [{ ...advisory, cves: [], affected: [] }], false);
        // What is changed inside is seen inside.
        expect(store.line('a')?.headId).toBe(revision.id);
        if (fails) throw new FrostFault(frostError('store.full', 'The disk is full.'));
        return 'done';
      });
    expect(faultCode(() => together(true))).toBe('store.full');
    expect(store.lines()).toEqual([]);
    expect(store.revision(revision.id)).toBeUndefined();
    expect(store.advisoryCount()).toBe(0);
    expect(store.advisoryImports(5)).toEqual([]);
    expect(together(false)).toBe('done');
    expect(store.bundled(uuid(1))).toHaveLength(1);
    expect(store.advisoryCount()).toBe(1);
  });

  describe('promotions', () => {
    const promotion = (revisionId: string, n: number): Promotion => ({
      id: uuid(n),
      revisionId,
      snapshot: 'november',
      revision: 1,
      from: null,
      to: 'production',
      by: 'anna',
      at: AT,
      evidence: null,
      signatures: [],
      reason: 'x',
    });

    it('are kept by revision, oldest first, and go with their line', () => {
      const revision = makeRevision(uuid(1), 1, []);
      store.putRevisions([revision], { lineId: uuid(1), name: 'november', revisionId: revision.id }, []);
      for (const n of [2, 1]) store.putPromotion(promotion(revision.id, n));
      expect(store.promotions(revision.id)).toEqual([promotion(revision.id, 2), promotion(revision.id, 1)]);
      expect(store.promotions(hash('f'))).toEqual([]);
      store.removeLine(uuid(1));
      expect(store.promotions(revision.id)).toEqual([]);
    });

    it('of a revision that is not here are refused', () => {
      expect(() => store.putPromotion(promotion(hash('f'), 1))).toThrow();
    });
  });

  describe('hosts', () => {
    it('gives back what was put, by id, by name without regard to case, and all in order of name', () => {
      const whole = makeHost('web-2', {
        tags: { web: '', tier: 'front' },
        environment: 'test',
        jump: 'bastion',
        note: 'nötig\n“x”',
        auth: { kind: 'key', keyFile: '~/.ssh/id' },
      });
      const others = [makeHost('Web-1'), makeHost('app')];
      store.putHost(whole);
      store.putHosts(others);
      expect(store.host(whole.id)).toEqual(whole);
      expect(store.hostByName('WEB-2')).toEqual(whole);
      expect(store.hosts().map((host) => host.name)).toEqual(['app', 'Web-1', 'web-2']);
      expect(store.host(uuid(1e6))).toBeUndefined();
      expect(store.hostByName('web')).toBeUndefined();
    });

    it('does not share what it holds with the caller', () => {
      const host = makeHost('web-1');
      store.putHost(host);
      host.tags.later = '';
      const read = store.host(host.id);
      if (read !== undefined) read.user = 'changed';
      expect(store.host(host.id)).toMatchObject({ tags: {}, user: 'admin' });
    });

    it('refuses a second host of a name, and then puts none of them', () => {
      store.putHost(makeHost('web-1'));
      expect(faultCode(() => store.putHosts([makeHost('new'), makeHost('WEB-1')]))).toBe('already-exists');
      expect(store.hosts().map((host) => host.name)).toEqual(['web-1']);
    });

    it('lets hosts change names with each other', () => {
      const [a, b] = [makeHost('a'), makeHost('b')];
      store.putHosts([a, b]);
      store.putHosts([
        { ...a, name: 'b' },
        { ...b, name: 'a' },
      ]);
      expect(store.hostByName('a')?.id).toBe(b.id);
      expect(store.hostByName('b')?.id).toBe(a.id);
    });
  });

  describe('scans', () => {
    it('gives back a scan as it was, with everything in it', () => {
      const host = makeHost('web-1');
      store.putHost(host);
      const scan = makeScan(host, {
        state: 'partial',
        error: { code: 'host.command-failed', message: 'apt-get -s failed', retryable: false },
        unseen: ['sudo scope'],
        facts: makeFacts({ lock: { held: true, holder: 'pid 8 (apt)' } }),
        updates: [makeUpdate('bash', { blocked: 'held' }), makeUpdate('zsh', { from: null })],
        removals: [{ name: 'old', arch: 'amd64', version: '1' }],
        relations: [
          {
            name: 'openssl',
            arch: 'amd64',
            version: '3',
            installed: false,
            requires: [[{ name: 'libssl3', op: '>=', version: '3' }]],
            conflicts: [],
            replaces: [{ name: 'old' }],
          },
        ],
      });
      store.putScan(scan);
      expect(store.latestScan(host.id)).toEqual(scan);
      expect(store.lastGoodScan(host.id)).toEqual(scan);
      expect(store.lastGoodUpdates(host.id)).toEqual(scan.updates);
      expect(store.lastGoodScanIds()).toEqual(new Map([[host.id, scan.id]]));
    });

    it('keeps the last good scan beside a failed one', () => {
      const host = makeHost('web-1');
      store.putHost(host);
      const good = makeScan(host);
      const { facts: _, ...failed } = makeScan(host, {
        state: 'failed',
        error: { code: 'host.unreachable', message: 'no route', retryable: true },
        packages: [],
        updates: [],
      });
      store.putScan(good);
      store.putScan(failed);
      expect(store.latestScan(host.id)).toEqual(failed);
      expect(store.lastGoodScan(host.id)).toEqual(good);
      const summary = store.scanSummaries().get(host.id);
      expect(summary?.latest).toMatchObject({ id: failed.id, state: 'failed', packageCount: 0 });
      expect(summary?.lastGood).toMatchObject({
        id: good.id,
        packageCount: 2,
        updateCount: 1,
        securityCount: 1,
      });
      expect(summary?.lastGood).not.toHaveProperty('packages');
      expect(store.summariesOf(host.id)).toEqual(summary);
      expect(store.lastGoodSummary(host.id)).toEqual(summary?.lastGood);
      expect(store.lastGoodSummary(uuid(1e6))).toBeUndefined();
    });

    it('has nothing to say of a host that was never scanned, or only in vain', () => {
      const host = makeHost('web-1');
      store.putHost(host);
      expect(store.latestScan(host.id)).toBeUndefined();
      expect(store.scanSummaries().size).toBe(0);
      store.putScan(makeScan(host, { state: 'failed', packages: [], updates: [] }));
      expect(store.lastGoodScan(host.id)).toBeUndefined();
      expect(store.lastGoodUpdates(host.id)).toBeUndefined();
      expect(store.scanSummaries().get(host.id)).not.toHaveProperty('lastGood');
      expect(store.summariesOf(host.id)).not.toHaveProperty('lastGood');
      expect(store.summariesOf(uuid(1e6))).toBeUndefined();
    });

    it('gives of the last good scans the packages that are asked for, whoever shares the lists', () => {
      const hosts = ['a', 'b', 'c', 'never'].map((name) => makeHost(name));
      for (const host of hosts) store.putHost(host);
      const packages = [
        makePackage('bash', '5.1-1'),
        makePackage('openssl', '3-1'),
        makePackage('zsh', '5-1'),
      ];
      const [a, b, c, never] = hosts;
      if (a === undefined || b === undefined || c === undefined || never === undefined) throw new Error();
      store.putScan(makeScan(a, { packages }));
      store.putScan(makeScan(b, { packages, updates: [] }));
      store.putScan(makeScan(c, { packages: [makePackage('bash', '5.2-1')] }));
      const excerptOf = store.excerpts(new Set(['bash', 'zsh', 'nothing']));
      const told = (host: ReturnType<typeof makeHost>) => {
        const found = excerptOf(host.id);
        return found && [found.packages.map((one) => `${one.name} ${one.version}`), found.updates.length];
      };
      expect([a, b, c, never, a].map(told)).toEqual([
        [['bash 5.1-1', 'zsh 5-1'], 1],
        [['bash 5.1-1', 'zsh 5-1'], 0],
        [['bash 5.2-1'], 1],
        undefined,
        [['bash 5.1-1', 'zsh 5-1'], 1],
      ]);
      expect(['openssl', 'zsh', 'nothing'].map((name) => excerptOf(b.id)?.has(name))).toEqual([
        true,
        true,
        false,
      ]);
      expect(excerptOf(c.id)?.has('openssl')).toBe(false);
      expect(excerptOf(a.id)?.facts).toEqual(store.lastGoodScan(a.id)?.facts);
    });

    it('keeps the history, newest first in order of storing', () => {
      const host = makeHost('web-1');
      store.putHost(host);
      const scans = [1, 2, 3].map((n) => makeScan(host, { startedAt: `2026-11-2${4 - n}T14:00:00.000Z` }));
      for (const scan of scans) store.putScan(scan);
      expect(store.scanHistory(host.id, 2).map((scan) => scan.id)).toEqual([scans[2]?.id, scans[1]?.id]);
      const [first] = scans;
      expect(faultCode(() => first && store.putScan(first))).toBe('already-exists');
    });

    it('keeps the history of a removed host readable, and nothing else of it', () => {
      const host = makeHost('web-1');
      store.putHost(host);
      store.putScan(makeScan(host));
      store.removeHost(host.id);
      expect(store.host(host.id)).toBeUndefined();
      expect(store.scanHistory(host.id, 10)).toHaveLength(1);
      expect(store.latestScan(host.id)).toBeUndefined();
      expect(store.lastGoodUpdates(host.id)).toBeUndefined();
      expect(store.scanSummaries().size).toBe(0);
      expect(store.summariesOf(host.id)).toBeUndefined();
      expect(store.excerpts(new Set())(host.id)).toBeUndefined();
    });
  });

  describe('snapshots', () => {
    const line = uuid(501);
    const first = makeRevision(line, 1, []);
    const second = makeRevision(line, 2, [first.id], { message: 'more' });
    const head = (revisionId: string, expectHead?: string | null) => ({
      lineId: line,
      name: 'november',
      revisionId,
      ...(expectHead === undefined ? {} : { expectHead }),
    });
    const freeze: StoredFreeze = {
      lineId: line,
      snapshot: 'november',
      revisionId: second.id,
      revision: 2,
      freeze: {
        hosts: 'all',
        from: AT,
        to: '2026-12-23T14:00:00.000Z',
        zone: 'Europe/Berlin',
        policy: 'listed-only',
        guard: false,
      },
      hostIds: [uuid(1)],
    };

    it('moves the head with the revisions that make it', () => {
      expect(store.putRevisions([first], head(first.id), [])).toBe(true);
      expect(store.putRevisions([second], head(second.id, first.id), [freeze])).toBe(true);
      const view = {
        id: line,
        name: 'november',
        headId: second.id,
        revisions: 2,
        updatedAt: second.content.createdAt,
      };
      expect(store.lines()).toEqual([view]);
      expect(store.line('NOVEMBER')).toEqual(view);
      expect(store.line(line)).toEqual(view);
      expect(store.revision(first.id)).toEqual(first);
      expect(store.revisions(line)).toEqual([second, first]);
      expect(store.revisionIds(line)).toEqual([
        { id: second.id, number: 2 },
        { id: first.id, number: 1 },
      ]);
      expect(store.present([hash('0'), second.id])).toEqual(new Set([second.id]));
      expect(store.freezes()).toEqual([freeze]);
      expect(store.line('december')).toBeUndefined();
      expect(store.revision(hash('0'))).toBeUndefined();
    });

    it('takes the canonical text of a revision where somebody made it already', () => {
      const canonical = canonicalJson(second.content);
      store.putRevisions([first, { ...second, canonical }], head(second.id), []);
      expect(store.revision(second.id)).toEqual(second);
    });

    it('keeps signatures beside a revision, one of each key, as long as its line', () => {
      const signature = (revisionId: string, fingerprint: string) => ({
        revisionId,
        fingerprint,
        armor: `armor of ${fingerprint}`,
        addedAt: AT,
      });
      const [one, two] = [signature(first.id, 'SHA256:b'), signature(first.id, 'SHA256:a')];
      store.putRevisions([first, second], head(second.id), [], [one]);
      store.putSignatures([two, { ...one, armor: 'another' }]);
      expect(store.signatures(first.id)).toEqual([one, two]);
      expect(store.signatures(second.id)).toEqual([]);
      const stray = signature(hash('0'), 'SHA256:c');
      expect(faultCode(() => store.putSignatures([signature(first.id, 'SHA256:c'), stray]))).toBe(
        'not-found',
      );
      expect(store.signatures(first.id)).toEqual([one, two]);
      store.removeLine(line);
      expect(store.signatures(first.id)).toEqual([]);
    });

    it('does nothing when the head is not the expected one, not even for a new line', () => {
      expect(store.putRevisions([first], head(first.id, second.id), [])).toBe(false);
      expect(store.lines()).toEqual([]);
      expect(store.putRevisions([first], head(first.id, null), [])).toBe(true);
      expect(store.putRevisions([second], head(second.id, second.id), [freeze])).toBe(false);
      expect(store.putRevisions([second], head(second.id, null), [freeze])).toBe(false);
      expect(store.line(line)?.headId).toBe(first.id);
      expect(store.revision(second.id)).toBeUndefined();
      expect(store.freezes()).toEqual([]);
    });

    it('leaves a revision alone that is there already', () => {
      store.putRevisions([first], head(first.id), []);
      store.putRevisions([first, second], head(second.id), []);
      expect(store.revisions(line)).toHaveLength(2);
    });

    it('refuses a taken name, a foreign revision and a head that is not there, whole', () => {
      store.putRevisions([first], head(first.id), []);
      const other = makeRevision(uuid(502), 1, []);
      const otherHead = { lineId: uuid(502), name: 'November', revisionId: other.id };
      expect(faultCode(() => store.putRevisions([other], otherHead, []))).toBe('already-exists');
      expect(faultCode(() => store.putRevisions([other], head(second.id), []))).toBe('state.conflict');
      expect(faultCode(() => store.putRevisions([], head(second.id), []))).toBe('not-found');
      expect(store.lines()).toHaveLength(1);
      expect(store.revision(other.id)).toBeUndefined();
    });

    it('thaws a freeze once, together with the revision that says so', () => {
      store.putRevisions([first, second], head(second.id), [freeze]);
      const thawed = { at: AT, reason: 'urgent' };
      const third = makeRevision(line, 3, [second.id], { thaw: { revision: second.id, ...thawed } });
      store.thaw(second.id, thawed, third, { lineId: line, name: 'november' });
      expect(store.freezes()).toEqual([{ ...freeze, thawed }]);
      expect(store.line(line)?.headId).toBe(third.id);
      const again = () => store.thaw(second.id, thawed, third, { lineId: line, name: 'november' });
      expect(faultCode(again)).toBe('state.conflict');
      const never = () => store.thaw(first.id, thawed, third, { lineId: line, name: 'november' });
      expect(faultCode(never)).toBe('not-found');
    });

    it('removes a line with its revisions and freezes', () => {
      store.putRevisions([first, second], head(second.id), [freeze]);
      store.removeLine(line);
      expect([store.lines(), store.revisions(line), store.freezes()]).toEqual([[], [], []]);
    });
  });

  describe('plans', () => {
    it('lists the newest first, with and without hosts', () => {
      const hosts = [makeHost('web-1'), makeHost('web-2')];
      const plans = [makePlan(uuid(601), hosts), makePlan(uuid(602), hosts.slice(1))];
      for (const plan of plans) store.putPlan(plan);
      expect(store.plan(uuid(601))).toEqual(plans[0]);
      expect(store.plans(5)).toEqual(plans.toReversed());
      expect(store.plans(1)).toHaveLength(1);
      expect(store.planSummaries(5).map((plan) => [plan.id, plan.hostCount])).toEqual([
        [uuid(602), 1],
        [uuid(601), 2],
      ]);
      expect(store.planSummaries(1)[0]).not.toHaveProperty('hosts');
      expect(faultCode(() => plans[0] && store.putPlan(plans[0]))).toBe('already-exists');
    });
  });

  describe('runs', () => {
    const hosts = [makeHost('web-1'), makeHost('web-2')];
    const id = uuid(700);
    const created = () => store.createRun(commitOf(makeRun(id, hosts)));
    const upTo = (seq: number) => makeRun(id, hosts, { seq });

    it('commits state, events and effects together', () => {
      const run = makeRun(id, hosts, { seq: 1 });
      store.createRun(
        commitOf(run, {
          events: [outputEvent(id, 1, 'web-1')],
          addEffects: [
            { id: 'e1', kind: 'connect', hostId: hosts[0]?.id ?? '', payload: { attempt: 1 } },
            { id: 'e2', kind: 'finish', payload: null },
          ],
        }),
      );
      const next = makeRun(id, hosts, { seq: 3, counts: { queued: 1 } });
      store.commitRun(
        commitOf(next, {
          state: { deep: [1, { a: null }] },
          events: [outputEvent(id, 2, 'web-2'), outputEvent(id, 3, 'web-1', 'x\t<b>')],
          addEffects: [{ id: 'e3', kind: 'connect', payload: {} }],
          doneEffects: ['e1'],
        }),
      );
      expect(store.run(id)).toEqual({
        run: next,
        state: { deep: [1, { a: null }] },
        effects: [
          { id: 'e2', kind: 'finish', payload: null },
          { id: 'e3', kind: 'connect', payload: {} },
        ],
      });
      expect(store.events(id, 0, 10).map((event) => event.seq)).toEqual([1, 2, 3]);
      expect(store.events(id, 1, 1)).toEqual([outputEvent(id, 2, 'web-2')]);
      expect(store.outputLines(id, 'web-1', 10)).toEqual(['line 1', 'x\t<b>']);
      expect(store.outputLines(id, 'web-1', 1)).toEqual(['x\t<b>']);
    });

    it.each([
      ['leaves a gap', upTo(2), [outputEvent(id, 2, 'web-1')]],
      ['repeats an event', upTo(1), [outputEvent(id, 1, 'web-1'), outputEvent(id, 1, 'web-1')]],
      ['names another last event', upTo(2), [outputEvent(id, 1, 'web-1')]],
      ['holds an event of another run', upTo(1), [outputEvent(uuid(701), 1, 'web-1')]],
    ])('refuses a commit that %s, and keeps nothing of it', (_title, run, events) => {
      created();
      const commit = commitOf(run, { events, addEffects: [{ id: 'e', kind: 'x', payload: 1 }] });
      expect(faultCode(() => store.commitRun(commit))).toBe('internal');
      expect(store.run(id)).toEqual({ run: makeRun(id, hosts), state: { model: 0 }, effects: [] });
      expect(store.events(id, 0, 10)).toEqual([]);
    });

    it('refuses to create a run twice and to commit one that is not there', () => {
      created();
      expect(faultCode(created)).toBe('already-exists');
      expect(faultCode(() => store.commitRun(commitOf(makeRun(uuid(799), hosts))))).toBe('not-found');
    });

    it('refuses an effect that is owed already', () => {
      const effect = { id: 'e', kind: 'x', payload: 1 };
      store.createRun(commitOf(makeRun(id, hosts), { addEffects: [effect] }));
      const again = () => store.commitRun(commitOf(makeRun(id, hosts), { addEffects: [effect] }));
      expect(faultCode(again)).toBe('internal');
    });

    it('lists the newest first, and what is unfinished or owes an effect oldest first', () => {
      const done = { state: 'finished', verdict: 'success', finishedAt: AT } as const;
      store.createRun(commitOf(makeRun(uuid(701), hosts)));
      store.createRun(commitOf(makeRun(uuid(702), hosts, done)));
      const owing = { addEffects: [{ id: 'e', kind: 'clean', payload: {} }] };
      store.createRun(commitOf(makeRun(uuid(703), hosts, done), owing));
      expect(store.runs(2).map((run) => run.id)).toEqual([uuid(703), uuid(702)]);
      expect(store.runs(2)[0]).not.toHaveProperty('tasks');
      expect(store.unfinishedRuns().map((stored) => stored.run.id)).toEqual([uuid(701), uuid(703)]);
      store.commitRun(commitOf(makeRun(uuid(703), hosts, done), { doneEffects: ['e'] }));
      expect(store.unfinishedRuns().map((stored) => stored.run.id)).toEqual([uuid(701)]);
    });

    it('takes over the tasks that changed', () => {
      created();
      const [first, second] = hosts;
      const run = makeRun(id, hosts);
      const task = run.tasks[1];
      if (task === undefined || first === undefined || second === undefined) throw new Error('no task');
      task.state = 'succeeded';
      task.to = [{ name: 'openssl', arch: 'amd64', version: '2' }];
      store.commitRun(commitOf(run, { changedTasks: [second.id] }));
      expect(store.run(id)?.run).toEqual(run);
      task.state = 'failed';
      store.commitRun(commitOf(run));
      expect(store.run(id)?.run.tasks.map((each) => each.state)).toEqual(['queued', 'failed']);
    });

    it('keeps when it was accepted through later commits', () => {
      created();
      store.markAccepted(id, AT);
      store.commitRun(commitOf(makeRun(id, hosts)));
      expect(store.run(id)?.run.acceptedAt).toBe(AT);
      expect(store.runs(1)[0]?.acceptedAt).toBe(AT);
      expect(faultCode(() => store.markAccepted(uuid(799), AT))).toBe('not-found');
    });

    it('keeps captures, the newest of a host', () => {
      const capture: Capture = {
        runId: id,
        hostId: uuid(1),
        takenAt: AT,
        packages: [{ name: 'bash', arch: 'amd64', version: '1', auto: false, held: true, state: 'ii' }],
        secured: [],
        unsecured: [{ name: 'bash', arch: 'amd64', version: '1', reason: 'gone' }],
      };
      created();
      store.commitRun(commitOf(makeRun(id, hosts), { captures: [capture] }));
      expect(store.capture(id, uuid(1))).toEqual(capture);
      store.commitRun(commitOf(makeRun(id, hosts), { captures: [{ ...capture, packages: [] }] }));
      expect(store.capture(id, uuid(1))?.packages).toEqual([]);
      expect(store.capture(id, uuid(2))).toBeUndefined();
    });

    it('keeps runs readable when their hosts are removed', () => {
      store.putHosts(hosts);
      created();
      for (const host of hosts) store.removeHost(host.id);
      expect(store.run(id)?.run.tasks.map((task) => task.host)).toEqual(['web-1', 'web-2']);
    });
  });

  it('keeps settings until they are taken back', () => {
    expect(store.setting('theme')).toBeUndefined();
    store.putSetting('theme', 'dark');
    store.putSetting('theme', 'light');
    expect(store.setting('theme')).toBe('light');
    store.putSetting('theme', null);
    expect(store.setting('theme')).toBeUndefined();
  });

  it('numbers the audit log and gives the newest entries', () => {
    for (const action of ['a', 'b', 'c'])
      store.appendAudit({ at: AT, actor: 'cli', action, outcome: 'done', detail: '{"name":"10% Äpfel_"}' });
    const shown = (o: Parameters<Store['audit']>[0]) => store.audit(o).map((line) => [line.seq, line.action]);
    expect(shown({ limit: 2 })).toEqual([
      [3, 'c'],
      [2, 'b'],
    ]);
    expect(shown({ limit: 5, before: 3 })).toEqual([
      [2, 'b'],
      [1, 'a'],
    ]);
    expect(shown({ limit: 5, search: '"ACTION":"b' })).toEqual([[2, 'b']]);
    expect(shown({ limit: 5, search: '10% Äpfel_' })).toHaveLength(3);
    expect(shown({ limit: 5, search: '10_ %pfel' })).toEqual([]);
  });

  it('chains the audit log, each line by the hash of the one before', () => {
    expect(store.auditHead()).toEqual({ seq: 0, hash: AUDIT_GENESIS });
    for (const action of ['a', 'b', 'c'])
      store.appendAudit({ at: AT, actor: 'cli', action, outcome: 'done', detail: '{}' });
    const lines = store.audit({ limit: 5 }).toReversed();
    expect(lines.map((line) => line.prev)).toEqual([AUDIT_GENESIS, lines[0]?.hash, lines[1]?.hash]);
    expect(store.auditHead()).toEqual({ seq: 3, hash: lines[2]?.hash });
    expect(store.auditTexts(1, 5)).toEqual([
      { seq: 2, text: canonicalJson(lines[1]) },
      { seq: 3, text: canonicalJson(lines[2]) },
    ]);
    expect(store.auditTexts(0, 1)).toMatchObject([{ seq: 1 }]);
  });

  it('knows trusted keys by address, without regard to case, and port', () => {
    const key = (publicKey: string, port = 22): TrustedKey => ({
      address: 'Web-1.example',
      port,
      keyType: 'ssh-ed25519',
      publicKey,
      fingerprint: `SHA256:${'x'.repeat(43)}`,
      addedAt: AT,
    });
    for (const one of [key('AAA'), key('BBB'), key('AAA'), key('AAA', 2222)]) store.addTrustedKey(one);
    expect(store.trustedKeys('web-1.EXAMPLE', 22)).toEqual([key('AAA'), key('BBB')]);
    store.removeTrustedKeys('WEB-1.example', 22);
    expect(store.trustedKeys('web-1.example', 22)).toEqual([]);
    expect(store.trustedKeys('web-1.example', 2222)).toHaveLength(1);
  });

  it('takes hostile text as text', () => {
    const text = `'; DROP TABLE hosts; -- " \\ \u{1F4A3}`;
    store.putSetting(text, text);
    store.appendAudit({ at: AT, actor: text, action: text, outcome: 'done', detail: text });
    expect(store.setting(text)).toBe(text);
    expect(store.line(text)).toBeUndefined();
    expect(store.outputLines(text, text, 5)).toEqual([]);
    const host = makeHost('web-1', { note: text });
    store.putHost(host);
    store.putScan(makeScan(host, { packages: [makePackage('a')], unseen: [text] }));
    expect(store.latestScan(host.id)?.unseen).toEqual([text]);
  });
});
