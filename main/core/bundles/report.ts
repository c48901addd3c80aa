/** What is told of a bundle that was read. */
import type { Output } from '../../../shared/contract/contract.ts';
import type { BundleMetadata } from '../../../shared/model/metadata.ts';
import type { Vouched } from '../exchange/incoming.ts';
import { viewOfSignature } from '../exchange/judge.ts';
import type { IncomingAdvisories } from './advisories.ts';
import type { ReadBundle } from './read.ts';

/** Package files that come with it. */
export const sizeOf = ({ manifest }: ReadBundle): { files: number; bytes: number } => {
  const files = new Map(manifest.packages.filter((one) => one.carried).map((one) => [one.sha256, one.bytes]));
  return { files: files.size, bytes: [...files.values()].reduce((sum, bytes) => sum + bytes, 0) };
};

const countOf = (files: readonly IncomingAdvisories[]): number =>
  files.reduce((sum, one) => sum + one.read.advisories.length, 0);

export const reportOf = (
  read: ReadBundle,
  vouched: Vouched,
  metadata: BundleMetadata,
  advisories: { taken: readonly IncomingAdvisories[]; leftOut: readonly IncomingAdvisories[] },
): Output<'bundles.import'>['bundle'] => {
  const { manifest, id } = read;
  return {
    id,
    head: manifest.head,
    snapshotName: manifest.snapshot.name,
    revision: manifest.snapshot.revision,
    createdAt: manifest.createdAt,
    packages: manifest.packages,
    ...sizeOf(read),
    advisories: countOf(advisories.taken),
    advisoriesLeftOut: countOf(advisories.leftOut),
    metadata,
    bundleSignatures: vouched.judged.map(viewOfSignature),
    ...(manifest.since === undefined ? {} : { since: manifest.since }),
  };
};
