/**
 * How long the check of a draft takes: 2,000 entries over 500 hosts, each of which has another set of packages, on an edit of
 * one entry, against a check of everything; and how long it takes to say what is known today of all of them. Counts the CPU's time, since other work
 * beside it makes the clock's useless. `node test/bench/editor.ts`.
 */
import { compareVersions, createDescriber } from '../../main/core/advisories/describe.ts';
import { type Checked, checkEntries } from '../../main/core/snapshots/check.ts';
import { type Judging, verdictSteps } from '../../main/core/snapshots/verdicts.ts';
import { createWorld, learn, Shared } from '../../main/core/snapshots/world.ts';
import { atOnce } from '../../main/core/turns.ts';
import type { PackageRelations, Scan } from '../../shared/model/scan.ts';
import type { Entry } from '../../shared/model/snapshot.ts';
import { createMemoryStore } from '../support/memoryStore.ts';

const HOSTS = 500;
const ENTRIES = 2000;
const EDITS = 50;
const name = (n: number): string => `package-${n}`;

const scanOf = (host: number): Scan => {
  // Nine of ten packages of the fleet, another tenth missing on each host; a third of them with relations.
  const here = Array.from({ length: ENTRIES }, (_, n) => n).filter((n) => (n + host) % 10 !== 0);
  const relations = here
    .filter((n) => n % 3 === 0)
    .map(
      (n): PackageRelations => ({
        name: name(n),
        arch: 'amd64',
        version: '2.0-1',
        installed: false,
        requires: [
          [{ name: name(n + 1), op: '=', version: '2.0-1' }],
          [{ name: name(n - (n % 50)), op: '>=', version: '2.0-1' }],
        ],
        conflicts: [],
        replaces: [],
      }),
    );
  return {
    id: `00000000-0000-4000-8000-${String(host).padStart(12, '0')}`,
    hostId: `00000000-0000-4000-8001-${String(host).padStart(12, '0')}`,
    host: `host-${host}`,
    startedAt: '2026-01-01T00:00:00.000Z',
    finishedAt: '2026-01-01T00:00:01.000Z',
    state: 'ok',
    unseen: [],
    facts: {
      hostname: 'h',
      os: 'debian',
      osName: 'Debian',
      release: '12',
      arch: 'amd64',
      kernel: '6.1',
      bootId: 'b',
      clockSkewSeconds: 0,
      manager: 'apt',
      mounts: [],
      lock: { held: false },
      broken: [],
      rebootRequired: false,
      rebootReasons: [],
      failedUnits: [],
      autoUpdaters: [],
      privilege: 'root',
    },
    packages: here.map((n) => ({
      name: name(n),
      arch: 'amd64',
      version: '1.0-1',
      source: name(n),
      sourceVersion: '1.0-1',
      auto: false,
      held: false,
    })),
    updates: here.map((n) => ({
      name: name(n),
      arch: 'amd64',
      from: '1.0-1',
      to: '2.0-1',
      origin: 'bench',
      severity: 'unknown' as const,
      classification: 'bugfix' as const,
      advisories: [],
    })),
    removals: [],
    relations,
  };
};

const timed = <T>(what: () => T): [T, number] => {
  const start = process.cpuUsage();
  const value = what();
  const { user, system } = process.cpuUsage(start);
  return [value, (user + system) / 1000];
};

const shared = new Shared();
const [world, indexing] = timed(() =>
  createWorld(
    Array.from({ length: HOSTS }, (_, host) => learn(scanOf(host), shared)).filter(
      (one) => one !== undefined,
    ),
  ),
);
const context = { world, compareVersions, held: () => false };
let entries: Entry[] = Array.from({ length: ENTRIES }, (_, n) => ({
  ecosystem: 'apt',
  name: name(n),
  arch: 'amd64',
  version: '2.0-1',
  decision: 'approve',
  stage: 1,
  source: 'scan',
}));
let [last, whole]: [Checked, number] = timed(() => checkEntries(entries, context));
const edits: number[] = [];
for (let n = 0; n < EDITS; n++) {
  // Every fifth edit is of a package that fifty others need.
  const at = n % 5 === 0 ? n * 10 : n * 37 + 1;
  entries = entries.map((entry, index) =>
    index === at ? { ...entry, decision: entry.decision === 'approve' ? 'reject' : 'approve' } : entry,
  );
  const [checked, took] = timed(() => checkEntries(entries, context, last));
  last = checked;
  edits.push(took);
}
const AS_OF = '2026-01-01T00:00:00.000Z';
const store = createMemoryStore();
store.putAdvisories(
  {
    format: 'osv',
    file: 'a.json',
    sha256: 'a'.repeat(64),
    importedAt: AS_OF,
    asOf: AS_OF,
    dated: true,
    skipped: 0,
  },
  Array.from({ length: ENTRIES }, (_, n) => ({
    format: 'osv' as const,
    id: `A-${n}`,
    severity: 'important' as const,
    cves: [],
    affected: [{ ecosystem: 'apt' as const, name: name(n), kind: 'binary' as const, fixed: '2.0-1' }],
  })),
  false,
);
const kinds: Judging['kinds'] = new WeakMap();
const judge = () =>
  atOnce(verdictSteps(entries, world, { describer: createDescriber(store), compareVersions, kinds }));
const [verdicts, judging] = timed(judge);
const [, again] = timed(judge);
edits.sort((a, b) => a - b);
const middle = edits[Math.floor(EDITS / 2)] ?? 0;
const worst = edits.at(-1) ?? 0;
const ms = (value: number): string => `${value.toFixed(1)} ms`;
console.log(`${ENTRIES} entries, ${HOSTS} hosts, ${last.findings.length} findings after ${EDITS} edits`);
console.log(`learning the scans, once: ${ms(indexing)}`);
console.log(`everything: ${ms(whole)}`);
console.log(`an edit: ${ms(middle)} in the middle, ${ms(worst)} at most`);
console.log(
  `everything / an edit: ${(whole / middle).toFixed(0)}; everything / the worst edit: ${(whole / worst).toFixed(1)}`,
);
console.log(`what is known today of ${verdicts.length} entries: ${ms(judging)}, once more ${ms(again)}`);
