/**
 * The part of the store that remembers every package version. `ScanStore.putScan` fills it, in the scan's own transaction; a
 * failed scan changes nothing of it. When something was first seen is never changed and never removed.
 */
import type {
  CatalogHost,
  CatalogOffer,
  CatalogPackage,
  CatalogVersion,
  VersionKey,
} from '../../../shared/model/catalog.ts';
import type { Ecosystem } from '../../../shared/model/primitives.ts';

/** An offer with the version it is of. */
export type SeenOffer = VersionKey & CatalogOffer;

export interface CatalogStore {
  /** Packages whose name has `text` in it (case does not count), by name, ecosystem and architecture. */
  catalogPackages(text: string, limit: number): CatalogPackage[];
  /** Every version of the packages of this name, in no particular order of versions. */
  catalogVersions(name: string): CatalogVersion[];
  /** Hosts that have a package of this name installed, by their last good scan; every version that is `wanted`, by the host's name. */
  catalogHosts(name: string, wanted?: (version: VersionKey) => boolean): CatalogHost[];
  /** Hosts without a good scan, by name: what they have is not known. */
  neverScanned(): { hostId: string; host: string }[];
  /** When each version was first seen (instant), in the order asked for; undefined: never. */
  firstSeen(versions: VersionKey[]): (string | undefined)[];
  /** Offers that were first seen in `[from, to)` (instants), oldest first. */
  offersSeen(from: string, to: string): SeenOffer[];
  /** The source package of a version (Debian's trackers go by it), where it was seen installed; else of the package's last seen one. */
  sourceOf(
    ecosystem: Ecosystem,
    name: string,
    arch: string,
    version: string,
  ): { source: string; sourceVersion?: string } | undefined;
}
