/**
 * Brings what repositories say of a bundle's packages from the hosts that they came through, word for word: each root file
 * that is signed, and of its lists only those that name one of the packages. What cannot be had, or would not hold when the
 * bundle is read, is left out, and told; no bundle fails for it.
 */
import { err, fail, isUnreachable, ok, type Result } from '../../../../shared/errors.ts';
import type { BundleFile, BundlePackage, BundleRepository } from '../../../../shared/model/bundle.ts';
import type { BundleMetadata, MetadataLeftOut } from '../../../../shared/model/metadata.ts';
import { type Ask, PullReader } from '../../artefacts/pull.ts';
import type { PackageDriver } from '../../drivers/driver.ts';
import {
  type FoundIndex,
  type FoundMetadata,
  type HostFile,
  metadataFileCommand,
  parseMetadata,
} from '../../drivers/metadata.ts';
import { plainLine } from '../../drivers/shell.ts';
import { Buffered } from '../../jobs/bytes.ts';
import type { Ports } from '../../ports.ts';
import {
  type CheckedRepository,
  createLedger,
  MAX_ALL_UNPACKED_BYTES,
  MAX_INDEX_BYTES,
  MAX_ROOT_BYTES,
  MAX_SIGNATURE_BYTES,
  metadataReport,
  type Root,
  readIndex,
  readRoot,
  timesOf,
} from './chain.ts';
import { type Content, type MetadataEcosystem, type MetadataReader, Unreadable } from './ports.ts';

/** All metadata of a bundle: it is kept in memory until it is written. */
const MAX_BYTES = 192 * 1024 * 1024;
const MAX_REPOSITORIES = 200;
const MAX_INDEXES = 100;
const TRIES = 2;

/** A host whose packages are in the bundle. */
export type Asked = { host: { name: string }; ask: Ask; driver: PackageDriver };

export type CarriedMetadata = {
  repositories: BundleRepository[];
  /** By SHA-256. */
  contents: ReadonlyMap<string, Uint8Array>;
  report: BundleMetadata;
  leftOut: MetadataLeftOut[];
  /** Packages of which a repository has another file, and none this one: a reader would refuse the bundle for them. */
  contradicted: { one: BundlePackage; repository: string }[];
};

const contentOf = (bytes: Uint8Array): Content => ({
  bytes: bytes.length,
  read: async (offset, length) => ok(bytes.subarray(offset, offset + length)),
});

/** `-0123456789abcdef`: what dnf puts behind a repository's name. */
const nameIn = (path: string): string =>
  plainLine(
    /\/([^/]+?)(?:-[0-9a-f]{16})?\/repodata\/[^/]+$/.exec(path)?.[1] ?? path.split('/').at(-1) ?? '',
    300,
  );

const REASONS = {
  unreadable: 'the account that the console logs in with may not read it',
  'no-root': 'no Release file is beside it',
} as const;

type Gathered = {
  declared: BundleRepository;
  root: Root;
  checked: CheckedRepository & { packages: Set<BundlePackage> };
};

/** `sendable`: an ecosystem whose metadata a bundle can hold. */
const isSendable = (id: string): id is MetadataEcosystem => id === 'apt' || id === 'dnf' || id === 'zypper';

export const collectMetadata = async (
  ports: Pick<Ports, 'random' | 'clock'>,
  reader: MetadataReader,
  o: { hosts: readonly Asked[]; packages: readonly BundlePackage[]; signal: AbortSignal },
): Promise<CarriedMetadata> => {
  const { packages, signal } = o;
  const ledger = createLedger(packages);
  const contents = new Map<string, Uint8Array>();
  const gathered = new Map<string, Gathered>();
  const leftOut = new Map<string, MetadataLeftOut>();
  const spent = { bytes: 0, unpacked: 0 };

  /** One file of the host, whole. */
  const fetch = async (
    ask: Ask,
    file: HostFile,
    how: { pack: boolean; max: number; root: boolean },
  ): Promise<Result<Uint8Array>> => {
    const max = Math.min(how.max, MAX_BYTES - spent.bytes);
    for (let tries = 1; ; tries += 1) {
      const nonce = ports.random.hex(16);
      const content = new Buffered();
      const pull = new PullReader(nonce, { offset: 0, atMost: max }, (bytes) => {
        content.push(bytes.slice());
        return true;
      });
      const enough = new AbortController();
      const output = await ask(metadataFileCommand({ nonce, path: file.path, ...how, max }), {
        signal: AbortSignal.any([signal, enough.signal]),
        onStdout: (chunk) => {
          if (!pull.feed(chunk)) enough.abort();
        },
      });
      if (pull.complete) return ok(content.take(content.length));
      if (pull.refusal === 'other-size')
        return fail('exchange.too-large', 'it is larger than a bundle takes of metadata');
      if (pull.refusal !== undefined) return fail('host.output-malformed', 'the host could not send it');
      const lost = output.ok ? undefined : output.error;
      if (lost === undefined || !isUnreachable(lost) || tries >= TRIES)
        return lost === undefined ? fail('host.connection-lost', 'it did not come to its end') : err(lost);
    }
  };

  /** Keeps bytes for the bundle. */
  const put = (name: string, bytes: Uint8Array): BundleFile => {
    const sha256 = reader.sha256(bytes);
    if (!contents.has(sha256)) spent.bytes += bytes.length;
    contents.set(sha256, bytes);
    return { name: plainLine(name, 300) || '-', sha256, bytes: bytes.length };
  };

  const baseName = (path: string): string => path.split('/').at(-1) ?? '';

  const rootOf = async (
    ask: Ask,
    ecosystem: MetadataEcosystem,
    found: FoundIndex,
    asRoot: boolean,
  ): Promise<Result<Gathered>> => {
    const bytes = await fetch(ask, found.root, { pack: false, max: MAX_ROOT_BYTES, root: asRoot });
    if (!bytes.ok) return bytes;
    const known = gathered.get(reader.sha256(bytes.value));
    if (known !== undefined) return ok(known);
    if (gathered.size >= MAX_REPOSITORIES)
      return fail('exchange.too-large', 'there are more repositories than a bundle takes');
    const detached =
      found.signature &&
      (await fetch(ask, found.signature, { pack: false, max: MAX_SIGNATURE_BYTES, root: asRoot }));
    if (detached !== undefined && !detached.ok) return detached;
    const root = readRoot(reader, ecosystem, bytes.value, detached?.value);
    const repository = root.label ?? (nameIn(found.root.path) || '-');
    const made: Gathered = {
      root,
      declared: {
        ecosystem,
        repository,
        root: put(baseName(found.root.path), bytes.value),
        ...(detached === undefined
          ? {}
          : { signature: put(baseName(found.signature?.path ?? ''), detached.value) }),
        indexes: [],
      },
      checked: {
        ecosystem,
        repository,
        ...timesOf(root),
        packages: new Set(),
        signature:
          root.keys === undefined ? { status: 'none', keys: [] } : { status: 'unchecked', keys: root.keys },
      },
    };
    gathered.set(made.declared.root.sha256, made);
    return ok(made);
  };

  /** Undefined: taken, or else why not. `roots`: those that this host has sent, by path. */
  const take = async (
    ask: Ask,
    ecosystem: MetadataEcosystem,
    found: FoundIndex,
    { asRoot, roots }: { asRoot: boolean; roots: Map<string, Gathered> },
  ): Promise<string | undefined> => {
    const sent = roots.get(found.root.path);
    const repository = sent === undefined ? await rootOf(ask, ecosystem, found, asRoot) : ok(sent);
    if (!repository.ok) return `its root file: ${repository.error.message}`;
    roots.set(found.root.path, repository.value);
    const { declared, root, checked } = repository.value;
    if (declared.indexes.length >= MAX_INDEXES) return 'it has more lists than a bundle takes';
    const bytes = await fetch(ask, found.index, { pack: true, max: MAX_INDEX_BYTES, root: asRoot });
    if (!bytes.ok) return bytes.error.message;
    const sha256 = reader.sha256(bytes.value);
    if (contents.has(sha256)) return undefined;
    const read = await readIndex(reader, {
      ecosystem,
      repository: declared.repository,
      root,
      sha256,
      content: contentOf(bytes.value),
      ledger,
      left: MAX_ALL_UNPACKED_BYTES - spent.unpacked,
      signal,
    });
    if (!read.ok) return read.error.message;
    spent.unpacked += read.value.unpacked;
    const vouches = [...new Set([...read.value.packages].map((one) => one.sha256))].sort();
    if (vouches.length === 0) return undefined;
    declared.indexes.push({ ...put(baseName(found.index.path), bytes.value), vouches });
    for (const one of read.value.packages) checked.packages.add(one);
    return undefined;
  };

  const look = async (
    { ask, driver }: Asked,
    hashes: readonly string[],
    root: boolean,
  ): Promise<Result<FoundMetadata>> => {
    const nonce = ports.random.hex(16);
    if (driver.metadata === undefined) return ok({ indexes: [], leftOut: [] });
    const output = await ask(driver.metadata({ nonce, hashes, root }));
    return output.ok ? parseMetadata(output.value, { nonce }) : output;
  };

  for (const asked of o.hosts) {
    const { host, ask, driver } = asked;
    const ecosystem = driver.id;
    if (signal.aborted || !isSendable(ecosystem)) continue;
    const open = () =>
      new Set(
        packages
          .filter((one) => one.ecosystem === ecosystem && !ledger.isVouched(one))
          .map((one) => one.sha256),
      );
    if (open().size === 0) continue;
    const told = (repository: string, reason: string): void => {
      const key = `${repository}\n${reason}`;
      if (!leftOut.has(key) && leftOut.size < 1000)
        leftOut.set(key, { host: host.name, repository, reason: plainLine(reason, 1000) });
    };
    let asRoot = false;
    let found = await look(asked, [...open()], asRoot);
    if (found.ok && found.value.leftOut.some((one) => one.reason === 'unreadable')) {
      const again = await look(asked, [...open()], true);
      asRoot = again.ok;
      if (again.ok) found = again;
    }
    if (!found.ok) {
      told('', found.error.message);
      continue;
    }
    for (const { path, reason } of found.value.leftOut) told(path, REASONS[reason]);
    const roots = new Map<string, Gathered>();
    for (const one of found.value.indexes) {
      if (signal.aborted) break;
      const wanted = open();
      const unknown = one.hashes.length === 0;
      if (wanted.size === 0 || (!unknown && !one.hashes.some((hash) => wanted.has(hash)))) continue;
      const name = baseName(one.index.path);
      if (unknown && !/\.(gz|zst)$/.test(name)) {
        told(name, 'the host has nothing to unpack it with');
        continue;
      }
      try {
        const why = await take(ask, ecosystem, one, { asRoot, roots });
        if (why !== undefined) told(name, why);
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error;
        told(baseName(one.root.path), `it ${error.message}`);
      }
    }
  }

  const used = [...gathered.values()].filter((one) => one.declared.indexes.length > 0);
  return {
    repositories: used.map((one) => one.declared),
    contents,
    report: metadataReport(
      packages,
      used.map((one) => one.checked),
      ports.clock.now(),
    ),
    leftOut: [...leftOut.values()],
    contradicted: ledger.contradicted(),
  };
};
