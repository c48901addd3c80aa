/** The console's store of old packages: what it holds, what may leave it, and the archive it may ask. */
import { z } from 'zod';
import { Arch, Ecosystem, Instant, PackageName, PackageVersion, Sha256, Text } from '../model/primitives.ts';
import { command, query } from './define.ts';

/** `bytes`: size of the file. `needed`: a run that is not accepted, a plan of today or a bundle counts on it; it is never pruned. */
export const StoredArtefact = z.object({
  ecosystem: Ecosystem,
  name: PackageName,
  arch: Arch,
  version: PackageVersion,
  sha256: Sha256,
  bytes: z.int(),
  source: z.enum(['host', 'archive', 'bundle', 'repository']),
  from: Text(300),
  addedAt: Instant,
  needed: z.boolean(),
});
export type StoredArtefact = z.infer<typeof StoredArtefact>;

/** Bytes. `file`: the largest file that is taken in; `pool`: all files together. */
export const PoolLimits = z.object({ file: z.int().min(0), pool: z.int().min(0) });

export const artefacts = {
  list: query(
    z.object({}),
    z.object({
      artefacts: z.array(StoredArtefact),
      /** Files on disk, transfers that broke off included. */
      files: z.int(),
      bytes: z.int(),
      limits: PoolLimits,
      /** Address of the archive that is asked for Debian packages; null: none. */
      archive: z.string().nullable(),
    }),
  ),
  /** Removes what no run that is not accepted, and no plan of today, counts on; damaged files; what broken transfers left. */
  prune: command(
    z.object({}),
    z.object({ removed: z.array(StoredArtefact), kept: z.int(), freedBytes: z.int() }),
    { permission: 'edit' },
  ),
  limits: command(PoolLimits.partial(), z.object({ limits: PoolLimits }), { permission: 'admin' }),
  /** Null: no archive is asked. Errors: `input.invalid` (not https). */
  archive: command(
    z.object({ address: z.string().max(500).nullable() }),
    z.object({ archive: z.string().nullable() }),
    { permission: 'admin' },
  ),
};
