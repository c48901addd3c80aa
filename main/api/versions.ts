import type { Handlers } from '../../shared/contract/contract.ts';
import type { SnapshotService } from '../core/snapshots/service.ts';

type VersionNames = Extract<keyof Handlers, `versions.${string}`>;

export const versionHandlers = (versions: SnapshotService['versions']): Pick<Handlers, VersionNames> => ({
  'versions.graph': versions.graph,
  'versions.preview': versions.preview,
  'versions.merge': versions.merge,
  'versions.promotable': versions.promotable,
  'versions.promote': versions.promote,
});
