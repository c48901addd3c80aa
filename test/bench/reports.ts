/**
 * The compliance report over a large stored fleet: how long it takes, how long others wait meanwhile, and how much memory it needs. Usage:
 * `node test/bench/reports.ts [HOSTS] [PACKAGES] [ENTRIES]`, default 5000, 2000 and 200.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, systemHasher } from '../../main/adapters/platform.ts';
import { openStore } from '../../main/adapters/sqlite/open.ts';
import { createReportService } from '../../main/core/reports/service.ts';
import { revisionId } from '../../main/core/snapshots/canonical.ts';
import { ok } from '../../shared/errors.ts';
import type { Entry, RevisionContent } from '../../shared/model/snapshot.ts';
import { makeHost, makePackage, makeScan, makeUpdate, uuid } from '../unit/fleet/make.ts';

const [hosts = 5000, packages = 2000, entries = 200] = process.argv.slice(2).map(Number);
/** So many scans are filled in by one transaction: a console has one for each, and waits for the disk each time. */
const BATCH = 100;
const folder = mkdtempSync(join(tmpdir(), 'frostline-bench-'));
const opened = openStore({ file: join(folder, 'frostline.db'), log: { write: () => {} } });
if (!opened.ok) throw new Error(opened.error.message);
const store = opened.value;

const now = new Date(systemClock.now()).toISOString();
/** Hosts of one kind have equal packages, as real ones do; every one has a package of its own, so that no two lists are equal. */
const fill = (): void => {
  const common = Array.from({ length: packages - 1 }, (_, i) => makePackage(`package-${i}`, `1.${i % 7}-1`));
  const updates = Array.from({ length: 40 }, (_, i) => makeUpdate(`package-${i}`));
  const add = (n: number): void => {
    const host = makeHost(`host-${String(n).padStart(5, '0')}`);
    store.putHost(host);
    store.putScan(
      makeScan(host, {
        startedAt: now,
        finishedAt: now,
        packages: [...common, makePackage(`only-${n}`)],
        updates,
      }),
    );
  };
  for (let n = 0; n < hosts; n += BATCH) {
    store.atomically(() => {
      for (let own = n; own < Math.min(n + BATCH, hosts); own += 1) add(own);
    });
    if (n % 500 === 0) console.log(`  ${n} of ${hosts} hosts stored`);
  }
};

const snapshot = (): void => {
  const list = Array.from(
    { length: entries },
    (_, i): Entry => ({
      ecosystem: 'apt',
      name: `package-${i}`,
      version: `1.${i % 5}-1`,
      decision: i % 9 === 0 ? 'reject' : 'approve',
      stage: 0,
      source: 'scan',
    }),
  );
  const content: RevisionContent = {
    format: 'frostline.revision/1',
    line: { id: uuid(1), name: 'bench' },
    number: 1,
    parents: [],
    author: { name: 'bench' },
    createdAt: now,
    scope: {},
    rules: [],
    entries: list,
    exceptions: [],
  };
  const revision = { id: revisionId(content, systemHasher), content };
  store.putRevisions([revision], { lineId: uuid(1), name: 'bench', revisionId: revision.id }, []);
};

const seconds = async (work: () => Promise<void> | void): Promise<string> => {
  const began = performance.now();
  await work();
  return `${((performance.now() - began) / 1000).toFixed(1)} s`;
};

try {
  console.log(`${hosts} hosts × ${packages} packages, ${entries} entries`);
  console.log(`filled in ${await seconds(() => fill())}`);
  snapshot();
  const reports = createReportService(
    { store, clock: systemClock, hasher: systemHasher, user: 'bench' },
    { drift: async () => ok({ drift: [] }) },
  );
  const caller = { signal: new AbortController().signal, actor: 'bench' };
  const report = { kind: 'compliance' as const, snapshot: 'bench', selectors: [], maxAgeSeconds: 7 * 86_400 };
  for (const format of ['json', 'csv', 'html'] as const) {
    let characters = 0;
    let peak = 0;
    let longestPause = 0;
    let last = performance.now();
    // Whoever else asks something meanwhile waits as long as this timer does.
    const others = setInterval(() => {
      longestPause = Math.max(longestPause, performance.now() - last);
      last = performance.now();
      peak = Math.max(peak, process.memoryUsage.rss());
    }, 1);
    const cpu = process.cpuUsage();
    const took = await seconds(async () => {
      for await (const { text } of reports.write({ report, format }, caller)) {
        characters += text.length;
      }
    });
    clearInterval(others);
    const { user, system } = process.cpuUsage(cpu);
    console.log(
      `${format}: ${took}, ${((user + system) / 1e6).toFixed(0)} s of CPU, ${(characters / 1e6).toFixed(1)} MB of text, others waited ${longestPause.toFixed(0)} ms at most, resident ${(peak / 1e6).toFixed(0)} MB at most, load ${loadavg()[0]?.toFixed(1)}`,
    );
  }
} finally {
  store.close();
  rmSync(folder, { recursive: true, force: true });
}
