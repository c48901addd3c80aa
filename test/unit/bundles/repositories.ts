/** Repositories as their tools write them, in memory, and bundles that carry them. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';
import { canonicalJson } from '../../../main/core/snapshots/canonical.ts';
import type { BundleManifest, BundlePackage, BundleRepository } from '../../../shared/model/bundle.ts';
import { good } from '../snapshots/support.ts';
import { caller, createConsole, type Entry, packed, sample, sha256, temporary, write } from './support.ts';

type Listed = Pick<BundlePackage, 'name' | 'arch' | 'version' | 'sha256'>;

export const stanza = ({ name, arch, version, sha256: hash }: Listed): string =>
  `Package: ${name}\nArchitecture: ${arch}\nVersion: ${version}\nDepends: libc6\nFilename: pool/${name}.deb\nSize: 3\nSHA256: ${hash}\nDescription: one\n of several lines\n  Version: 9\n`;

export const packagesFile = (some: readonly Listed[]): string => some.map(stanza).join('\n');

export const releaseFile = (index: string, path = 'main/binary-amd64/Packages', fields = ''): string =>
  `Origin: Lab\nLabel: Lab-Security\nSuite: lab\nDate: Mon, 23 Nov 2026 14:00:00 UTC\n${fields}MD5Sum:\n ${'0'.repeat(32)} 3 ${path}\nSHA256:\n ${'0'.repeat(64)} 11 main/binary-amd64/Release\n ${sha256(index)} ${Buffer.byteLength(index)} ${path}\n`;

export const primaryFile = (some: readonly Listed[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<metadata xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm" packages="${some.length}">\n${some
    .map(({ name, arch, version, sha256: hash }) => {
      const [, epoch = '0', ver, rel] = /^(?:(\d+):)?(.+)-([^-]+)$/.exec(version) ?? [];
      return `<package type="rpm"><name>${name}</name><arch>${arch}</arch><version epoch="${epoch}" ver="${ver}" rel="${rel}"/><checksum type="sha256" pkgid="YES">${hash}</checksum><format><rpm:provides><rpm:entry name="${name}"/></rpm:provides><file>/usr/bin/${name}</file></format></package>`;
    })
    .join('\n')}\n</metadata>\n`;

export const repomdFile = (packedIndex: Uint8Array, index: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<repomd xmlns="http://linux.duke.edu/metadata/repo"><revision>1</revision>\n<data type="filelists"><checksum type="sha256">${'0'.repeat(64)}</checksum><size>3</size></data>\n<data type="primary"><timestamp>1795442400</timestamp><checksum type="sha256">${sha256(packedIndex)}</checksum><open-checksum type="sha256">${sha256(index)}</open-checksum><location href="repodata/x-primary.xml.gz"/><size>${packedIndex.length}</size><open-size>${Buffer.byteLength(index)}</open-size></data>\n</repomd>\n`;

type Bytes = Uint8Array | string;
/** A repository as it is to stand in a bundle. */
export type Repository = {
  ecosystem?: BundleRepository['ecosystem'];
  root: Bytes;
  signature?: Bytes;
  indexes: { content: Bytes; vouches: string[] }[];
};

const fileOf = (name: string, content: Bytes) => ({
  name,
  sha256: sha256(content),
  bytes: Buffer.byteLength(content),
});

/** The sample's bundle with these repositories in it. `change` has the last word about the manifest. */
export const bundleWith = async (
  repositories: readonly Repository[],
  change: (manifest: BundleManifest, metadata: Entry[]) => { manifest: unknown; metadata: Entry[] } = (
    manifest,
    metadata,
  ) => ({ manifest, metadata }),
) => {
  const { entries, manifest } = await sample();
  const metadata = repositories.map(({ ecosystem = 'apt', root, signature, indexes }) => ({
    ecosystem,
    repository: 'a name',
    root: fileOf('InRelease', root),
    ...(signature === undefined ? {} : { signature: fileOf('Release.gpg', signature) }),
    indexes: indexes.map((one) => ({ ...fileOf('Packages', one.content), vouches: one.vouches })),
  }));
  const members = repositories.flatMap(({ root, signature, indexes }): Entry[] =>
    [root, ...(signature === undefined ? [] : [signature]), ...indexes.map((one) => one.content)].map(
      (content) => ({ name: `metadata/${sha256(content)}`, content }),
    ),
  );
  const made = change({ ...manifest, metadata }, members);
  return packed([
    { name: 'bundle.json', content: canonicalJson(made.manifest) },
    ...entries.slice(1),
    ...made.metadata,
  ]);
};

/** The sample's packages, listed by an unsigned apt repository. */
export const aptRepository = async (
  change: { list?: (some: BundlePackage[]) => Listed[]; zip?: boolean } = {},
): Promise<Repository & { index: string }> => {
  const { manifest } = await sample();
  const { list = (some) => some, zip = true } = change;
  const index = packagesFile([
    { name: 'bash', arch: 'amd64', version: '5.2-1', sha256: 'c'.repeat(64) },
    ...list(manifest.packages),
  ]);
  return {
    index,
    root: releaseFile(index),
    indexes: [
      {
        content: zip ? gzipSync(index) : index,
        vouches: manifest.packages.map((one) => one.sha256).sort(),
      },
    ],
  };
};

/** A throw-away key of gpg; `keyring`: its public half. */
export const signingKey = () => {
  const dir = temporary();
  // gpg's agent wants a short path for its socket.
  const home = execFileSync('mktemp', ['-d', '/tmp/fl-gpg.XXXXXX']).toString().trim();
  const gpg = (...args: string[]): Buffer =>
    execFileSync(
      'gpg',
      ['--batch', '--yes', '--quiet', '--pinentry-mode=loopback', '--passphrase', '', ...args],
      {
        env: { ...process.env, GNUPGHOME: home },
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    );
  onTestFinished(() => {
    execFileSync('gpgconf', ['--homedir', home, '--kill', 'all']);
    execFileSync('rm', ['-rf', home]);
  });
  gpg('--quick-generate-key', 'Lab <lab@localhost>', 'ed25519', 'sign', 'never');
  const fingerprint =
    /^fpr:+([0-9A-F]{40}):/m.exec(gpg('--with-colons', '--list-keys').toString())?.[1] ?? '';
  const sign = (how: string, text: string): Buffer => {
    const file = join(dir, 'text');
    writeFileSync(file, text);
    gpg('--armor', '--output', `${file}.asc`, how, file);
    return readFileSync(`${file}.asc`);
  };
  return {
    fingerprint,
    keyring: gpg('--export'),
    armored: gpg('--armor', '--export'),
    inline: (text: string) => sign('--clearsign', text).toString(),
    detached: (text: string) => sign('--detach-sign', text),
    message: (text: string) => sign('--sign', text),
  };
};

/** What a new console says of a bundle. */
export const verified = async (bytes: Buffer, keyring?: Buffer) => {
  const there = createConsole();
  const file = write(there, 'a.frost.tar', bytes);
  const more = keyring === undefined ? {} : { keyring: keyring.toString('base64') };
  return good(await there.bundles.verify({ file, ...more }, caller));
};

/** The same packages as rpm's. */
export const dnfBundle = async (repository: (packages: BundlePackage[]) => Repository) => {
  const asRpm = (one: BundlePackage): BundlePackage => ({ ...one, ecosystem: 'dnf', arch: 'x86_64' });
  const { manifest } = await sample();
  return bundleWith([repository(manifest.packages.map(asRpm))], (made, metadata) => ({
    manifest: { ...made, packages: made.packages.map(asRpm) },
    metadata,
  }));
};

export const hashesOf = (packages: readonly { sha256: string }[]): string[] =>
  packages.map((one) => one.sha256).sort();
