/**
 * The demo fleet's repositories: package files in one pool, and the lists of three suites. A package file is its control
 * stanza and nothing, up to its size, so that it takes next to no space; what counts is that its hash is the listed one.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { CATALOGUE, type CataloguePackage, type Release, type Suite } from './catalogue.ts';

export const LIST_FILES: Record<Suite, string> = {
  main: 'deb.debian.demo_debian_dists_bookworm_main_binary-amd64_Packages',
  updates: 'deb.debian.demo_debian_dists_bookworm-updates_main_binary-amd64_Packages',
  security: 'security.debian.demo_debian-security_dists_bookworm-security_main_binary-amd64_Packages',
};

const archOf = (entry: CataloguePackage): string => entry.arch ?? 'amd64';

/** As apt names a package file: an epoch's colon is escaped. */
export const fileNameOf = (entry: CataloguePackage, release: Release): string =>
  `${entry.name}_${release.version.replaceAll(':', '%3a')}_${archOf(entry)}.deb`;

/** `status`: the second line, for dpkg's database. */
export const controlOf = (entry: CataloguePackage, release: Release, status?: string): string => {
  const depends = release.depends ?? entry.depends;
  return [
    `Package: ${entry.name}`,
    ...(status === undefined ? [] : [`Status: ${status}`]),
    'Priority: optional',
    `Section: ${entry.section}`,
    `Installed-Size: ${entry.installedKiB}`,
    'Maintainer: Frostline demo fleet <demo@demo.invalid>',
    `Architecture: ${archOf(entry)}`,
    ...(entry.multiArch === undefined ? [] : [`Multi-Arch: ${entry.multiArch}`]),
    ...(entry.source === undefined ? [] : [`Source: ${entry.source}`]),
    `Version: ${release.version}`,
    ...(depends === undefined ? [] : [`Depends: ${depends}`]),
    ...(entry.reboot === true ? ['X-Demo-Reboot: yes'] : []),
    ...(entry.service === undefined ? [] : [`X-Demo-Service: ${entry.service}`]),
    `Description: ${entry.summary}`,
  ].join('\n');
};

const hashOf = (head: string, size: number): string => {
  const hash = createHash('sha256').update(head);
  const nothing = Buffer.alloc(64 * 1024);
  for (let left = size - Buffer.byteLength(head); left > 0; left -= nothing.length)
    hash.update(left < nothing.length ? nothing.subarray(0, left) : nothing);
  return hash.digest('hex');
};

/** Whole or not there: a start that was killed leaves nothing half written under the name. */
export const writeWhole = (file: string, text: string, mode = 0o644): void => {
  writeFileSync(`${file}.new`, text, { mode });
  renameSync(`${file}.new`, file);
};

const beginsWith = (file: string, head: string): boolean => {
  const start = Buffer.alloc(Buffer.byteLength(head));
  const handle = openSync(file, 'r');
  try {
    readSync(handle, start, 0, start.length, 0);
  } finally {
    closeSync(handle);
  }
  return start.toString('utf8') === head;
};

const writeSparse = (file: string, head: string, size: number): void => {
  if (statSync(file, { throwIfNoEntry: false })?.size === size && beginsWith(file, head)) return;
  const handle = openSync(`${file}.new`, 'w', 0o644);
  try {
    writeSync(handle, head);
    ftruncateSync(handle, size);
  } finally {
    closeSync(handle);
  }
  renameSync(`${file}.new`, file);
};

/** Makes `<dir>/pool` and `<dir>/lists`. What is there already and right is left alone. */
export const makeRepository = (dir: string): void => {
  const pool = join(dir, 'pool');
  const lists = join(dir, 'lists');
  for (const folder of [pool, lists]) mkdirSync(folder, { recursive: true });
  const stanzas: Record<Suite, string[]> = { main: [], security: [], updates: [] };
  for (const entry of CATALOGUE) {
    for (const release of entry.releases) {
      const head = `${controlOf(entry, release)}\n\n`;
      const size = Math.max(entry.bytes, Buffer.byteLength(head));
      const name = fileNameOf(entry, release);
      writeSparse(join(pool, name), head, size);
      if (release.suite === undefined) continue;
      const folder = entry.name.startsWith('lib') ? entry.name.slice(0, 4) : entry.name.slice(0, 1);
      stanzas[release.suite].push(
        `${controlOf(entry, release)}\nFilename: pool/main/${folder}/${entry.name}/${name}\nSize: ${size}\nSHA256: ${hashOf(head, size)}\n`,
      );
    }
  }
  for (const suite of ['main', 'security', 'updates'] as const)
    writeWhole(join(lists, LIST_FILES[suite]), `${stanzas[suite].join('\n')}\n`);
};
