/** Bundle files on this machine, as the core sees them, and what the store knows of the packages that came in or went out with one. */
import type { Result } from '../../../shared/errors.ts';
import type { BundleRole } from '../../../shared/model/bundle.ts';
import type { ArtefactKey } from '../artefacts/ports.ts';

/** A file opened for reading; whoever replaces the file under its name changes nothing here. */
export interface BundleSource {
  readonly bytes: number;
  /** Fewer than `length` only at the end. Errors: `store.damaged` (the disk does not read). */
  read(offset: number, length: number): Promise<Result<Uint8Array>>;
  /** Lower-case hex of this stretch's SHA-256. Errors: `store.damaged`, `cancelled`. */
  sha256(offset: number, length: number, signal: AbortSignal): Promise<Result<string>>;
  close(): Promise<void>;
}

/** A file being written beside its name, which it gets in one step at the end. */
export interface BundleSink {
  /** Errors: `store.full`. */
  write(chunk: Uint8Array): Promise<Result<void>>;
  /** Errors: `store.full`. */
  finish(): Promise<Result<{ bytes: number }>>;
  /** Nothing is left of it. */
  abandon(): Promise<void>;
}

export interface BundleFiles {
  /** Errors: `input.invalid` (not an absolute path, not there, not a file). */
  open(path: string): Promise<Result<BundleSource>>;
  /** Errors: `input.invalid` (not an absolute path to a `*.frost.tar` in a folder that is there), `store.full`. */
  create(path: string): Promise<Result<BundleSink>>;
  /** Where a bundle goes that nobody named a place for: the folder is made. Errors: `store.full`. */
  ownPath(fileName: string): Promise<Result<string>>;
  /** Bundles in that folder, newest first; `bytes`: size. */
  own(): Promise<{ path: string; bytes: number; modifiedAt: string }[]>;
}

/** Files from repositories, over this machine's own connection. */
export interface Downloads {
  /**
   * The bytes from `offset` on of a file of `bytes`, never more; `take` false ends it. Every server that is asked, redirections
   * included, is told to `contact` before (`scheme://host:port`, the port where it is not the scheme's). Errors:
   * `host.repository` (not reached, silent, in trouble: another time perhaps), `not-available` (this server is not used: its address, its
   * certificate, where it sends to), `not-found` (it has not this file, or not in this size), `cancelled`.
   */
  fetch(
    file: { url: string; offset: number; bytes: number },
    take: (chunk: Uint8Array) => boolean,
    contact: (origin: string) => void,
    signal: AbortSignal,
  ): Promise<Result<void>>;
}

/** A package of a bundle that was made or taken in here; its file is in the pool of artefacts. */
export type BundledArtefact = ArtefactKey & { sha256: string; role: BundleRole };

/** What bundles brought, by line. Goes with its line. */
export interface BundleStore {
  /** Adds; what is there stays. The line must be. */
  putBundled(lineId: string, packages: BundledArtefact[]): void;
  /** By name and version. */
  bundled(lineId: string): BundledArtefact[];
  /** `name`, `version` of all lines', each once. */
  bundledVersions(): { name: string; version: string }[];
}
