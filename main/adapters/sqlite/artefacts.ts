/** What the files of the pool of old artefacts are. The files themselves: main/adapters/artefacts. */
import { z } from 'zod';
import {
  Arch,
  Ecosystem,
  Instant,
  PackageName,
  PackageVersion,
  Sha256,
} from '../../../shared/model/primitives.ts';
import type { ArtefactIndex } from '../../core/artefacts/ports.ts';
import type { Db } from './db.ts';

const Row = z.object({
  ecosystem: Ecosystem,
  name: PackageName,
  arch: Arch,
  version: PackageVersion,
  sha256: Sha256,
  bytes: z.int().min(1),
  source: z.enum(['host', 'archive', 'bundle', 'repository']),
  from: z.string(),
  addedAt: Instant,
});

const COLUMNS =
  'ecosystem, name, arch, version, sha256, bytes, source, origin AS "from", added_at AS "addedAt"';

export const artefactIndex = (db: Db): ArtefactIndex => ({
  putArtefact: (a) => {
    db.run(
      `INSERT INTO artefacts (ecosystem, name, arch, version, sha256, bytes, source, origin, added_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      a.ecosystem,
      a.name,
      a.arch,
      a.version,
      a.sha256,
      a.bytes,
      a.source,
      a.from,
      a.addedAt,
    );
  },
  artefactsOf: (key) =>
    db.all(
      Row,
      `SELECT ${COLUMNS} FROM artefacts WHERE ecosystem = ? AND name = ? AND arch = ? AND version = ?
        ORDER BY added_at DESC, sha256`,
      key.ecosystem,
      key.name,
      key.arch,
      key.version,
    ),
  artefacts: () =>
    db.all(Row, `SELECT ${COLUMNS} FROM artefacts ORDER BY name, version, arch, ecosystem, sha256`),
  removeArtefact: (sha256) => {
    db.run('DELETE FROM artefacts WHERE sha256 = ?', sha256);
  },
});
