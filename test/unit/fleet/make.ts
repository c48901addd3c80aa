/** Small valid things for the fleet's tests. */
import type { Host } from '../../../shared/model/host.ts';
import type { Facts, InstalledPackage, Scan, Update } from '../../../shared/model/scan.ts';

/** A UUID that says its number. */
export const uuid = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;

let made = 0;
export const makeHost = (name: string, change: Partial<Host> = {}): Host => {
  made += 1;
  return {
    id: uuid(made),
    name,
    address: `${name.toLowerCase().replaceAll('_', '-')}.example`,
    port: 22,
    user: 'admin',
    transport: 'ssh',
    auth: { kind: 'agent' },
    sudo: 'nopasswd',
    tags: {},
    legacyAlgorithms: false,
    createdAt: '2026-11-23T14:00:00.000Z',
    updatedAt: '2026-11-23T14:00:00.000Z',
    ...change,
  };
};

export const makeFacts = (change: Partial<Facts> = {}): Facts => ({
  hostname: 'web-1',
  os: 'debian',
  osName: 'Debian GNU/Linux 12 (bookworm)',
  release: '12',
  arch: 'amd64',
  kernel: '6.1.0-28-amd64',
  bootId: 'b7c8a1f2-0000-4000-8000-000000000000',
  clockSkewSeconds: 0,
  manager: 'apt',
  mounts: [{ target: '/', availableBytes: 10_000_000_000, readOnly: false }],
  lock: { held: false },
  broken: [],
  rebootRequired: false,
  rebootReasons: [],
  failedUnits: [],
  autoUpdaters: [],
  privilege: 'sudo',
  ...change,
});

export const makePackage = (name: string, version = '1.0-1'): InstalledPackage => ({
  name,
  arch: 'amd64',
  version,
  source: name,
  sourceVersion: version,
  auto: false,
  held: false,
});

export const makeUpdate = (name: string, change: Partial<Update> = {}): Update => ({
  name,
  arch: 'amd64',
  from: '1.0-1',
  to: '1.0-2',
  origin: 'Debian:12/stable',
  severity: 'unknown',
  classification: 'bugfix',
  advisories: [],
  ...change,
});

export const makeScan = (host: Host, change: Partial<Scan> = {}): Scan => {
  made += 1;
  return {
    id: uuid(made),
    hostId: host.id,
    host: host.name,
    startedAt: '2026-11-23T14:00:00.000Z',
    finishedAt: '2026-11-23T14:00:02.000Z',
    state: 'ok',
    unseen: [],
    facts: makeFacts(),
    packages: [makePackage('bash'), makePackage('openssl')],
    updates: [makeUpdate('openssl', { classification: 'security', severity: 'important' })],
    removals: [],
    ...change,
  };
};
