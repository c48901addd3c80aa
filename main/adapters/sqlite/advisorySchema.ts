/** The tables of imported advisories, as migrations made them. */

/** Advisories out of imported files: of each format and id the newest one. */
export const ADVISORIES = `
CREATE TABLE advisory_imports (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  format TEXT NOT NULL,
  file TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  imported_at TEXT NOT NULL,
  as_of TEXT NOT NULL,
  dated INTEGER NOT NULL CHECK (dated IN (0, 1)),
  advisories INTEGER NOT NULL,
  skipped INTEGER NOT NULL
) STRICT;
CREATE TABLE advisories (
  key INTEGER PRIMARY KEY,
  format TEXT NOT NULL,
  id TEXT NOT NULL,
  import INTEGER NOT NULL REFERENCES advisory_imports (key),
  title TEXT,
  severity TEXT NOT NULL,
  cves TEXT NOT NULL,
  published TEXT,
  modified TEXT,
  UNIQUE (id, format)
) STRICT;
CREATE TABLE advisory_cves (
  cve TEXT NOT NULL,
  advisory INTEGER NOT NULL REFERENCES advisories (key),
  PRIMARY KEY (cve, advisory)
) STRICT, WITHOUT ROWID;
CREATE INDEX advisory_cves_by_advisory ON advisory_cves (advisory);
CREATE TABLE advisory_packages (
  key INTEGER PRIMARY KEY,
  advisory INTEGER NOT NULL REFERENCES advisories (key),
  ecosystem TEXT NOT NULL,
  distro TEXT,
  release TEXT,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  arch TEXT,
  introduced TEXT,
  fixed TEXT,
  last_affected TEXT
) STRICT;
CREATE INDEX advisory_packages_by_name ON advisory_packages (name, ecosystem);
CREATE INDEX advisory_packages_by_advisory ON advisory_packages (advisory);
`;

/**
 * Imports are written in slices and are seen at once: rows of a `staged` import, those of a `superseded` one, and those that a row
 * of another import `replaces`, are not shown, and are removed in their own time.
 */
export const STAGED_ADVISORIES = `
ALTER TABLE advisory_imports ADD COLUMN state TEXT NOT NULL DEFAULT 'current'
  CHECK (state IN ('staged', 'current', 'superseded'));
CREATE TABLE advisories_now (
  key INTEGER PRIMARY KEY,
  format TEXT NOT NULL,
  id TEXT NOT NULL,
  import INTEGER NOT NULL REFERENCES advisory_imports (key),
  title TEXT,
  severity TEXT NOT NULL,
  cves TEXT NOT NULL,
  published TEXT,
  modified TEXT,
  replaces INTEGER,
  UNIQUE (import, id)
) STRICT;
INSERT INTO advisories_now (key, format, id, import, title, severity, cves, published, modified)
  SELECT key, format, id, import, title, severity, cves, published, modified FROM advisories;
DROP TABLE advisories;
ALTER TABLE advisories_now RENAME TO advisories;
CREATE INDEX advisories_by_id ON advisories (id, format);
CREATE INDEX advisories_by_replaced ON advisories (replaces) WHERE replaces IS NOT NULL;
`;
