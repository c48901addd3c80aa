/** Makes a bundle: what the hosts need is brought into the pool, then written into one file. */
import type { Caller, HandlerInput, Output } from '../../../shared/contract/contract.ts';
import { fail, ok, type Result } from '../../../shared/errors.ts';
import type { BundleManifest, BundlePackage } from '../../../shared/model/bundle.ts';
import { plainLine } from '../drivers/shell.ts';
import { selectStored } from '../fleet/select.ts';
import type { Ports } from '../ports.ts';
import type { EngineDeps } from '../runs/tools.ts';
import { resolveRef } from '../snapshots/resolve.ts';
import { advisoriesFor, type CarriedAdvisories } from './advisories.ts';
import { type Collected, createCollector, type Missing } from './collect.ts';
import { withFile } from './file.ts';
import { type Asked, type CarriedMetadata, collectMetadata } from './metadata/collect.ts';
import type { MetadataReader } from './metadata/ports.ts';
import { readHead } from './read.ts';
import { bundleId, manifestOf, writeBundle } from './write.ts';

/** The snapshots' own service, for the exchange file in a bundle. */
export type MakingDeps = Pick<EngineDeps, 'scanHost' | 'tools'> & {
  metadata: MetadataReader;
  exportText(ref: string): Promise<Result<{ text: string }>>;
};

/** Packages of the bundle as they are to stand in its manifest; `had`: files the other side's bundle had. */
const packagesOf = (found: readonly Collected[], had: ReadonlySet<string>): BundlePackage[] =>
  found.map(({ artefact: { ecosystem, name, arch, version, sha256, bytes }, role }) => ({
    ecosystem,
    name,
    arch,
    version,
    sha256,
    bytes,
    role,
    carried: !had.has(sha256),
  }));

const fileNameOf = (name: string, revision: number): string =>
  `${name.replaceAll(' ', '-')}-r${revision}.frost.tar`;

export const createMaker = (ports: Ports, deps: MakingDeps) => {
  const { artefacts, bundles, clock, hasher, store } = ports;

  /** The manifest of the bundle that the other side has. */
  const sinceOf = async (
    path: string | undefined,
    lineName: string,
  ): Promise<Result<{ id: string; manifest: BundleManifest } | undefined>> => {
    if (path === undefined) return ok(undefined);
    const head = await withFile(bundles, path, (source) => readHead(source, hasher));
    if (!head.ok) return head;
    const { manifest, id } = head.value;
    if (manifest.snapshot.name !== lineName)
      return fail('input.invalid', `That bundle is of '${manifest.snapshot.name}', not of '${lineName}'.`);
    return ok({ id, manifest });
  };

  const write = async (
    path: string,
    o: {
      manifest: BundleManifest;
      exchange: string;
      advisories: CarriedAdvisories | undefined;
      metadata: CarriedMetadata['contents'];
      signal: AbortSignal;
    },
  ): Promise<Result<{ bytes: number }>> => {
    const sink = await bundles.create(path);
    if (!sink.ok) return sink;
    let done = false;
    try {
      const written = await writeBundle(sink.value, artefacts, o);
      if (!written.ok) return written;
      done = true;
      return await sink.value.finish();
    } finally {
      if (!done) await sink.value.abandon();
    }
  };

  /** The packages with what repositories say of them; without those of which a repository says otherwise. */
  const vouchedFor = async (
    packages: BundlePackage[],
    { hosts, hostOf, signal }: { hosts: Asked[]; hostOf(one: BundlePackage): string; signal: AbortSignal },
  ): Promise<{ packages: BundlePackage[]; metadata: CarriedMetadata; refused: Missing[] }> => {
    const ask = (some: BundlePackage[]) =>
      collectMetadata(ports, deps.metadata, { hosts, packages: some, signal });
    const first = await ask(packages);
    if (first.contradicted.length === 0) return { packages, metadata: first, refused: [] };
    const out = new Set(first.contradicted.map(({ one }) => one));
    const kept = packages.filter((one) => !out.has(one));
    return {
      packages: kept,
      metadata: await ask(kept),
      refused: first.contradicted.map(({ one, repository }) => ({
        name: one.name,
        version: one.version,
        role: one.role,
        host: hostOf(one),
        reason: `the file is another one than ${repository} lists`,
      })),
    };
  };

  return async (
    input: HandlerInput<'bundles.make'>,
    caller: Caller,
  ): Promise<Result<Output<'bundles.make'>>> => {
    const resolved = resolveRef(input.ref, store);
    if (!resolved.ok) return resolved;
    const { revision } = resolved.value;
    const { line, number } = revision.content;
    const hosts = selectStored(input.hosts, store);
    if (!hosts.ok) return hosts;
    if (hosts.value.length === 0)
      return fail('plan.empty', 'No host is selected.', { hint: 'hosts list shows what there is.' });
    const since = await sinceOf(input.since, line.name);
    if (!since.ok) return since;
    const own =
      input.file === undefined ? await bundles.ownPath(fileNameOf(line.name, number)) : ok(input.file);
    if (!own.ok) return own;
    // Before hours of fetching: whether it could be written there at all.
    const probe = await bundles.create(own.value);
    if (!probe.ok) return probe;
    await probe.value.abandon();
    const exported = await deps.exportText(revision.id);
    if (!exported.ok) return exported;

    const activity = ports.activities.begin('bundle', `Bundle of ${line.name}@${number}`, hosts.value.length);
    const signal = AbortSignal.any([activity.signal, caller.signal]);
    try {
      const collect = createCollector(ports, deps, {
        revision,
        activity,
        signal,
        direct: input.direct === true,
      });
      const { packages: found, missing, silent, origins, notDirect, asked } = await collect(hosts.value);
      if (signal.aborted)
        return fail('cancelled', 'The bundle was cancelled; what was fetched is kept for the next time.');
      if (silent.length === hosts.value.length && silent[0] !== undefined)
        return { ok: false, error: silent[0].error };
      const had = new Set(since.value?.manifest.packages.map((one) => one.sha256));
      const { packages, metadata, refused } = await vouchedFor(packagesOf(found, had), {
        hosts: asked,
        hostOf: ({ sha256, role }) =>
          found.find((one) => one.artefact.sha256 === sha256 && one.role === role)?.host ?? '',
        signal,
      });
      if (signal.aborted)
        return fail('cancelled', 'The bundle was cancelled; what was fetched is kept for the next time.');
      const via = new Map(found.map((one) => [one.artefact.sha256, one.via]));
      const sources = hosts.value.flatMap((host) =>
        (store.lastGoodScan(host.id)?.packages ?? []).map((one): [string, string] => [one.name, one.source]),
      );
      const { carried: advisories, leftOut } = advisoriesFor(ports, packages, new Map(sources));
      const manifest = manifestOf(
        {
          advisories,
          metadata: metadata.repositories,
          head: revision.id,
          snapshot: { name: line.name, revision: number },
          createdAt: new Date(clock.now()).toISOString(),
          exchange: exported.value.text,
          packages,
          ...(since.value === undefined ? {} : { since: since.value.id }),
        },
        hasher,
      );
      if (!manifest.ok) return manifest;
      const written = await write(own.value, {
        manifest: manifest.value,
        exchange: exported.value.text,
        advisories,
        metadata: metadata.contents,
        signal,
      });
      if (!written.ok) return written;
      store.putBundled(line.id, packages);
      return ok({
        file: own.value,
        bytes: written.value.bytes,
        id: bundleId(manifest.value, hasher),
        packages: manifest.value.packages.map((one) => ({ ...one, via: via.get(one.sha256) ?? 'pool' })),
        origins,
        notDirect: notDirect.map((one) => ({ ...one, reason: plainLine(one.reason, 2000) })),
        advisories: advisories?.count ?? 0,
        advisoriesLeftOut: leftOut,
        metadata: { ...metadata.report, leftOut: metadata.leftOut },
        missing: [...missing, ...refused].map((one) => ({ ...one, reason: plainLine(one.reason, 2000) })),
        silent,
      });
    } finally {
      activity.end();
    }
  };
};
