/**
 * The catalogue with many hosts: how long "which hosts have openssl below X" takes through the service, how long storing a scan
 * takes with and without changes, and how large the database gets. Run: `node test/bench/catalog.ts [hosts] [packages]`.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { openStore } from '../../main/adapters/sqlite/open.ts';
import { createCatalogService } from '../../main/core/catalog/service.ts';
import type { Host } from '../../shared/model/host.ts';
import type { InstalledPackage, Scan } from '../../shared/model/scan.ts';
import { makeFacts } from '../unit/fleet/make.ts';

const HOSTS = Number(process.argv[2] ?? '5000');
const PACKAGES = Number(process.argv[3] ?? '400');
const ROUNDS = 20;

const dir = mkdtempSync(join(tmpdir(), 'frostline-bench-'));
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
const timed = (work: () => void): number => {
  const began = performance.now();
  work();
  return performance.now() - began;
};
const each = (ms: number): string => `${(ms / HOSTS).toFixed(2)} ms a scan`;

try {
  store.putHosts(Array.from({ length: HOSTS }, (_, n) => host(n)));
  const lists = Array.from({ length: HOSTS }, (_, n) => packagesOf(n));
  const all = (change: (n: number, packages: InstalledPackage[]) => InstalledPackage[]) =>
    timed(() => {
      lists.forEach((packages, n) => {
        store.putScan(scan(n, change(n, packages)));
      });
    });
  console.log(`${HOSTS} hosts with ${PACKAGES} packages each, no two alike`);
  console.log(`first scans: ${each(all((_, packages) => packages))}`);
  console.log(`the same again: ${each(all((_, packages) => packages))}`);
  console.log(
    `one package changed: ${each(all((_, packages) => [pkg('openssl', '3.0.99-1'), ...packages.slice(1)]))}`,
  );
  console.log(`back again: ${each(all((_, packages) => packages))}`);
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
    `hosts with openssl below 3.0.15-1: ${found}; median ${(times[ROUNDS / 2] ?? 0).toFixed(1)} ms, worst ${(times.at(-1) ?? 0).toFixed(1)} ms; CPU ${((cpu.user + cpu.system) / 1000 / ROUNDS).toFixed(1)} ms each`,
  );
  store.close();
  console.log(`database: ${(statSync(file).size / 1024 / 1024).toFixed(0)} MiB`);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
