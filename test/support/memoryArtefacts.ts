/** A pool of old artefacts in memory, that can be told to be full, and the archive of somebody who has set none. */
import { createHash } from 'node:crypto';
import type { Archive, ArtefactKey, Artefacts, PooledArtefact } from '../../main/core/artefacts/ports.ts';
import { fail, ok } from '../../shared/errors.ts';

export const noArchive: Archive = {
  nameFor: () => undefined,
  locate: async () => ok(undefined),
  fetch: async () => fail('host.repository', 'No archive is set.'),
};

export type MemoryArtefacts = Artefacts & {
  /** Content by SHA-256; a test may damage it. */
  files: Map<string, Uint8Array>;
  entries: PooledArtefact[];
  /** Takes no more than this many bytes: the disk is full. */
  room: number;
  /** Puts content in as if it had been pulled. */
  put(
    key: ArtefactKey,
    content: Uint8Array,
    source?: PooledArtefact['source'],
    from?: string,
  ): PooledArtefact;
};

const sha = (kind: 'sha256' | 'sha1', bytes: Uint8Array): string =>
  createHash(kind).update(bytes).digest('hex');
const same = (a: ArtefactKey, b: ArtefactKey): boolean =>
  a.ecosystem === b.ecosystem && a.name === b.name && a.arch === b.arch && a.version === b.version;

export const createMemoryArtefacts = (): MemoryArtefacts => {
  const files = new Map<string, Uint8Array>();
  const parts = new Map<string, Uint8Array>();
  const coming = new Set<string>();
  const used = (): number => [...files.values(), ...parts.values()].reduce((n, f) => n + f.length, 0);
  const pool: MemoryArtefacts = {
    files,
    entries: [],
    room: Number.MAX_SAFE_INTEGER,
    put: (key, content, source = 'host', from = 'elsewhere') => {
      const sha256 = sha('sha256', content);
      const addedAt = '2026-11-23T12:00:00.000Z';
      const artefact = { ...key, sha256, bytes: content.length, source, from, addedAt };
      files.set(sha256, content);
      pool.entries.push(artefact);
      return artefact;
    },
    find: (key) => pool.entries.filter((one) => same(one, key) && files.has(one.sha256)),
    list: () => pool.entries.filter((one) => files.has(one.sha256)),
    size: () => ({ files: files.size + parts.size, bytes: used() }),
    verify: async (sha256) => {
      const content = files.get(sha256);
      if (content === undefined) return fail('not-found', 'It is not there.');
      return sha('sha256', content) === sha256
        ? ok(undefined)
        : fail('store.damaged', `The console's copy ${sha256.slice(0, 12)}… is damaged and is not used.`);
    },
    read: async (sha256, offset, length) => {
      const content = files.get(sha256);
      return content === undefined
        ? fail('not-found', 'It is not there.')
        : ok(content.subarray(offset, offset + length));
    },
    receive: async (expected) => {
      const { hash, bytes, key, source, from } = expected;
      const name = 'sha256' in hash ? hash.sha256 : hash.sha1;
      if (coming.has(name)) return fail('state.conflict', 'It is just coming from somewhere else.');
      coming.add(name);
      let content = parts.get(name) ?? new Uint8Array(0);
      let full = false;
      let surplus = false;
      return ok({
        get offset() {
          return content.length;
        },
        write: (chunk) => {
          surplus ||= content.length + chunk.length > bytes;
          full ||= used() + chunk.length > pool.room;
          if (surplus || full) return false;
          content = Uint8Array.from([...content, ...chunk]);
          parts.set(name, content);
          return true;
        },
        finish: async () => {
          coming.delete(name);
          parts.delete(name);
          if (full) return fail('store.full', 'The disk of this machine is full.');
          const right = 'sha256' in hash ? sha('sha256', content) === name : sha('sha1', content) === name;
          if (surplus || content.length !== bytes || !right)
            return fail('store.damaged', 'What came has another hash than announced; it is not used.');
          return ok(pool.put(key, content, source, from));
        },
        suspend: () => void coming.delete(name),
      });
    },
    remove: async (sha256) => {
      files.delete(sha256);
      pool.entries = pool.entries.filter((one) => one.sha256 !== sha256);
      return ok(undefined);
    },
    dropUnfinished: async () => {
      const freed = [...parts.values()].reduce((n, part) => n + part.length, 0);
      parts.clear();
      return freed;
    },
  };
  return pool;
};
