/**
 * The catalogue with many hosts: how long "which hosts have openssl below X" takes through the service, how long storing a scan
 * takes with and without changes, and how large the database gets. Run: `node test/bench/catalog.ts [hosts] [packages] [folder]`.
 * In `folder` the database stays, for a host process to answer from: `frostline catalog hosts openssl --below 3.0.15-1 --data-dir FOLDER`.
 */
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { openStore } from '../../main/adapters/sqlite/open.ts';
import { createCatalogService } from '../../main/core/catalog/service.ts';
import type { Host } from '../../shared/model/host.ts';
import type { InstalledPackage, Scan } from '../../shared/model/scan.ts';
import { makeFacts } from '../unit/fleet/make.ts';

const HOSTS = Number(process.argv[2] ?? '5000');
const PACKAGES = Number(process.argv[3] ?? '400');
const KEPT = process.argv[4];
const ROUNDS = 101;
/** Filling the store takes longest by far: what a further scan costs is measured on some hosts only. */
const SAMPLE = Math.min(HOSTS, 250);
/** So many scans are filled in by one transaction: a console has one for each, and waits for the disk each time. */
const BATCH = 100;

if (KEPT !== undefined) mkdirSync(KEPT, { mode: 0o700 });
const dir = KEPT ?? mkdtempSync(join(tmpdir(), 'frostline-bench-'));
const file = join(dir, 'frostline.db');
const opened = openStore({ file, log: { write: () => undefined } });
if (!opened.ok) throw new Error(opened.error.message);
const store = opened.value;

const uuid = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
const at = '2026-11-23T14:00:00.000Z';
const host = (n: number): Host => ({
  id: uuid(n),
  name: `host-${n}`,
  address: `host-${n}.example`,
  port: 22,
  user: 'admin',
  transport: 'ssh',
  auth: { kind: 'agent' },
  sudo: 'nopasswd',
  tags: {},
  legacyAlgorithms: false,
  createdAt: at,
  updatedAt: at,
});
const pkg = (name: string, version: string): InstalledPackage => ({
  name,
  arch: 'amd64',
  version,
  source: name,
  sourceVersion: version,
  auto: false,
  held: false,
});
/** No two hosts have the same list: the worst case for what is stored once. */
const packagesOf = (n: number): InstalledPackage[] => [
  pkg('openssl', `3.0.${10 + (n % 8)}-1~deb12u${(n % 3) + 1}`),
  ...Array.from({ length: PACKAGES - 1 }, (_, i) => pkg(`package-${i}`, `1.${(n * 7 + i * 13) % 5}-1`)),
];
let scans = 0;
const scan = (n: number, packages: InstalledPackage[]): Scan => {
  scans += 1;
  return {
    id: uuid(1_000_000 + scans),
    hostId: uuid(n),
    host: `host-${n}`,
    startedAt: at,
    finishedAt: at,
    state: 'ok',
    unseen: [],
    facts: makeFacts(),
    packages,
    updates: [],
    removals: [],
  };
};
const each = (what: string, change: (packages: InstalledPackage[]) => InstalledPackage[]): void => {
  const began = performance.now();
  for (let n = 0; n < SAMPLE; n += 1) store.putScan(scan(n, change(packagesOf(n))));
  console.log(`${what}: ${((performance.now() - began) / SAMPLE).toFixed(2)} ms a scan`);
};
const fill = (): void => {
  const began = performance.now();
  for (let from = 0; from < HOSTS; from += BATCH) {
    store.atomically(() => {
      for (let n = from; n < Math.min(from + BATCH, HOSTS); n += 1) store.putScan(scan(n, packagesOf(n)));
    });
    const [done, seconds] = [Math.min(from + BATCH, HOSTS), (performance.now() - began) / 1000];
    if (done % 1000 < BATCH || done === HOSTS)
      console.log(`  ${done} of ${HOSTS} hosts stored, ${seconds.toFixed(0)} s`);
  }
};

try {
  console.log(`${HOSTS} hosts with ${PACKAGES} packages each, no two alike`);
  store.putHosts(Array.from({ length: HOSTS }, (_, n) => host(n)));
  fill();
  each('the same again', (packages) => packages);
  each('one package changed', (packages) => [pkg('openssl', '3.0.99-1'), ...packages.slice(1)]);
  each('back again', (packages) => packages);
  const catalog = createCatalogService({ store });
  const times: number[] = [];
  const cpuBefore = process.cpuUsage();
  let found = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const began = performance.now();
    const answer = await catalog.hosts({ name: 'openssl', below: '3.0.15-1', selectors: [] });
    times.push(performance.now() - began);
    if (!answer.ok) throw new Error(answer.error.message);
    found = answer.value.hosts.length;
  }
  const cpu = process.cpuUsage(cpuBefore);
  times.sort((a, b) => a - b);
  console.log(
    `hosts with openssl below 3.0.15-1: ${found}, asked ${ROUNDS} times; median ${(times[(ROUNDS - 1) / 2] ?? 0).toFixed(1)} ms, worst ${(times.at(-1) ?? 0).toFixed(1)} ms; CPU ${((cpu.user + cpu.system) / 1000 / ROUNDS).toFixed(1)} ms each; load of the machine ${loadavg()[0]?.toFixed(1)}`,
  );
  store.close();
  console.log(`database: ${(statSync(file).size / 1024 / 1024).toFixed(0)} MiB`);
} finally {
  if (KEPT === undefined) rmSync(dir, { recursive: true, force: true });
}
