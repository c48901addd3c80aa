/**
 * From a repository's root file over a list of packages to the packages themselves: the root names the list by its SHA-256,
 * the list names each package by its own. The same is asked when a bundle is made and when one is read.
 */
import { type FrostError, fail, frostError, ok, type Result } from '../../../../shared/errors.ts';
import type { BundlePackage, BundleRepository } from '../../../../shared/model/bundle.ts';
import type { BundleMetadata, MetadataSignature } from '../../../../shared/model/metadata.ts';
import {
  type Content,
  type IndexRow,
  type MetadataEcosystem,
  type MetadataReader,
  Unreadable,
} from './ports.ts';
import { readRelease } from './release.ts';
import { claimedSigners } from './signers.ts';

const MEGABYTE = 1024 * 1024;
/** What is read into memory at once. */
export const MAX_ROOT_BYTES = 8 * MEGABYTE;
export const MAX_SIGNATURE_BYTES = 256 * 1024;
/** A list as it stands in the bundle, what it unpacks to, and what all lists of a bundle do. */
export const MAX_INDEX_BYTES = 64 * MEGABYTE;
export const MAX_UNPACKED_BYTES = 256 * MEGABYTE;
export const MAX_ALL_UNPACKED_BYTES = 1024 * MEGABYTE;

export type Root = {
  label?: string;
  /** When it was written, and until when it may be believed, by its own word. */
  asOf?: string;
  validUntil?: string;
  /** Size by SHA-256 of the lists it names. */
  listed: ReadonlyMap<string, number>;
  /** Keys that its signature names; undefined: it has none. */
  keys?: string[];
};

/** Throws `Unreadable`. */
export const readRoot = (
  reader: MetadataReader,
  ecosystem: MetadataEcosystem,
  bytes: Uint8Array,
  detached: Uint8Array | undefined,
): Root => {
  const { armor, ...root } =
    ecosystem === 'apt' ? readRelease(bytes) : { ...reader.repomd(bytes), armor: undefined };
  if (armor !== undefined && detached !== undefined) throw new Unreadable('is signed twice');
  const signature = armor ?? (detached && new TextDecoder('latin1').decode(detached));
  if (signature === undefined) return root;
  const keys = claimedSigners(signature);
  if (keys === undefined) throw new Unreadable('has a signature that is none');
  return { ...root, keys };
};

const titleOf = (one: { name: string; arch: string; version: string }): string =>
  `${one.name} ${one.version} (${one.arch})`;

/** What lists say of these packages, as they are read. */
export const createLedger = (packages: readonly BundlePackage[]) => {
  const keyOf = (ecosystem: string, one: { name: string; arch: string; version: string }) =>
    `${ecosystem} ${one.name} ${one.arch} ${one.version}`;
  const rows = Map.groupBy(packages, (one) => keyOf(one.ecosystem, one));
  const names = new Map<string, Set<string>>();
  for (const { ecosystem, name } of packages)
    names.set(ecosystem, (names.get(ecosystem) ?? new Set()).add(name));
  const vouched = new Set<BundlePackage>();
  /** Packages of which some list knows another file, and which list that is. */
  const others = new Map<BundlePackage, string>();
  return {
    names: (ecosystem: MetadataEcosystem): ReadonlySet<string> => names.get(ecosystem) ?? new Set(),
    /** The packages that this row is. */
    take: (ecosystem: MetadataEcosystem, repository: string, row: IndexRow): BundlePackage[] => {
      const same = rows.get(keyOf(ecosystem, row)) ?? [];
      for (const one of same)
        if (one.sha256 === row.sha256) vouched.add(one);
        else others.set(one, repository);
      return same.filter((one) => one.sha256 === row.sha256);
    },
    isVouched: (one: BundlePackage): boolean => vouched.has(one),
    /** What no list has with its hash, while one has it with another. */
    contradicted: (): { one: BundlePackage; repository: string }[] =>
      [...others].filter(([one]) => !vouched.has(one)).map(([one, repository]) => ({ one, repository })),
  };
};
export type Ledger = ReturnType<typeof createLedger>;

const tampered = (message: string): FrostError =>
  frostError('exchange.tampered', message, { hint: 'Ask for the bundle again.' });

/**
 * Reads a list that a root is to name. `sha256`: of `content`; `left`: bytes it may unpack to. Errors: `exchange.tampered` (the
 * root does not name it), those of reading it.
 */
export const readIndex = async (
  reader: MetadataReader,
  o: {
    ecosystem: MetadataEcosystem;
    repository: string;
    root: Root;
    sha256: string;
    content: Content;
    ledger: Ledger;
    left: number;
    signal: AbortSignal;
  },
): Promise<Result<{ packages: Set<BundlePackage>; unpacked: number }>> => {
  const { ecosystem, repository, root, content, ledger, signal } = o;
  const packages = new Set<BundlePackage>();
  const read = await reader.index(ecosystem, content, {
    max: Math.min(MAX_UNPACKED_BYTES, o.left),
    names: ledger.names(ecosystem),
    take: (row) => {
      for (const one of ledger.take(ecosystem, repository, row)) packages.add(one);
    },
    signal,
  });
  if (!read.ok) return read;
  const { sha256, bytes } = read.value;
  // As it is, or unpacked: hosts keep lists in another form than repositories hand them out.
  const named = root.listed.get(o.sha256) === content.bytes || root.listed.get(sha256) === bytes;
  if (!named)
    return {
      ok: false,
      error: tampered(
        `A list of packages of ${repository} is not one that the repository's root file names.`,
      ),
    };
  return ok({ packages, unpacked: bytes });
};

export type CheckedRepository = Pick<BundleRepository, 'ecosystem' | 'repository'> & {
  asOf?: string;
  validUntil?: string;
  packages: ReadonlySet<BundlePackage>;
  signature: MetadataSignature;
};

/** Errors: `exchange.malformed`, `exchange.tampered`, `exchange.too-large`, `cancelled`, and those of reading and of gpgv. */
const checkRepository = async (
  reader: MetadataReader,
  declared: BundleRepository,
  o: {
    content(sha256: string): Content;
    ledger: Ledger;
    keyring: Uint8Array | undefined;
    signal: AbortSignal;
    spent: { unpacked: number };
  },
): Promise<Result<CheckedRepository>> => {
  const { ecosystem, root: file, signature: beside, indexes } = declared;
  if (file.bytes > MAX_ROOT_BYTES || (beside?.bytes ?? 0) > MAX_SIGNATURE_BYTES)
    return fail('exchange.too-large', `The root file of ${declared.repository} in the bundle is too large.`);
  const bytes = await o.content(file.sha256).read(0, file.bytes);
  if (!bytes.ok) return bytes;
  const detached = beside && (await o.content(beside.sha256).read(0, beside.bytes));
  if (detached !== undefined && !detached.ok) return detached;
  let root: Root;
  try {
    root = readRoot(reader, ecosystem, bytes.value, detached?.value);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return fail(
      'exchange.malformed',
      `The root file of ${declared.repository} in the bundle ${error.message}.`,
    );
  }
  const repository = root.label ?? declared.repository;
  const packages = new Set<BundlePackage>();
  for (const { sha256, bytes: size, vouches } of indexes) {
    if (size > MAX_INDEX_BYTES)
      return fail('exchange.too-large', `A list of packages of ${repository} in the bundle is too large.`);
    const read = await readIndex(reader, {
      ecosystem,
      repository,
      root,
      sha256,
      content: o.content(sha256),
      ledger: o.ledger,
      left: MAX_ALL_UNPACKED_BYTES - o.spent.unpacked,
      signal: o.signal,
    });
    if (!read.ok) return read;
    o.spent.unpacked += read.value.unpacked;
    const found = new Set([...read.value.packages].map((one) => one.sha256));
    const loose = vouches.find((hash) => !found.has(hash));
    if (loose !== undefined || found.size !== vouches.length)
      return {
        ok: false,
        error: tampered(
          `${repository} does not list what the bundle says that it vouches for${loose === undefined ? '' : `: ${loose}`}.`,
        ),
      };
    for (const one of read.value.packages) packages.add(one);
  }
  const { keys } = root;
  let signature: MetadataSignature =
    keys === undefined ? { status: 'none', keys: [] } : { status: 'unchecked', keys };
  if (keys !== undefined && o.keyring !== undefined) {
    const judged = await reader.signature({
      keyring: o.keyring,
      root: bytes.value,
      signature: detached?.value,
    });
    if (!judged.ok) return judged;
    signature = judged.value;
  }
  return ok({ ecosystem, repository, packages, signature, ...timesOf(root) });
};

export const timesOf = ({ asOf, validUntil }: Root): Pick<CheckedRepository, 'asOf' | 'validUntil'> => ({
  ...(asOf === undefined ? {} : { asOf }),
  ...(validUntil === undefined ? {} : { validUntil }),
});

/** What is told of repositories and the packages they vouch for. `now`: in milliseconds. */
export const metadataReport = (
  packages: readonly BundlePackage[],
  repositories: readonly CheckedRepository[],
  now: number,
): BundleMetadata => {
  const vouched = new Set(repositories.flatMap((one) => [...one.packages]));
  return {
    repositories: repositories.map(({ packages: some, ...one }) => ({
      ...one,
      ...(one.validUntil === undefined ? {} : { outdated: Date.parse(one.validUntil) < now }),
      packages: some.size,
    })),
    vouched: vouched.size,
    notVouched: packages
      .filter((one) => !vouched.has(one))
      .map(({ ecosystem, name, arch, version, role }) => ({ ecosystem, name, arch, version, role })),
  };
};

/**
 * Checks the metadata of a bundle whose files have the hashes they are announced with. `content`: of one of them. `keyring`:
 * public keys that signatures are checked with. Errors: `exchange.malformed`, `exchange.tampered` (the chain does not hold, or
 * a list has another file for a package of the bundle, and none has this one), `exchange.too-large`, `cancelled`, and those
 * of reading and of gpgv.
 */
export const checkMetadata = async (
  reader: MetadataReader,
  manifest: { metadata: readonly BundleRepository[]; packages: readonly BundlePackage[] },
  o: { content(sha256: string): Content; keyring: Uint8Array | undefined; signal: AbortSignal; now: number },
): Promise<Result<BundleMetadata>> => {
  const ledger = createLedger(manifest.packages);
  const spent = { unpacked: 0 };
  const checked: CheckedRepository[] = [];
  for (const one of manifest.metadata) {
    const done = await checkRepository(reader, one, { ...o, ledger, spent });
    if (!done.ok) return done;
    checked.push(done.value);
  }
  const [other] = ledger.contradicted();
  if (other !== undefined)
    return {
      ok: false,
      error: tampered(`${titleOf(other.one)} in the bundle is another file than ${other.repository} lists.`),
    };
  return ok(metadataReport(manifest.packages, checked, o.now));
};

/** Why a bundle does not come in although its chains hold: a signature that is of something else. */
export const falselySigned = ({ repositories }: BundleMetadata): FrostError | undefined => {
  const bad = repositories.find((one) => one.signature.status === 'bad');
  return (
    bad &&
    frostError(
      'signature.invalid',
      `The signature of the metadata of ${bad.repository} is not good, says gpgv.`,
      { hint: 'Ask for the bundle again, and look whether the keyring is the right one.' },
    )
  );
};
