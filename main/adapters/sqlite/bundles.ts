/** What bundles brought, by line. The files themselves are in the pool of artefacts. */
import { z } from 'zod';
import { BundleRole } from '../../../shared/model/bundle.ts';
import { Arch, Ecosystem, PackageName, PackageVersion, Sha256 } from '../../../shared/model/primitives.ts';
import type { BundleStore } from '../../core/bundles/ports.ts';
import type { Db } from './db.ts';

const Row = z.object({
  ecosystem: Ecosystem,
  name: PackageName,
  arch: Arch,
  version: PackageVersion,
  sha256: Sha256,
  role: BundleRole,
});

const Version = z.object({ name: PackageName, version: PackageVersion });

export const bundleStore = (db: Db): BundleStore => ({
  putBundled: (lineId, packages) =>
    db.transaction(() => {
      for (const { ecosystem, name, arch, version, sha256, role } of packages)
        db.run(
          `INSERT INTO bundled (line, ecosystem, name, arch, version, sha256, role)
            VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
          lineId,
          ecosystem,
          name,
          arch,
          version,
          sha256,
          role,
        );
    }),
  bundled: (lineId) =>
    db.all(
      Row,
      `SELECT ecosystem, name, arch, version, sha256, role FROM bundled WHERE line = ?
        ORDER BY name, version, arch, ecosystem, role, sha256`,
      lineId,
    ),
  bundledVersions: () => db.all(Version, 'SELECT DISTINCT name, version FROM bundled ORDER BY name, version'),
});
