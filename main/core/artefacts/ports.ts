/**
 * The console's store of old artefacts (package files to go back to), pooled by SHA-256 across the fleet, and the archive
 * they can be fetched from. Names come from hosts: they are looked up, and never part of a path on this machine.
 */
import type { Result } from '../../../shared/errors.ts';
import type { Ecosystem } from '../../../shared/model/primitives.ts';

export type ArtefactKey = { ecosystem: Ecosystem; name: string; arch: string; version: string };

/** `source`: what kind of place it came from; `from`: its name (a host's, an archive's, a repository's server, or a bundle's snapshot). `bytes`: size of the file. */
export type PooledArtefact = ArtefactKey & {
  sha256: string;
  bytes: number;
  source: 'host' | 'archive' | 'bundle' | 'repository';
  from: string;
  addedAt: string;
};

/** The part of the store that says what the pool's files are. Throws as every store does. */
export interface ArtefactIndex {
  /** The same package and hash once more is left as it is. */
  putArtefact(artefact: PooledArtefact): void;
  /** Newest first: more than one where builds of the same version differ. */
  artefactsOf(key: ArtefactKey): PooledArtefact[];
  /** By name and version. */
  artefacts(): PooledArtefact[];
  /** Every entry of this file. */
  removeArtefact(sha256: string): void;
}

/** What is about to come. At least one of the hashes is known beforehand, so that nothing else is ever taken in. */
export type Expected = {
  key: ArtefactKey;
  bytes: number;
  hash: { sha256: string } | { sha1: string };
  source: PooledArtefact['source'];
  from: string;
};

export interface ArtefactWriter {
  /** Bytes that are there already, from a transfer that broke off: it goes on here. */
  readonly offset: number;
  /** False: no more is taken (disk full, more than announced); `finish` says why. */
  write(chunk: Uint8Array): boolean;
  /**
   * All has come: checks length and hash, brings it to disk and under its name in one step. Errors: `store.full` (disk full,
   * read-only), `store.damaged` (not what was announced; what came is dropped).
   */
  finish(): Promise<Result<PooledArtefact>>;
  /** The transfer broke off: what came is kept for the next. */
  suspend(): void;
}

export interface Artefacts {
  /** Those whose file is there, newest first; its content is checked by `verify`. */
  find(key: ArtefactKey): PooledArtefact[];
  list(): PooledArtefact[];
  /** Files that are there, each once however many entries it has, and unfinished transfers. */
  size(): { files: number; bytes: number };
  /** Reads the whole file, where it is not as it was when it was last found good. Errors: `not-found`, `store.damaged` (its hash is not its name). */
  verify(sha256: string): Promise<Result<void>>;
  /** At most `length` bytes from `offset`; fewer only at the end. Errors: `not-found`, `store.damaged`. */
  read(sha256: string, offset: number, length: number): Promise<Result<Uint8Array>>;
  /** Errors: `store.full`, `state.conflict` (it is just coming from somewhere else). */
  receive(expected: Expected): Promise<Result<ArtefactWriter>>;
  /** File and entries. Not there: nothing to do. Errors: `store.full` (read-only). */
  remove(sha256: string): Promise<Result<void>>;
  /** Drops transfers that broke off; how many bytes that frees. */
  dropUnfinished(): Promise<number>;
}

export type ArchivedArtefact = { key: ArtefactKey; sha1: string; bytes: number };

/** Where old versions can be had from that no repository has any more. Off unless the admin names its address. */
export interface Archive {
  /** Its name, for people; undefined: none is set for this ecosystem. */
  nameFor(ecosystem: Ecosystem): string | undefined;
  /** Undefined: it does not have it. Errors: `host.repository` (not reached, or answers nonsense), `input.invalid` (its address), `cancelled`. */
  locate(key: ArtefactKey, signal: AbortSignal): Promise<Result<ArchivedArtefact | undefined>>;
  /** The file's bytes from `offset` on; `take` false ends it. Errors: `host.repository`, `cancelled`. */
  fetch(
    found: ArchivedArtefact,
    offset: number,
    take: (chunk: Uint8Array) => boolean,
    signal: AbortSignal,
  ): Promise<Result<void>>;
}

/** Bytes. Settings of the store: `artefacts.max-file`, `artefacts.max-pool`. */
export type PoolLimits = { file: number; pool: number };
