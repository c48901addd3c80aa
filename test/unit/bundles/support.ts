/** A console with bundles on a real disk, and bundles as somebody hostile would pack them. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pack } from 'tar-stream';
import { onTestFinished } from 'vitest';
import { advisoryReader } from '../../../main/adapters/advisories/reader.ts';
import { createArtefactPool } from '../../../main/adapters/artefacts/pool.ts';
import { createBundleFiles } from '../../../main/adapters/bundles/files.ts';
import { metadataReader } from '../../../main/adapters/metadata/reader.ts';
import { type BundleDeps, createBundleService } from '../../../main/core/bundles/service.ts';
import type { Ports, Store, Transport, Vault } from '../../../main/core/ports.ts';
import { canonicalJson } from '../../../main/core/snapshots/canonical.ts';
import { createSnapshotService } from '../../../main/core/snapshots/service.ts';
import type { BundleManifest } from '../../../shared/model/bundle.ts';
import { createMemoryStore } from '../../support/memoryStore.ts';
import { fakeActivities, fakeClock, fakePorts } from '../../support/ports.ts';
import { good } from '../snapshots/support.ts';

export const sha256 = (bytes: Uint8Array | string): string =>
  createHash('sha256').update(bytes).digest('hex');

export const temporary = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'frostline bundles '));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
};

export const caller = { signal: new AbortController().signal, actor: 'test' };

/** A console of its own; `transport` and `tools` only where a bundle is made through hosts. */
export const createConsole = (
  o: {
    transport?: Transport;
    downloads?: Ports['downloads'];
    tools?: BundleDeps['tools'];
    scanHost?: BundleDeps['scanHost'];
    store?: Store;
  } = {},
) => {
  const dir = temporary();
  const store = o.store ?? createMemoryStore();
  const clock = fakeClock();
  const activities = fakeActivities();
  const ports: Ports = fakePorts({
    vault: {} as Vault,
    transport: o.transport ?? ({} as Transport),
    store,
    clock,
    activities,
    artefacts: createArtefactPool({ folder: join(dir, 'artefacts'), index: store, clock }),
    bundles: createBundleFiles(join(dir, 'bundles')),
    ...(o.downloads === undefined ? {} : { downloads: o.downloads }),
  });
  const snapshots = createSnapshotService(ports);
  const bundles = createBundleService(ports, {
    advisories: advisoryReader,
    metadata: metadataReader,
    scanHost: o.scanHost ?? (async () => Promise.reject(new Error('no host is scanned here'))),
    ...(o.tools === undefined ? {} : { tools: o.tools }),
    exportText: (ref) => snapshots.export({ ref }),
    verify: snapshots.verify,
    import: snapshots.importAlong,
  });
  return {
    dir,
    ports,
    store,
    clock,
    activities,
    snapshots,
    bundles,
    file: (name: string) => join(dir, name),
  };
};
export type Console = ReturnType<typeof createConsole>;

export type Entry = { name: string; content: Uint8Array | string };

/** An exchange file of a snapshot `autumn` with one entry, and what a bundle of it says. */
export const sample = async () => {
  const { snapshots } = createConsole();
  good(await snapshots.create({ name: 'autumn', security: false }));
  const made = good(
    await snapshots.edit({
      ref: 'autumn',
      edits: [{ kind: 'add', name: 'openssl', version: '3.0.15-1', ecosystem: 'apt' }],
    }),
  );
  const exchange = good(await snapshots.export({ ref: 'autumn' })).text;
  const newer = 'the new package';
  const older = 'the old package, a little longer';
  const row = { ecosystem: 'apt', name: 'openssl', arch: 'amd64', carried: true } as const;
  const manifest: BundleManifest = {
    format: 'frostline.bundle/1',
    head: made.snapshot.id,
    snapshot: { name: 'autumn', revision: made.snapshot.revision },
    createdAt: '2026-11-23T14:00:00.000Z',
    exchange: { sha256: sha256(exchange), bytes: Buffer.byteLength(exchange) },
    packages: [
      { ...row, version: '3.0.14-1', sha256: sha256(older), bytes: older.length, role: 'rollback' },
      { ...row, version: '3.0.15-1', sha256: sha256(newer), bytes: newer.length, role: 'new' },
    ],
    metadata: [],
    advisories: [],
  };
  const entries: Entry[] = [
    { name: 'bundle.json', content: canonicalJson(manifest) },
    { name: 'exchange.frost.json', content: exchange },
    { name: `packages/${sha256(older)}`, content: older },
    { name: `packages/${sha256(newer)}`, content: newer },
  ];
  return { manifest, exchange, newer, older, entries };
};

type Headers = Parameters<ReturnType<typeof pack>['entry']>[0];

/** Packed by another program than ours; `change` may make any member something it must not be. */
export const packed = async (
  entries: readonly Entry[],
  change: (name: string) => Partial<Headers> = () => ({}),
): Promise<Buffer> => {
  const tar = pack();
  const chunks: Buffer[] = [];
  const done = new Promise<void>((resolve, reject) => {
    tar
      .on('data', (chunk) => chunks.push(chunk as Buffer))
      .on('end', resolve)
      .on('error', reject);
  });
  for (const { name, content } of entries) {
    const { size: _, ...changed } = change(name);
    const data = Buffer.from(content);
    if (changed.type !== undefined && changed.type !== 'file') tar.entry({ name, ...changed, size: 0 });
    else tar.entry({ name, mtime: new Date(0), ...changed }, data);
  }
  tar.finalize();
  await done;
  return Buffer.concat(chunks);
};

/** Everything a refusal must leave as it was. */
export const pictureOf = ({ store, ports }: Console) => ({
  lines: store.lines(),
  artefacts: ports.artefacts.list(),
  pool: ports.artefacts.size(),
  bundled: store.lines().flatMap((line) => store.bundled(line.id)),
});

export const write = (console: Console, name: string, bytes: Uint8Array): string => {
  const path = console.file(name);
  writeFileSync(path, bytes);
  return path;
};
export const read = (path: string): Buffer => readFileSync(path);
