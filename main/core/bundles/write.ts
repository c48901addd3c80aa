/** Writes a bundle: the manifest, the exchange file and the package files out of the pool, each hashed once more on its way. */
import { fail, ok, type Result } from '../../../shared/errors.ts';
import {
  BUNDLE_FORMAT,
  type BundleManifest,
  type BundlePackage,
  type BundleRepository,
  MAX_BUNDLE_PACKAGES,
} from '../../../shared/model/bundle.ts';
import type { Artefacts } from '../artefacts/ports.ts';
import type { Hasher } from '../ports.ts';
import { canonicalJson } from '../snapshots/canonical.ts';
import type { CarriedAdvisories } from './advisories.ts';
import type { BundleSink } from './ports.ts';
import { EXCHANGE_NAME, MANIFEST_NAME, MAX_MANIFEST_BYTES, membersOf } from './read.ts';
import { paddingOf, tarEnd, tarHeader } from './tar.ts';

const PIECE_BYTES = 1024 * 1024;

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const orderOf = (one: BundlePackage): string =>
  [one.ecosystem, one.name, one.arch, one.version, one.role, one.sha256].join(' ');

export type BundleContent = {
  head: string;
  snapshot: { name: string; revision: number };
  createdAt: string;
  exchange: string;
  packages: BundlePackage[];
  metadata: BundleRepository[];
  advisories?: CarriedAdvisories | undefined;
  since?: string;
};

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;
const textOf = (manifest: BundleManifest): string => canonicalJson(manifest);

/** `exchange` is what was exported. Error: `input.too-large`. */
export const manifestOf = (content: BundleContent, hasher: Hasher): Result<BundleManifest> => {
  const { head, snapshot, createdAt, exchange, packages, metadata, advisories, since } = content;
  if (packages.length > MAX_BUNDLE_PACKAGES)
    return fail('input.too-large', `${packages.length} packages are more than a bundle may have.`);
  const manifest: BundleManifest = {
    format: BUNDLE_FORMAT,
    head,
    snapshot,
    createdAt,
    exchange: { sha256: hasher.sha256(exchange), bytes: bytesOf(exchange) },
    packages: packages.toSorted((a, b) => byText(orderOf(a), orderOf(b))),
    metadata,
    advisories: advisories === undefined ? [] : [advisories.file],
    ...(since === undefined ? {} : { since }),
  };
  // A bundle that nobody would read is not written.
  const bytes = bytesOf(textOf(manifest));
  return bytes > MAX_MANIFEST_BYTES
    ? fail('input.too-large', `A manifest of ${bytes} bytes is more than a bundle may have.`)
    : ok(manifest);
};

/** What a bundle with this manifest is called by, as whoever reads it finds it. */
export const bundleId = (manifest: BundleManifest, hasher: Hasher): string => hasher.sha256(textOf(manifest));

/** Errors: `store.full`, and for a pooled file `not-found`, `store.damaged`; `cancelled`. The sink is left open. */
export const writeBundle = async (
  sink: BundleSink,
  artefacts: Pick<Artefacts, 'read' | 'verify'>,
  o: {
    manifest: BundleManifest;
    exchange: string;
    /** The text of the manifest's advisory file, where it has one. */
    advisories?: CarriedAdvisories | undefined;
    /** Files of the manifest's metadata, by SHA-256. */
    metadata: ReadonlyMap<string, Uint8Array>;
    signal: AbortSignal;
  },
): Promise<Result<void>> => {
  const { manifest, signal } = o;
  const seconds = Date.parse(manifest.createdAt) / 1000;
  const encoder = new TextEncoder();
  const padded = async (bytes: number): Promise<Result<void>> => sink.write(new Uint8Array(paddingOf(bytes)));
  const whole = async (name: string, content: Uint8Array): Promise<Result<void>> => {
    const head = await sink.write(tarHeader(name, content.length, seconds));
    if (!head.ok) return head;
    const body = await sink.write(content);
    return body.ok ? padded(content.length) : body;
  };
  const first = await whole(MANIFEST_NAME, encoder.encode(textOf(manifest)));
  if (!first.ok) return first;
  for (const { name, bytes, sha256 } of membersOf(manifest)) {
    if (signal.aborted) return fail('cancelled', 'The bundle was cancelled.');
    if (name === EXCHANGE_NAME) {
      const written = await whole(name, encoder.encode(o.exchange));
      if (!written.ok) return written;
      continue;
    }
    if (name.startsWith('advisories/') && o.advisories !== undefined) {
      const written = await whole(name, encoder.encode(o.advisories.text));
      if (!written.ok) return written;
      continue;
    }
    const file = name.startsWith('metadata/') ? o.metadata.get(sha256) : undefined;
    if (file !== undefined) {
      const written = await whole(name, file);
      if (!written.ok) return written;
      continue;
    }
    const sound = await artefacts.verify(sha256);
    if (!sound.ok) return sound;
    const head = await sink.write(tarHeader(name, bytes, seconds));
    if (!head.ok) return head;
    for (let offset = 0; offset < bytes; ) {
      if (signal.aborted) return fail('cancelled', 'The bundle was cancelled.');
      const piece = await artefacts.read(sha256, offset, Math.min(PIECE_BYTES, bytes - offset));
      if (!piece.ok) return piece;
      if (piece.value.length === 0) return fail('store.damaged', 'A file of the pool became shorter.');
      const written = await sink.write(piece.value);
      if (!written.ok) return written;
      offset += piece.value.length;
    }
    const end = await padded(bytes);
    if (!end.ok) return end;
  }
  return sink.write(tarEnd());
};
