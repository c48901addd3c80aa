/**
 * Reads a bundle that anybody may have made. The manifest comes first and says every member there is, in order, with size and
 * hash; so each next header is either the one that is due or the end of the matter, and nothing is read, skipped or kept that
 * was not announced. Nothing is written here.
 */
import { z } from 'zod';
import { fail, ok, type Result } from '../../../shared/errors.ts';
import {
  BUNDLE_FORMAT,
  type BundleFile,
  BundleManifest,
  type BundleRepository,
} from '../../../shared/model/bundle.ts';
import type { Hasher } from '../ports.ts';
import { canonicalJson } from '../snapshots/canonical.ts';
import { MAX_EXCHANGE_BYTES } from '../snapshots/exchange.ts';
import { parseStrictJson } from '../snapshots/strictJson.ts';
import type { BundleSource } from './ports.ts';
import { BLOCK, isZero, paddingOf, readTarHeader } from './tar.ts';

export const MANIFEST_NAME = 'bundle.json';
export const SIGNATURES_NAME = 'bundle.signatures.json';
export const EXCHANGE_NAME = 'exchange.frost.json';
export const MAX_MANIFEST_BYTES = 24 * 1024 * 1024;
/** Each is unpacked and read whole. */
const MAX_METADATA_FILES = 1000;
const MAX_SIGNATURES_BYTES = 512 * 1024;
/** What tar programs pad an archive's end with is less. */
const MAX_END_BYTES = 64 * 1024;

/** A file of the bundle: where its bytes stand in it. */
export type Span = { name: string; offset: number; bytes: number; sha256: string };

export type ReadBundle = {
  manifest: BundleManifest;
  /** SHA-256 of the manifest: what signatures are over, and what an increment names. */
  id: string;
  /** Armored SSHSIGs over `sha256:` and `id`, as they stand in the file. */
  signatures: { fingerprint: string; armor: string }[];
  exchange: string;
  /** Where the manifest's member ends, and where the exchange file's begins. */
  manifestEnd: number;
  bodyStart: number;
  /** By SHA-256. */
  packages: Map<string, Span>;
  /** By SHA-256. */
  metadata: Map<string, Span>;
  advisories: (Span & BundleFile)[];
};

const refused = (what: string, hint?: string) =>
  fail('exchange.malformed', `The file is not a sound bundle: ${what}.`, hint === undefined ? {} : { hint });

const utf8 = (bytes: Uint8Array): string | undefined => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
};

/** The files of a repository's metadata, in the order they stand in. */
export const filesOf = ({ root, signature, indexes }: BundleRepository): BundleFile[] => [
  root,
  ...(signature === undefined ? [] : [signature]),
  ...indexes,
];

/** What its metadata says that cannot be. */
const oddMetadata = ({ metadata, packages }: BundleManifest): string | undefined => {
  const hashes = metadata.flatMap(filesOf).map((one) => one.sha256);
  if (hashes.length > MAX_METADATA_FILES) return 'its manifest has too much metadata';
  if (new Set(hashes).size < hashes.length) return 'its manifest lists a file of metadata twice';
  for (const { ecosystem, repository, indexes } of metadata) {
    const known = new Set(packages.filter((one) => one.ecosystem === ecosystem).map((one) => one.sha256));
    for (const { vouches } of indexes)
      if (vouches.some((hash, at) => !known.has(hash) || hash <= (vouches[at - 1] ?? '')))
        return `its manifest has ${repository} vouch for what is not in it, or out of order`;
  }
  return undefined;
};

/** A manifest's text. Errors: `exchange.malformed`, `exchange.unknown-version`. */
export const readManifest = (text: string): Result<BundleManifest> => {
  const parsed = parseStrictJson(text, { depth: 6, values: 1_000_000 });
  if (!parsed.ok)
    return refused(
      `its manifest is no sound JSON: at character ${parsed.error.offset} it ${parsed.error.message}`,
    );
  const format = z.looseObject({ format: z.string() }).safeParse(parsed.value);
  if (!format.success || !format.data.format.startsWith('frostline.bundle/'))
    return refused('its first member is not a manifest');
  if (format.data.format !== BUNDLE_FORMAT)
    return fail(
      'exchange.unknown-version',
      `The bundle is ${JSON.stringify(format.data.format.slice(0, 60))}; this version reads ${BUNDLE_FORMAT}.`,
      { hint: 'Update Frostline, or make the bundle with the older version.' },
    );
  const manifest = BundleManifest.safeParse(parsed.value);
  if (!manifest.success) {
    const [issue] = manifest.error.issues;
    return refused(
      `its manifest: ${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? ''}`.slice(0, 300),
    );
  }
  // One text for one manifest, so that its hash means its content.
  if (canonicalJson(manifest.data) !== text) return refused('its manifest is not in canonical form');
  const { packages } = manifest.data;
  const sizes = new Map<string, { bytes: number; carried: boolean }>();
  const rows = new Set<string>();
  for (const one of packages) {
    const known = sizes.get(one.sha256);
    if (known !== undefined && (known.bytes !== one.bytes || known.carried !== one.carried))
      return refused(`its manifest contradicts itself about ${one.name}`);
    sizes.set(one.sha256, one);
    const row = `${one.ecosystem} ${one.name} ${one.arch} ${one.version} ${one.role} ${one.sha256}`;
    if (rows.has(row)) return refused(`its manifest lists ${one.name} ${one.version} twice`);
    rows.add(row);
  }
  const odd = oddMetadata(manifest.data);
  if (odd !== undefined) return refused(odd);
  if (manifest.data.since === undefined && packages.some((one) => !one.carried))
    return refused('it leaves out packages, and says of no other bundle that it has them');
  return ok(manifest.data);
};

type Due = { name: string; bytes: number; sha256: string };

/** Every member after the manifest (and its signatures), in order. */
export const membersOf = (manifest: BundleManifest): Due[] => {
  const files = new Map(manifest.packages.filter((one) => one.carried).map((one) => [one.sha256, one]));
  const named = (folder: string, some: readonly { sha256: string; bytes: number }[]): Due[] =>
    [...new Map(some.map((one) => [one.sha256, one])).values()].map(({ sha256, bytes }) => ({
      name: `${folder}/${sha256}`,
      bytes,
      sha256,
    }));
  return [
    { name: EXCHANGE_NAME, ...manifest.exchange },
    ...named('packages', [...files.values()]),
    ...named('metadata', manifest.metadata.flatMap(filesOf)),
    ...named('advisories', manifest.advisories),
  ];
};

type Found = { name: string; offset: number; bytes: number };

/** The member at `offset`; undefined: a block of zeros. */
const memberAt = async (source: BundleSource, offset: number): Promise<Result<Found | undefined>> => {
  const block = await source.read(offset, BLOCK);
  if (!block.ok) return block;
  if (block.value.length === BLOCK && isZero(block.value)) return ok(undefined);
  const header = readTarHeader(block.value);
  if (!header.ok) return header;
  if (offset + BLOCK + header.value.bytes > source.bytes) return refused('it is truncated', 'Copy it again.');
  return ok({ ...header.value, offset: offset + BLOCK });
};

const after = (found: Found): number => found.offset + found.bytes + paddingOf(found.bytes);

const contentOf = async (source: BundleSource, found: Found): Promise<Result<string>> => {
  const bytes = await source.read(found.offset, found.bytes);
  if (!bytes.ok) return bytes;
  const text = bytes.value.length === found.bytes ? utf8(bytes.value) : undefined;
  return text === undefined ? refused(`its ${found.name} is not text`) : ok(text);
};

/** Only zeros to the end, and few of them. */
const checkEnd = async (source: BundleSource, offset: number): Promise<Result<void>> => {
  const left = source.bytes - offset;
  if (left < 2 * BLOCK) return refused('it is truncated', 'Copy it again.');
  if (left > MAX_END_BYTES) return refused('something stands behind its end');
  const rest = await source.read(offset, left);
  if (!rest.ok) return rest;
  return isZero(rest.value) ? ok(undefined) : refused('something stands behind its end');
};

const Signatures = z
  .array(
    z.strictObject({
      fingerprint: z.string().max(200),
      armor: z.string().max(20_000),
    }),
  )
  .max(50);

const readSignatures = (text: string): Result<ReadBundle['signatures']> => {
  const parsed = parseStrictJson(text, { depth: 4, values: 1000 });
  const read = Signatures.safeParse(parsed.ok ? parsed.value : undefined);
  return read.success ? ok(read.data) : refused('its signatures cannot be read');
};

type Head = Pick<ReadBundle, 'manifest' | 'id' | 'signatures' | 'manifestEnd' | 'bodyStart'>;

/** The manifest alone. Errors: those of `readBundle`. */
export const readHead = async (source: BundleSource, hasher: Hasher): Promise<Result<Head>> => {
  const first = await memberAt(source, 0);
  if (!first.ok) return first;
  if (first.value?.name !== MANIFEST_NAME) return refused('its first member is not a manifest');
  if (first.value.bytes > MAX_MANIFEST_BYTES) return fail('exchange.too-large', 'The manifest is too large.');
  const text = await contentOf(source, first.value);
  if (!text.ok) return text;
  const manifest = readManifest(text.value);
  if (!manifest.ok) return manifest;
  if (manifest.value.exchange.bytes > MAX_EXCHANGE_BYTES)
    return fail('exchange.too-large', 'The exchange file in the bundle is too large.');
  const manifestEnd = after(first.value);
  const head = { manifest: manifest.value, id: hasher.sha256(text.value), manifestEnd };
  const second = await memberAt(source, manifestEnd);
  if (!second.ok) return second;
  if (second.value?.name !== SIGNATURES_NAME) return ok({ ...head, signatures: [], bodyStart: manifestEnd });
  if (second.value.bytes > MAX_SIGNATURES_BYTES)
    return fail('exchange.too-large', 'There are too many signatures.');
  const armored = await contentOf(source, second.value);
  if (!armored.ok) return armored;
  const signatures = readSignatures(armored.value);
  return signatures.ok
    ? ok({ ...head, signatures: signatures.value, bodyStart: after(second.value) })
    : signatures;
};

/**
 * Reads a bundle and checks every byte of it. Errors: `exchange.malformed` (truncated ones say so), `exchange.tampered` (a file
 * has another hash than announced), `exchange.unknown-version`, `exchange.too-large`, `store.damaged`, `cancelled`.
 */
export const readBundle = async (
  source: BundleSource,
  hasher: Hasher,
  signal: AbortSignal,
): Promise<Result<ReadBundle>> => {
  const read = await readHead(source, hasher);
  if (!read.ok) return read;
  const { manifest, bodyStart } = read.value;
  const spans = new Map<string, Span>();
  let offset = bodyStart;
  for (const due of membersOf(manifest)) {
    const found = await memberAt(source, offset);
    if (!found.ok) return found;
    if (found.value === undefined || found.value.name !== due.name)
      return refused(
        `where ${due.name} is due it ${found.value === undefined ? 'ends' : 'holds something else'}`,
      );
    if (found.value.bytes !== due.bytes)
      return refused(`${due.name} has another size than its manifest says`);
    const sha256 = await source.sha256(found.value.offset, due.bytes, signal);
    if (!sha256.ok) return sha256;
    if (sha256.value !== due.sha256)
      return fail('exchange.tampered', `The content was changed: ${due.name} has the hash ${sha256.value}.`, {
        hint: 'Ask for the bundle again.',
      });
    spans.set(due.name, { ...due, offset: found.value.offset });
    offset = after(found.value);
  }
  const ended = await checkEnd(source, offset);
  if (!ended.ok) return ended;
  const span = (name: string): Span => spans.get(name) ?? { name, offset: 0, bytes: 0, sha256: '' };
  const exchange = await contentOf(source, span(EXCHANGE_NAME));
  if (!exchange.ok) return exchange;
  const placed = (folder: string, some: BundleFile[]) =>
    some.map((file) => ({ ...span(`${folder}/${file.sha256}`), ...file }));
  return ok({
    ...read.value,
    exchange: exchange.value,
    packages: new Map(
      manifest.packages
        .filter((one) => one.carried)
        .map((one) => [one.sha256, span(`packages/${one.sha256}`)]),
    ),
    metadata: new Map(
      manifest.metadata.flatMap(filesOf).map(({ sha256 }) => [sha256, span(`metadata/${sha256}`)]),
    ),
    advisories: placed('advisories', manifest.advisories),
  });
};
