/** Reading what repositories say of themselves: files that anybody may have made. */
import type { Result } from '../../../../shared/errors.ts';
import type { BundleRepository } from '../../../../shared/model/bundle.ts';
import type { MetadataSignature } from '../../../../shared/model/metadata.ts';

export type MetadataEcosystem = BundleRepository['ecosystem'];

/** A package file as an index lists it; nothing about it is checked but the form of the hash. */
export type IndexRow = { name: string; arch: string; version: string; sha256: string };

/** Bytes that are read piece by piece. */
export type Content = {
  bytes: number;
  /** Fewer than `length` only at the end. */
  read(offset: number, length: number): Promise<Result<Uint8Array>>;
};

/** Why a file is refused, as the rest of a sentence that begins with its name. */
export class Unreadable extends Error {}

export interface MetadataReader {
  sha256(bytes: Uint8Array): string;
  /** SHA-256 and size of the list of packages that a `repomd.xml` names, packed and unpacked, and when it was written. Throws `Unreadable`. */
  repomd(bytes: Uint8Array): { listed: Map<string, number>; asOf?: string };
  /**
   * Unpacks an index (gzip or zstd, told by its first bytes; else as it is) and hands on every row whose name is in `names`.
   * `sha256`, `bytes`: of what came out. Errors: `exchange.malformed`, `exchange.too-large` (more than `max` bytes come
   * out), `cancelled`, those of `content`.
   */
  index(
    ecosystem: MetadataEcosystem,
    content: Content,
    o: {
      max: number;
      names: ReadonlySet<string>;
      take: (row: IndexRow) => void;
      signal: AbortSignal;
    },
  ): Promise<Result<{ sha256: string; bytes: number }>>;
  /**
   * Has gpgv check a root. `keyring`: of public keys, binary or armored. `signature`: detached; absent: the root is signed
   * in itself. Errors: `input.invalid` (gpgv is not there, the keyring cannot be read), `internal`.
   */
  signature(o: {
    keyring: Uint8Array;
    root: Uint8Array;
    signature: Uint8Array | undefined;
  }): Promise<Result<Pick<MetadataSignature, 'status' | 'keys'>>>;
}
