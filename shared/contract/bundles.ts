/** Bundles (`*.frost.tar`): a snapshot with its package files, for hosts that have no repository. */
import { z } from 'zod';
import { FrostError } from '../errors.ts';
import { BundlePackage, BundleRole, BundleVia } from '../model/bundle.ts';
import { BundleMetadata, MetadataLeftOut } from '../model/metadata.ts';
import {
  ContentHash,
  HostName,
  Instant,
  PackageName,
  Sha256,
  SnapshotName,
  Text,
} from '../model/primitives.ts';
import { SignatureView } from '../model/signature.ts';
import { SnapshotRef } from '../model/snapshot.ts';
import { command, query } from './define.ts';
import { Selectors } from './fleet.ts';
import { SignWith } from './signatures.ts';
import { IncomingFile, snapshots } from './snapshots.ts';

/** An absolute path on the machine of the host process. */
const Path = z
  .string()
  .min(1)
  .max(4096)
  .refine((text) => !/\p{Cc}/u.test(text), 'holds control characters');

/** A bundle on this machine, and who is trusted for it, as with an exchange file. */
const IncomingBundle = IncomingFile.omit({ text: true, key: true }).extend({
  file: Path,
  /** OpenPGP public keys, binary or armored, in base64: signatures of repositories are checked with them, by gpgv. */
  keyring: z
    .base64()
    .max(4 * 1024 * 1024)
    .optional(),
});

/** What a bundle says of itself, once every byte of it was checked. */
const Report = z.object({
  /** SHA-256 of its manifest. */
  id: Sha256,
  head: ContentHash,
  snapshotName: SnapshotName,
  revision: z.int(),
  createdAt: Instant,
  packages: z.array(BundlePackage),
  /** Package files that come with it, and their sizes' sum. */
  files: z.int(),
  bytes: z.int(),
  /** Advisories that come with it, and are taken in. */
  advisories: z.int(),
  /** Advisories that come with it and are left out: only what is signed is taken here, and nobody signed the bundle itself. */
  advisoriesLeftOut: z.int(),
  /** Which packages the repositories' own metadata in it lists, with their hashes. */
  metadata: BundleMetadata,
  /** The bundle it builds on; absent: it is whole by itself. */
  since: Sha256.optional(),
  /** Who vouches for the bundle itself, and with it for every package in it. */
  bundleSignatures: z.array(SignatureView),
});
export type BundleReport = z.infer<typeof Report>;

const MadeBundle = z.object({
  file: z.string(),
  bytes: z.int(),
  id: Sha256,
  packages: z.array(BundlePackage.extend({ via: BundleVia })),
  /** Servers that the console fetched from itself, as `scheme://host:port`; redirections included. */
  origins: z.array(z.string()),
  /** With `direct`: servers that new packages could not be had from over the console's own connection, why, and how many they were. */
  notDirect: z.array(z.object({ origin: z.string(), reason: Text(2000), packages: z.int() })),
  /** How many advisories about these packages go along. */
  advisories: z.int(),
  /** How many do not, since all of them are more than 64 MiB; none goes along then. */
  advisoriesLeftOut: z.int(),
  metadata: BundleMetadata.extend({ leftOut: z.array(MetadataLeftOut) }),
  /** What could not be had, where it was wanted, and why. */
  missing: z.array(
    z.object({
      name: PackageName,
      version: z.string(),
      role: BundleRole,
      host: HostName,
      reason: Text(2000),
    }),
  ),
  /** Hosts that could not say what they need: nothing is in it for them alone. */
  silent: z.array(z.object({ host: HostName, error: FrostError })),
});
export type MadeBundle = z.infer<typeof MadeBundle>;

export const bundles = {
  /**
   * Makes a bundle through the hosts of the selector. `file`: absolute path ending in `.frost.tar`; absent: in the data
   * folder's `bundles`. `since`: a bundle that the other side has; what is in it is left out. `direct`: the
   * console fetches new packages itself, from where the hosts say that they are, if their lists give a SHA-256. Errors: `not-found`,
   * `input.invalid` (path, selector, `since` of another snapshot), `plan.empty` (no host, or none that could say what it
   * needs), `exchange.*` (`since` is no sound bundle), `store.full`, `cancelled`.
   */
  make: command(
    z.object({
      ref: SnapshotRef,
      hosts: Selectors.min(1),
      file: Path.optional(),
      since: Path.optional(),
      direct: z.boolean().optional(),
    }),
    MadeBundle,
    { permission: 'edit' },
  ),
  /**
   * Adds a signature over the bundle's id (`sha256:` and the hash of its manifest) to the file. Errors: those of reading it,
   * `signature.invalid`, `signature.revoked`, `signing.key`, `state.conflict`, `store.full`.
   */
  sign: command(
    z.object({ file: Path, with: SignWith }),
    z.object({
      file: z.string(),
      id: Sha256,
      bytes: z.int(),
      fingerprint: z.string(),
      signatures: z.array(SignatureView),
    }),
    { permission: 'edit' },
  ),
  /** Bundles in the data folder, newest first. */
  list: query(
    z.object({}),
    z.object({
      folder: z.string(),
      bundles: z.array(z.object({ path: z.string(), bytes: z.int(), modifiedAt: Instant })),
    }),
  ),
  /**
   * Checks every byte, follows the repositories' metadata to the packages, and says what an import would do; changes nothing. Errors:
   * `exchange.*`, `input.invalid` (path, lists of signers, keyring, no gpgv), `advisories.refused`, `store.damaged`, `cancelled`. A signature of
   * a repository that gpgv finds bad is a `refusal`, `signature.invalid`.
   */
  verify: query(
    IncomingBundle,
    snapshots.verify.output.extend({ bundle: Report, lacking: z.array(BundlePackage) }),
  ),
  /** Checks every byte, then takes the packages into the console's store, and the snapshot as any exchange file. */
  import: command(IncomingBundle, snapshots.import.output.extend({ bundle: Report }), {
    permission: 'edit',
  }),
};
