/** Versions of a snapshot: every answer is asked for where it is shown; nothing of it is kept. */
import { createStore } from 'zustand/vanilla';
import type { CallInput, Output } from '../../../shared/contract/contract.ts';
import type { Result } from '../../../shared/errors.ts';
import { featureStore } from '../../app/featureStore.ts';

export type GraphRevision = Output<'versions.graph'>['revisions'][number];
export type MergePreview = Output<'versions.preview'>;
export type Promotable = Output<'versions.promotable'>;

type VersionsState = {
  graph: (ref: string) => Promise<Result<Output<'versions.graph'>>>;
  preview: (input: CallInput<'versions.preview'>) => Promise<Result<MergePreview>>;
  merge: (input: CallInput<'versions.merge'>) => Promise<Result<Output<'versions.merge'>>>;
  restore: (ref: string) => Promise<Result<Output<'snapshots.restore'>>>;
  promotable: (input: CallInput<'versions.promotable'>) => Promise<Result<Promotable>>;
  promote: (input: CallInput<'versions.promote'>) => Promise<Result<Output<'versions.promote'>>>;
};

export const useVersions = featureStore<VersionsState>(({ client }) =>
  createStore<VersionsState>(() => ({
    graph: (ref) => client.call('versions.graph', { ref }),
    preview: (input) => client.call('versions.preview', input),
    merge: (input) => client.call('versions.merge', input),
    restore: (ref) => client.call('snapshots.restore', { ref }),
    promotable: (input) => client.call('versions.promotable', input),
    promote: (input) => client.call('versions.promote', input),
  })),
);

/** The first digits of an id, as people copy them. */
export const shortId = (id: string): string => id.slice('sha256:'.length, 'sha256:'.length + 12);

const digitsOf = (id: string): string => id.slice('sha256:'.length);

/** The page that merges a revision; without the colon of its id, which an address would have to escape. */
export const mergePath = (name: string, id: string): string =>
  `/snapshots/${encodeURIComponent(name)}/merge/${digitsOf(id)}`;
