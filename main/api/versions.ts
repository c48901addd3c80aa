import type { Handlers } from '../../shared/contract/contract.ts';
import type { MergingService } from '../core/snapshots/merging.ts';

type VersionNames = Extract<keyof Handlers, `versions.${string}`>;

export const versionHandlers = (versions: MergingService): Pick<Handlers, VersionNames> => ({
  'versions.graph': versions.graph,
  'versions.preview': versions.preview,
  'versions.merge': versions.merge,
});
