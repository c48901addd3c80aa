/** What is told of the repositories' own metadata in a bundle. */
import { z } from 'zod';
import { BundlePackage, BundleRepository } from './bundle.ts';
import { HostName, Instant, Text } from './primitives.ts';

/**
 * Of the repository's signature over its root file. `none`: it has none. `unchecked`: it names `keys`, and nobody here looked.
 * By gpgv, with the keyring that was given: `good`; `expired` (so is the key, or the signature); `unknown-key` (none of its
 * keys is in the keyring); `bad` (it is of something else, or its key was revoked).
 */
export const MetadataSignature = z.object({
  status: z.enum(['none', 'unchecked', 'good', 'expired', 'unknown-key', 'bad']),
  /** Upper-case hex: fingerprints, or key ids where that is all it says. Of a good one: the keys that made it. */
  keys: z.array(z.string().regex(/^[0-9A-F]{16,64}$/)),
});
export type MetadataSignature = z.infer<typeof MetadataSignature>;

export const BundleMetadata = z.object({
  repositories: z.array(
    z.object({
      ecosystem: BundleRepository.shape.ecosystem,
      /** What it calls itself; where it has no name of its own, the host's for it. */
      repository: Text(300),
      /** When it was written, by its own word. */
      asOf: Instant.optional(),
      /** Until when it may be believed, by its own word (apt's `Valid-Until`), and whether that is over here and now: it is told, and no reason to refuse. */
      validUntil: Instant.optional(),
      outdated: z.boolean().optional(),
      /** Rows of the bundle's packages that it lists with their hash. */
      packages: z.int(),
      signature: MetadataSignature,
    }),
  ),
  /** Rows of the bundle's packages that some repository lists with their hash. */
  vouched: z.int(),
  /** The others: a bundle's manifest alone knows their hashes, and perhaps its snapshot. */
  notVouched: z.array(
    BundlePackage.pick({ ecosystem: true, name: true, arch: true, version: true, role: true }),
  ),
});
export type BundleMetadata = z.infer<typeof BundleMetadata>;

/** What could not be had of a repository, of a bundle that is made. `repository`: a file's name as the host has it, or empty: nothing could be asked. */
export const MetadataLeftOut = z.object({ host: HostName, repository: Text(300), reason: Text(1000) });
export type MetadataLeftOut = z.infer<typeof MetadataLeftOut>;
