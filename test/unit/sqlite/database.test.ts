/** What the database itself guarantees, whoever writes to it, and how it finds things. */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Db } from '../../../main/adapters/sqlite/db.ts';
import { hostStore } from '../../../main/adapters/sqlite/hosts.ts';
import { KEPT_PLANS, planStore } from '../../../main/adapters/sqlite/plans.ts';
import { runStore } from '../../../main/adapters/sqlite/runs.ts';
import { LISTED_SCANS, scanStore } from '../../../main/adapters/sqlite/scans.ts';
import { snapshotStore } from '../../../main/adapters/sqlite/snapshots.ts';
import { trustStore } from '../../../main/adapters/sqlite/trust.ts';
import { makeHost, makePackage, makeScan, makeUpdate, uuid } from '../fleet/make.ts';
import { opened, temporaryFolder } from './make.ts';
import { AT, commitOf, makePlan, makeRevision, makeRun, outputEvent } from './model.ts';

const rig = () => {
  const file = join(temporaryFolder(), 'frostline.db');
  const store = opened(file);
  const raw = new Database(file);
  onTestFinished(() => {
    raw.close();
    store.close();
  });
  const count = (table: string): unknown => raw.prepare(`SELECT count(*) FROM ${table}`).pluck().get();
  return { file, store, raw, count };
};

describe('the database refuses by itself', () => {
  const line = uuid(501);
  const first = makeRevision(line, 1, []);
  const run = makeRun(uuid(700), [makeHost('web-1')], { seq: 2 });
  const events = [1, 2].map((seq) => outputEvent(run.id, seq, 'web-1'));

  it.each([
    ['to change a revision', `UPDATE revisions SET content = '{}'`, 'a revision never changes'],
    ['to change an event', `UPDATE events SET body = '{}'`, 'events never change'],
    ['to remove an event', 'DELETE FROM events', 'events are never removed'],
    [
      'to replace an event',
      `REPLACE INTO events (run, seq, type, body) VALUES (1, 2, 'x', '{}')`,
      'without a gap',
    ],
    [
      'an event after a gap',
      `INSERT INTO events (run, seq, type, body) VALUES (1, 4, 'x', '{}')`,
      'without a gap',
    ],
    [
      'an event that was there',
      `INSERT INTO events (run, seq, type, body) VALUES (1, 1, 'x', '{}')`,
      'without a gap',
    ],
    ['to change the audit log', `UPDATE audit SET line = 'nobody'`, 'never changes'],
    ['to shorten the audit log', 'DELETE FROM audit', 'never shortened'],
    [
      'to replace a line of the audit log',
      `REPLACE INTO audit (seq, prev, hash, line) SELECT seq, prev, hash, 'x' FROM audit`,
      'continues the last one',
    ],
    [
      'a line of the audit log that does not continue the last one',
      `INSERT INTO audit (seq, prev, hash, line) SELECT seq + 1, prev, hash, line FROM audit`,
      'continues the last one',
    ],
    [
      'a line of the audit log after a gap',
      `INSERT INTO audit (seq, prev, hash, line) SELECT seq + 2, hash, hash, line FROM audit`,
      'continues the last one',
    ],
    [
      'a line of the audit log without a number of its own',
      `INSERT INTO audit (prev, hash, line) SELECT hash, hash, line FROM audit`,
      'continues the last one',
    ],
    [
      'an event of no run',
      `INSERT INTO events (run, seq, type, body) VALUES (9, 1, 'x', '{}')`,
      'FOREIGN KEY',
    ],
  ])('%s', (_, sql, message) => {
    const { store, raw } = rig();
    store.putRevisions([first], { lineId: line, name: 'november', revisionId: first.id }, []);
    store.createRun(commitOf(run, { events }));
    store.appendAudit({ at: AT, actor: 'cli', action: 'a', outcome: 'done', detail: '' });
    expect(() => raw.exec(sql)).toThrow(message);
    expect(store.events(run.id, 0, 10)).toEqual(events);
  });

  it('to answer with a revision whose content is not the one its id names', () => {
    const { store, raw } = rig();
    store.putRevisions([first], { lineId: line, name: 'november', revisionId: first.id }, []);
    raw.exec('DROP TRIGGER revisions_immutable');
    raw.exec(`UPDATE revisions SET content = replace(content, '3.0.1-1', '3.0.9-1')`);
    expect(() => store.revision(first.id)).toThrow('has changed');
    expect(() => store.revisions(line)).toThrow('has changed');
  });

  it('to keep a revision under an id that is not its own', () => {
    const { store } = rig();
    const forged = { ...first, id: makeRevision(line, 2, []).id };
    const head = { lineId: line, name: 'november', revisionId: forged.id };
    expect(() => store.putRevisions([forged], head, [])).toThrow('does not have the content');
    expect(store.lines()).toEqual([]);
  });
});

describe('scans on disk', () => {
  it('store a list once, whichever host or scan it came from', () => {
    const { store, count } = rig();
    const packages = Array.from({ length: 500 }, (_, n) => makePackage(`p-${n}`));
    for (let n = 0; n < 10; n += 1) {
      const host = makeHost(`web-${n}`);
      store.putHost(host);
      for (let scan = 0; scan < 3; scan += 1) store.putScan(makeScan(host, { packages }));
    }
    expect(count('scans')).toBe(30);
    expect(count('lists')).toBe(2);
  });

  it('keep every summary, and the lists of the latest only', () => {
    const { store, count } = rig();
    const host = makeHost('web-1');
    store.putHost(host);
    for (let n = 0; n < LISTED_SCANS * 2; n += 1)
      store.putScan(
        makeScan(host, {
          packages: [makePackage(`p-${n}`)],
          updates: [makeUpdate(`p-${n}`)],
          relations: [
            {
              name: `p-${n}`,
              arch: 'amd64',
              version: '2',
              installed: false,
              requires: [],
              conflicts: [{ name: 'old' }],
              replaces: [],
            },
          ],
        }),
      );
    expect(store.scanHistory(host.id, 100)).toHaveLength(LISTED_SCANS * 2);
    expect(count('lists')).toBe(LISTED_SCANS * 3);
    expect(count('scans WHERE packages IS NOT NULL')).toBe(LISTED_SCANS);
    store.removeHost(host.id);
    expect(count('lists')).toBe(0);
    expect(store.scanHistory(host.id, 100)).toHaveLength(LISTED_SCANS * 2);
  });

  it('keep the last good one whole, however many failed since', () => {
    const { store } = rig();
    const host = makeHost('web-1');
    store.putHost(host);
    const good = makeScan(host);
    store.putScan(good);
    for (let n = 0; n < LISTED_SCANS * 2; n += 1)
      store.putScan(makeScan(host, { state: 'failed', packages: [], updates: [] }));
    expect(store.lastGoodScan(host.id)).toEqual(good);
    const better = makeScan(host, { packages: [makePackage('new')] });
    store.putScan(better);
    expect(store.lastGoodScan(host.id)).toEqual(better);
  });
});

it('plans that no run came of are let go after a while; those of runs stay', () => {
  const { store, count } = rig();
  const host = makeHost('web-1');
  store.putPlan(makePlan(uuid(9000), [host]));
  store.createRun(commitOf(makeRun(uuid(700), [host])));
  for (let n = 1; n <= KEPT_PLANS + 10; n += 1) store.putPlan(makePlan(uuid(9000 + n), [host]));
  expect(count('plans')).toBe(KEPT_PLANS + 1);
  expect(store.plan(uuid(9000))).toBeDefined();
  expect(store.plan(uuid(9001))).toBeUndefined();
});

it('a progress commit writes only what changed', () => {
  const { store, raw } = rig();
  const hosts = Array.from({ length: 50 }, (_, n) => makeHost(`web-${n}`));
  const run = makeRun(uuid(700), hosts);
  store.createRun(commitOf(run));
  raw.exec(`
    CREATE TABLE written (what TEXT);
    CREATE TRIGGER w1 AFTER UPDATE ON tasks BEGIN INSERT INTO written VALUES (NEW.host); END;
    CREATE TRIGGER w2 AFTER UPDATE ON task_lists BEGIN INSERT INTO written VALUES ('lists'); END;`);
  const [first, second] = run.tasks;
  if (first === undefined || second === undefined) throw new Error('no task');
  first.percent = 10;
  second.percent = 20;
  store.commitRun(commitOf(run, { changedTasks: [first.hostId] }));
  expect(raw.prepare('SELECT what FROM written').pluck().all()).toEqual([first.hostId]);
  store.commitRun(commitOf(run));
  expect(raw.prepare('SELECT what FROM written').pluck().all()).toEqual([first.hostId, second.hostId]);
});

describe('looking things up', () => {
  /** Every statement the store prepares while it does everything it can. */
  const statements = (): { handle: Database.Database; sql: string[] } => {
    const file = join(temporaryFolder(), 'frostline.db');
    opened(file).close();
    const handle = new Database(file);
    onTestFinished(() => void handle.close());
    const sql: string[] = [];
    const recording = new Proxy(handle, {
      get: (target, key) => {
        if (key !== 'prepare') {
          const value: unknown = Reflect.get(target, key, target);
          return typeof value === 'function' ? value.bind(target) : value;
        }
        return (text: string) => {
          sql.push(text);
          return target.prepare(text);
        };
      },
    });
    const db = new Db(recording, file);
    const [host, other] = [makeHost('web-1'), makeHost('web-2')];
    const hosts = hostStore(db);
    hosts.putHosts([host, other]);
    hosts.hosts();
    hosts.host(host.id);
    hosts.hostByName('web-1');
    const scans = scanStore(db);
    for (let n = 0; n < LISTED_SCANS + 2; n += 1)
      scans.putScan(makeScan(host, { packages: [makePackage(`p${n}`)] }));
    scans.latestScan(host.id);
    scans.lastGoodScan(host.id);
    scans.lastGoodUpdates(host.id);
    scans.lastGoodSummary(host.id);
    scans.scanHistory(host.id, 5);
    scans.scanSummaries();
    const snapshots = snapshotStore(db);
    const line = uuid(501);
    const first = makeRevision(line, 1, []);
    snapshots.putRevisions([first], { lineId: line, name: 'november', revisionId: first.id }, []);
    snapshots.lines();
    snapshots.line('november');
    snapshots.revision(first.id);
    snapshots.revisions(line);
    snapshots.freezes();
    const plans = planStore(db);
    plans.putPlan(makePlan(uuid(600), [host]));
    plans.plan(uuid(600));
    plans.planSummaries(5);
    plans.plans(5);
    const runs = runStore(db);
    const effect = { id: 'e', kind: 'x', payload: 1 };
    runs.createRun(commitOf(makeRun(uuid(700), [host]), { addEffects: [effect] }));
    const next = makeRun(uuid(700), [host], { seq: 1 });
    runs.commitRun(commitOf(next, { events: [outputEvent(uuid(700), 1, 'web-1')], doneEffects: ['e'] }));
    runs.run(uuid(700));
    runs.runs(5);
    runs.unfinishedRuns();
    runs.events(uuid(700), 0, 5);
    runs.outputLines(uuid(700), 'web-1', 5);
    runs.capture(uuid(700), host.id);
    runs.markAccepted(uuid(700), AT);
    const trust = trustStore(db);
    trust.trustedKeys('web-1.example', 22);
    trust.removeTrustedKeys('web-1.example', 22);
    snapshots.removeLine(line);
    hosts.removeHost(host.id);
    return { handle, sql: [...new Set(sql)] };
  };

  /** Read whole on purpose: as many rows as there are hosts, snapshots or owed effects, or in order of the key up to a limit. */
  const readWhole = [
    /^SCAN (h|hosts|l|lines)\b/,
    /^SCAN freezes/,
    // A list that was handed over as a parameter.
    /^SCAN \w+ VIRTUAL TABLE/,
    /^SCAN effects USING COVERING INDEX/,
    /^SCAN runs USING (COVERING )?INDEX runs_unfinished/,
  ];
  /** Sorted on purpose: the tasks and the owed effects of one run. */
  const sorted = /FROM (tasks t JOIN|effects WHERE run = \?)/;
  const limited = /ORDER BY key DESC LIMIT/;

  it('uses an index wherever the number of rows grows with time, and sorts nothing that grows with it', () => {
    const { handle, sql } = statements();
    expect(sql.length).toBeGreaterThan(40);
    const bad: string[] = [];
    for (const text of sql) {
      const values = Array.from(text.matchAll(/\?/g), () => null);
      const plan = handle.prepare<null[], { detail: string }>(`EXPLAIN QUERY PLAN ${text}`).all(...values);
      for (const { detail } of plan) {
        const scans = detail.startsWith('SCAN') && !readWhole.some((known) => known.test(detail));
        const sorts = detail.includes('TEMP B-TREE') && !sorted.test(text);
        if ((scans && !limited.test(text)) || sorts) bad.push(`${text}\n  ${detail}`);
      }
    }
    expect(bad).toEqual([]);
  });
});
