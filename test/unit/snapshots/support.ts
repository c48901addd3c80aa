/** A small fleet with scans, over the in-memory store, and the snapshot service on it. */

import type { Transport, Vault } from '../../../main/core/ports.ts';
import { createSnapshotService } from '../../../main/core/snapshots/service.ts';
import type { Caller } from '../../../shared/contract/contract.ts';
import { type FrostError, fail, type Result } from '../../../shared/errors.ts';
import type { Host } from '../../../shared/model/host.ts';
import type { Facts, InstalledPackage, Scan, Update } from '../../../shared/model/scan.ts';
import type { Entry } from '../../../shared/model/snapshot.ts';
import { collectingChanges, fakeClock, fakePorts } from '../../support/ports.ts';

export const caller: Caller = { signal: new AbortController().signal, actor: 'test' };

export const good = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.message}`);
  return result.value;
};
export const bad = (result: Result<unknown>): FrostError => {
  if (result.ok) throw new Error(`expected an error, got ${JSON.stringify(result.value)}`);
  return result.error;
};

export const entry = (name: string, rest: Partial<Entry> = {}): Entry => ({
  ecosystem: 'apt',
  name,
  version: '1.0',
  decision: 'approve',
  stage: 1,
  source: 'manual',
  ...rest,
});

export const update = (name: string, to: string, rest: Partial<Update> = {}): Update => ({
  name,
  arch: 'amd64',
  from: '1.0',
  to,
  origin: 'Debian:12/stable',
  severity: 'unknown',
  classification: 'bugfix',
  advisories: [],
  ...rest,
});

export const installed = (
  name: string,
  version = '1.0',
  rest: Partial<InstalledPackage> = {},
): InstalledPackage => ({
  name,
  arch: 'amd64',
  version,
  source: name,
  sourceVersion: version,
  auto: false,
  held: false,
  ...rest,
});

const facts = (rest: Partial<Facts> = {}): Facts => ({
  hostname: 'h',
  os: 'debian',
  osName: 'Debian GNU/Linux 12 (bookworm)',
  release: '12',
  arch: 'amd64',
  kernel: '6.1.0-18-amd64',
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
  privilege: 'sudo',
  ...rest,
});

/** A good scan of a host, without the store. */
export const scanOf = (host: string, rest: Partial<Scan> = {}): Scan => ({
  id: uuid(1, 3),
  hostId: uuid(1, 4),
  host,
  startedAt: '2026-11-23T14:00:00.000Z',
  finishedAt: '2026-11-23T14:00:01.000Z',
  state: 'ok',
  unseen: [],
  facts: facts(),
  packages: [],
  updates: [],
  removals: [],
  ...rest,
});

const uuid = (n: number, kind: number): string =>
  `${String(kind).padStart(8, '0')}-0000-4000-8000-${String(n).padStart(12, '0')}`;

const unreached = async () => fail('internal', 'Snapshots reach no host and keep no secret.');
const transport: Transport = { run: unreached, probeKey: unreached, release: () => {} };
const vault: Vault = {
  state: () => 'absent',
  kind: 'passphrase',
  unlock: unreached,
  lock: () => {},
  get: unreached,
  put: unreached,
  remove: unreached,
};

export const setUp = () => {
  const clock = fakeClock();
  const changes = collectingChanges();
  const ports = fakePorts({ vault, transport, clock, changes });
  const { store } = ports;
  const service = createSnapshotService(ports);
  let hosts = 0;
  let scans = 0;
  const instant = () => new Date(clock.now()).toISOString();

  const addHost = (name: string, rest: Partial<Host> = {}): Host => {
    const host: Host = {
      id: uuid(++hosts, 1),
      name,
      address: '192.0.2.1',
      port: 22,
      user: 'admin',
      transport: 'ssh',
      auth: { kind: 'agent' },
      sudo: 'nopasswd',
      tags: {},
      legacyAlgorithms: false,
      createdAt: instant(),
      updatedAt: instant(),
      ...rest,
    };
    store.putHost(host);
    return host;
  };
  const addScan = (
    host: Host,
    rest: Partial<Omit<Scan, 'facts'>> & { facts?: Partial<Facts> } = {},
  ): void => {
    const { facts: own, ...more } = rest;
    store.putScan({
      id: uuid(++scans, 2),
      hostId: host.id,
      host: host.name,
      startedAt: instant(),
      finishedAt: instant(),
      state: 'ok',
      unseen: [],
      packages: [],
      updates: [],
      removals: [],
      ...(more.state === 'failed' ? {} : { facts: facts(own) }),
      ...more,
    });
  };
  return { ports, store, clock, service, addHost, addScan, changes };
};
export type World = ReturnType<typeof setUp>;
