/** What a host is asked for the lists of its repositories: the scripts that run there, over folders as apt and dnf leave them. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { PullReader } from '../../../main/core/artefacts/pull.ts';
import { aptDriver } from '../../../main/core/drivers/apt/driver.ts';
import { dnfDriver } from '../../../main/core/drivers/dnf/driver.ts';
import { metadataFileCommand, parseMetadata } from '../../../main/core/drivers/metadata.ts';
import { ROOT_MARK } from '../../../main/core/drivers/shell.ts';
import type { CommandSpec } from '../../../main/core/ports.ts';
import { good } from '../snapshots/support.ts';
import { packagesFile, primaryFile, releaseFile, repomdFile } from './repositories.ts';
import { temporary } from './support.ts';

const NONCE = 'abcdef0123456789';
const WANTED = { name: 'openssl', arch: 'amd64', version: '3.0.15', sha256: 'a'.repeat(64) };
const OTHER = { ...WANTED, name: 'bash', sha256: 'b'.repeat(64) };
const ASKED = { nonce: NONCE, hashes: [WANTED.sha256, 'e'.repeat(64)], root: false };

/** A host's files, by path. */
const hostWith = (files: Record<string, string | Uint8Array>) => {
  const root = temporary();
  writeFileSync(join(root, ROOT_MARK), '');
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  const run = ({ script }: CommandSpec): Buffer =>
    execFileSync('/bin/sh', ['-c', script], {
      env: { ...process.env, FROSTLINE_ROOT: root },
      maxBuffer: 1e8,
    });
  return {
    at: (path: string) => join(root, path),
    find: (spec: CommandSpec | undefined) => {
      const stdout = spec === undefined ? '' : run(spec).toString();
      return good(parseMetadata({ stdout, stderr: '', exitCode: 0 }, { nonce: NONCE }));
    },
    fetch: (path: string, o: { pack: boolean; max: number }) => {
      const chunks: Uint8Array[] = [];
      const reader = new PullReader(NONCE, { offset: 0, atMost: o.max }, (bytes) => {
        chunks.push(bytes);
        return true;
      });
      reader.feed(run(metadataFileCommand({ nonce: NONCE, path: join(root, path), root: false, ...o })));
      return { bytes: Buffer.concat(chunks), complete: reader.complete, refusal: reader.refusal };
    },
  };
};

const LISTS = 'var/lib/apt/lists';
const CACHE = "var/cache/dnf/it's a repo-0123456789abcdef/repodata";

describe("apt's lists", () => {
  const index = packagesFile([WANTED]);

  it('are found by what they name, with the Release file they belong to', () => {
    const files: Record<string, string | Uint8Array> = {
      [`${LISTS}/mirror_debian_dists_lab_InRelease`]: releaseFile(index),
      [`${LISTS}/mirror_debian_dists_lab_main_binary-amd64_Packages`]: index,
      [`${LISTS}/mirror_debian_dists_lab_contrib_binary-amd64_Packages`]: packagesFile([OTHER]),
      // One whose name is longer, and one that is signed beside itself.
      [`${LISTS}/mirror_debian_dists_lab_updates_Release`]: 'x',
      [`${LISTS}/mirror_debian_dists_lab_updates_Release.gpg`]: 'gpg',
      [`${LISTS}/mirror_debian_dists_lab_updates_main_binary-amd64_Packages.gz`]: gzipSync(index),
      [`${LISTS}/lone_Packages`]: index,
    };
    const host = hostWith(files);
    const found = host.find(aptDriver.metadata?.(ASKED));
    const file = (name: string) => {
      const path = `${LISTS}/${name}`;
      return { path: host.at(path), bytes: Buffer.byteLength(files[path] ?? '') };
    };
    expect(found.indexes).toEqual([
      {
        root: file('mirror_debian_dists_lab_InRelease'),
        index: file('mirror_debian_dists_lab_main_binary-amd64_Packages'),
        hashes: [WANTED.sha256],
      },
      {
        root: file('mirror_debian_dists_lab_updates_Release'),
        signature: file('mirror_debian_dists_lab_updates_Release.gpg'),
        index: file('mirror_debian_dists_lab_updates_main_binary-amd64_Packages.gz'),
        hashes: [WANTED.sha256],
      },
    ]);
    expect(found.leftOut).toEqual([{ path: host.at(`${LISTS}/lone_Packages`), reason: 'no-root' }]);
  });

  it('come packed, unless they are already; none that is too large', () => {
    const plain = `${LISTS}/a_Packages`;
    const zipped = `${LISTS}/b_Packages.gz`;
    const host = hostWith({ [plain]: index, [zipped]: gzipSync(index) });
    const packed = host.fetch(plain, { pack: true, max: 10_000 });
    expect(packed.complete).toBe(true);
    expect(gunzipSync(packed.bytes).toString()).toBe(index);
    expect(host.fetch(zipped, { pack: true, max: 10_000 }).bytes).toEqual(gzipSync(index));
    expect(host.fetch(plain, { pack: false, max: 10_000 }).bytes.toString()).toBe(index);
    expect(host.fetch(plain, { pack: false, max: 10 })).toMatchObject({
      bytes: Buffer.alloc(0),
      refusal: 'other-size',
    });
    expect(host.fetch(`${LISTS}/none`, { pack: true, max: 10 }).refusal).toBe('absent');
  });
});

describe("dnf's cache", () => {
  it('has the list that repomd.xml names, and no older one', () => {
    const index = primaryFile([{ ...WANTED, version: '1-1' }]);
    const packed = gzipSync(index);
    const files: Record<string, string | Uint8Array> = {
      [`${CACHE}/repomd.xml`]: repomdFile(packed, index),
      [`${CACHE}/repomd.xml.asc`]: 'signature',
      [`${CACHE}/x-primary.xml.gz`]: packed,
      [`${CACHE}/old-primary.xml.gz`]: packed,
      [`${CACHE}/x-filelists.xml.gz`]: packed,
    };
    const host = hostWith(files);
    const file = (name: string) => ({
      path: host.at(`${CACHE}/${name}`),
      bytes: Buffer.byteLength(files[`${CACHE}/${name}`] ?? ''),
    });
    expect(host.find(dnfDriver.metadata?.(ASKED))).toEqual({
      indexes: [
        {
          root: file('repomd.xml'),
          signature: file('repomd.xml.asc'),
          index: file('x-primary.xml.gz'),
          hashes: [WANTED.sha256],
        },
      ],
      leftOut: [],
    });
    expect(host.fetch(`${CACHE}/x-primary.xml.gz`, { pack: true, max: 9999 }).bytes).toEqual(packed);
  });

  it('is not there on a host that has no repository', () => {
    expect(hostWith({}).find(dnfDriver.metadata?.(ASKED))).toEqual({ indexes: [], leftOut: [] });
    expect(hostWith({}).find(aptDriver.metadata?.(ASKED))).toEqual({ indexes: [], leftOut: [] });
  });
});

it('paths that a host makes up, and lines that are none of ours, are left out', () => {
  const lines = [
    'index\trelative\t1\t-\t0\t/x\t1',
    `has\t${WANTED.sha256}`,
    'index\t/a\t-1\t-\t0\t/x\t1',
    `index\t/a\t1\t-\t0\t/${'x'.repeat(5000)}\t1`,
    'index\t/a\t1\t-\t0\t/x\t1',
    'has\tnot a hash',
    `has\t${WANTED.sha256}`,
  ];
  const stdout = `@@${NONCE} begin\n@@${NONCE} found\n${lines.join('\n')}\n@@${NONCE} end\n`;
  expect(good(parseMetadata({ stdout, stderr: '', exitCode: 0 }, { nonce: NONCE }))).toEqual({
    indexes: [{ root: { path: '/a', bytes: 1 }, index: { path: '/x', bytes: 1 }, hashes: [WANTED.sha256] }],
    leftOut: [],
  });
});
