/**
 * The schema's history. A migration that was released is never edited: a change is a new one at the end. JSON columns hold
 * values of shared/model; what is looked up or ordered by has a column of its own.
 */
import type { Database } from 'better-sqlite3';
import { ADVISORIES, STAGED_ADVISORIES } from './advisorySchema.ts';
import { chainAudit } from './auditChain.ts';

export type Migration = {
  version: number;
  sql: string;
  /** What SQL alone cannot do, right after it in the same transaction. */
  code?: (handle: Database) => void;
};

const FIRST = `
CREATE TABLE hosts (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL COLLATE NOCASE UNIQUE,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Lists of packages and of updates, gzip. Equal lists are stored once, whichever scan or host they came from.
CREATE TABLE lists (
  key INTEGER PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  body BLOB NOT NULL
) STRICT;

-- No reference to hosts: the history of a removed host stays. The lists of old scans are let go (NULL).
CREATE TABLE scans (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  host TEXT NOT NULL,
  good INTEGER NOT NULL CHECK (good IN (0, 1)),
  summary TEXT NOT NULL,
  packages INTEGER REFERENCES lists (key),
  updates INTEGER REFERENCES lists (key)
) STRICT;
CREATE INDEX scans_by_host ON scans (host, seq);
CREATE INDEX scans_good ON scans (host, seq) WHERE good = 1;
CREATE INDEX scans_listed ON scans (host, seq) WHERE packages IS NOT NULL;
CREATE INDEX scans_by_packages ON scans (packages) WHERE packages IS NOT NULL;
CREATE INDEX scans_by_updates ON scans (updates) WHERE updates IS NOT NULL;

CREATE TABLE lines (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL COLLATE NOCASE UNIQUE,
  head TEXT NOT NULL REFERENCES revisions (id) DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;

-- content: the canonical JSON whose SHA-256 is the id.
CREATE TABLE revisions (
  id TEXT PRIMARY KEY,
  line TEXT NOT NULL REFERENCES lines (id) DEFERRABLE INITIALLY DEFERRED,
  number INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  content TEXT NOT NULL
) STRICT;
CREATE INDEX revisions_by_line ON revisions (line, number, id);
CREATE TRIGGER revisions_immutable BEFORE UPDATE ON revisions
BEGIN SELECT RAISE (ABORT, 'a revision never changes'); END;

CREATE TABLE freezes (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  revision TEXT NOT NULL UNIQUE REFERENCES revisions (id),
  body TEXT NOT NULL
) STRICT;

CREATE TABLE plans (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  summary TEXT NOT NULL,
  hosts BLOB NOT NULL
) STRICT;

CREATE TABLE runs (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  plan TEXT NOT NULL,
  state TEXT NOT NULL,
  seq INTEGER NOT NULL,
  accepted_at TEXT,
  summary TEXT NOT NULL,
  reducer TEXT NOT NULL
) STRICT;
CREATE INDEX runs_unfinished ON runs (key) WHERE state <> 'finished';
CREATE INDEX runs_by_plan ON runs (plan);

-- body changes with every progress; lists (actions, versions before and after) hardly ever, and are large.
CREATE TABLE tasks (
  run INTEGER NOT NULL REFERENCES runs (key),
  host TEXT NOT NULL,
  position INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (run, host)
) STRICT, WITHOUT ROWID;
CREATE TABLE task_lists (
  run INTEGER NOT NULL REFERENCES runs (key),
  host TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (run, host)
) STRICT;

CREATE TABLE effects (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  run INTEGER NOT NULL REFERENCES runs (key),
  id TEXT NOT NULL,
  body TEXT NOT NULL,
  UNIQUE (run, id)
) STRICT;

CREATE TABLE events (
  run INTEGER NOT NULL REFERENCES runs (key),
  seq INTEGER NOT NULL,
  type TEXT NOT NULL,
  host TEXT,
  body TEXT NOT NULL,
  PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX events_output ON events (run, host, seq) WHERE type = 'task.output';
CREATE TRIGGER events_gap_free BEFORE INSERT ON events
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM events WHERE run = NEW.run)
BEGIN SELECT RAISE (ABORT, 'events continue the stored ones without a gap'); END;
CREATE TRIGGER events_unchanged BEFORE UPDATE ON events
BEGIN SELECT RAISE (ABORT, 'events never change'); END;
CREATE TRIGGER events_kept BEFORE DELETE ON events
BEGIN SELECT RAISE (ABORT, 'events are never removed'); END;

CREATE TABLE captures (
  run INTEGER NOT NULL REFERENCES runs (key),
  host TEXT NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (run, host)
) STRICT;

CREATE TABLE settings (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at TEXT NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit
BEGIN SELECT RAISE (ABORT, 'the audit log never changes'); END;
CREATE TRIGGER audit_kept BEFORE DELETE ON audit
BEGIN SELECT RAISE (ABORT, 'the audit log is never shortened'); END;

CREATE TABLE trusted_keys (
  address TEXT NOT NULL COLLATE NOCASE,
  port INTEGER NOT NULL,
  public_key TEXT NOT NULL,
  key_type TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  added_at TEXT NOT NULL,
  PRIMARY KEY (address, port, public_key)
) STRICT, WITHOUT ROWID;
`;

/** What each host is compared with, and how it differed. */
const DRIFT = `
CREATE TABLE drift (
  host TEXT PRIMARY KEY,
  body BLOB NOT NULL
) STRICT;
`;

/** What each host's guard is to be and was last seen to be. */
const GUARDS = `
CREATE TABLE guards (
  host TEXT PRIMARY KEY,
  body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`;

/** The files of the pool of old artefacts. One file may be the same package of several hosts, hence the key. */
const ARTEFACTS = `
CREATE TABLE artefacts (
  ecosystem TEXT NOT NULL,
  name TEXT NOT NULL,
  arch TEXT NOT NULL,
  version TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  source TEXT NOT NULL,
  origin TEXT NOT NULL,
  added_at TEXT NOT NULL,
  PRIMARY KEY (ecosystem, name, arch, version, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX artefacts_by_file ON artefacts (sha256);
`;

/**
 * Every package version ever seen. Versions and offers are never taken out, and when they were first seen never changes. A
 * host's row names the lists it had when it was last taken in, so that an unchanged list is not gone through again.
 */
const CATALOGUE = `
CREATE TABLE catalog_packages (
  key INTEGER PRIMARY KEY,
  ecosystem TEXT NOT NULL,
  name TEXT NOT NULL,
  arch TEXT NOT NULL,
  UNIQUE (name, ecosystem, arch)
) STRICT;
CREATE TABLE catalog_versions (
  key INTEGER PRIMARY KEY,
  package INTEGER NOT NULL REFERENCES catalog_packages (key),
  version TEXT NOT NULL,
  source TEXT,
  source_version TEXT,
  seen_at TEXT NOT NULL,
  host TEXT NOT NULL,
  host_name TEXT NOT NULL,
  distro TEXT NOT NULL,
  release TEXT NOT NULL,
  UNIQUE (package, version)
) STRICT;
CREATE TABLE catalog_offers (
  version INTEGER NOT NULL REFERENCES catalog_versions (key),
  distro TEXT NOT NULL,
  release TEXT NOT NULL,
  origin TEXT NOT NULL,
  seen_at TEXT NOT NULL,
  host_name TEXT NOT NULL,
  severity TEXT NOT NULL,
  classification TEXT NOT NULL,
  advisories TEXT NOT NULL,
  size REAL,
  sha256 TEXT,
  PRIMARY KEY (version, distro, release, origin)
) STRICT, WITHOUT ROWID;
CREATE INDEX catalog_offers_seen ON catalog_offers (seen_at);
CREATE TABLE catalog_hosts (
  key INTEGER PRIMARY KEY,
  host TEXT NOT NULL UNIQUE,
  packages INTEGER NOT NULL,
  updates INTEGER NOT NULL,
  platform TEXT NOT NULL
) STRICT;
CREATE TABLE catalog_installed (
  version INTEGER NOT NULL REFERENCES catalog_versions (key),
  host INTEGER NOT NULL REFERENCES catalog_hosts (key),
  PRIMARY KEY (version, host)
) STRICT, WITHOUT ROWID;
CREATE INDEX catalog_installed_by_host ON catalog_installed (host);
CREATE TRIGGER catalog_versions_seen_once BEFORE UPDATE OF package, version, seen_at, host, host_name ON catalog_versions
BEGIN SELECT RAISE (ABORT, 'when a version was first seen never changes'); END;
CREATE TRIGGER catalog_versions_kept BEFORE DELETE ON catalog_versions
BEGIN SELECT RAISE (ABORT, 'a version that was seen is never forgotten'); END;
CREATE TRIGGER catalog_offers_seen_once BEFORE UPDATE OF version, origin, seen_at, host_name ON catalog_offers
BEGIN SELECT RAISE (ABORT, 'when an offer was first seen never changes'); END;
CREATE TRIGGER catalog_offers_kept BEFORE DELETE ON catalog_offers
BEGIN SELECT RAISE (ABORT, 'an offer that was seen is never forgotten'); END;
`;

/** The log of before, whose lines `chainAudit` takes over. Nothing but the line's own text is kept: one truth. */
const AUDIT_CHAIN = `
ALTER TABLE audit RENAME TO audit_before;
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  prev TEXT NOT NULL,
  hash TEXT NOT NULL,
  line TEXT NOT NULL
) STRICT;
`;

/** Detached signatures of revisions; one of each key. They are never changed. */
const SIGNATURES = `
CREATE TABLE signatures (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  revision TEXT NOT NULL REFERENCES revisions (id) ON DELETE CASCADE,
  fingerprint TEXT NOT NULL,
  armor TEXT NOT NULL,
  added_at TEXT NOT NULL,
  UNIQUE (revision, fingerprint)
) STRICT;
CREATE TRIGGER signatures_unchanged BEFORE UPDATE ON signatures
BEGIN SELECT RAISE (ABORT, 'a signature never changes'); END;
`;

/** Packages that bundles brought or took away, by line; see core/bundles. */
const BUNDLED = `
CREATE TABLE bundled (
  line TEXT NOT NULL REFERENCES lines (id) ON DELETE CASCADE,
  ecosystem TEXT NOT NULL,
  name TEXT NOT NULL,
  arch TEXT NOT NULL,
  version TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('new', 'rollback')),
  PRIMARY KEY (line, ecosystem, name, arch, version, sha256, role)
) STRICT, WITHOUT ROWID;
`;

/** A rule set's versions are never changed; the newest counts. */
const RULES = `
CREATE TABLE rule_sets (
  name TEXT NOT NULL COLLATE NOCASE,
  version INTEGER NOT NULL,
  saved_at TEXT NOT NULL,
  author TEXT NOT NULL,
  message TEXT,
  body TEXT NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (name, version)
) STRICT;
CREATE TRIGGER rule_sets_unchanged BEFORE UPDATE ON rule_sets
BEGIN SELECT RAISE (ABORT, 'a saved version of rules never changes'); END;
`;

/** What a scan read of its updates' dependencies; NULL where it did not. */
const RELATIONS = `
ALTER TABLE scans ADD COLUMN relations INTEGER REFERENCES lists (key);
CREATE INDEX scans_by_relations ON scans (relations) WHERE relations IS NOT NULL;
`;

/** For reports: what the last runs of one host did there. */
const TASKS_BY_HOST = 'CREATE INDEX tasks_by_host ON tasks (host, run);';

/** Revisions let into an environment, each with what it was tried by. */
const PROMOTIONS = `
CREATE TABLE promotions (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  revision TEXT NOT NULL REFERENCES revisions (id) ON DELETE CASCADE,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX promotions_by_revision ON promotions (revision);
CREATE TRIGGER promotions_unchanged BEFORE UPDATE ON promotions
BEGIN SELECT RAISE (ABORT, 'a promotion never changes'); END;
`;

/** The scan that told an offer last, and of each host the scan since which it has told the offers it tells: both a seq of `scans`. */
const TOLD = `
ALTER TABLE catalog_offers ADD COLUMN told INTEGER;
CREATE INDEX catalog_offers_told ON catalog_offers (told);
ALTER TABLE catalog_hosts ADD COLUMN told INTEGER;
CREATE INDEX catalog_hosts_told ON catalog_hosts (told);
`;

export const MIGRATIONS: readonly Migration[] = [
  { version: 1, sql: FIRST },
  { version: 2, sql: ARTEFACTS },
  { version: 3, sql: CATALOGUE },
  { version: 4, sql: AUDIT_CHAIN, code: chainAudit },
  { version: 5, sql: SIGNATURES },
  { version: 6, sql: BUNDLED },
  { version: 7, sql: RULES },
  { version: 8, sql: ADVISORIES },
  { version: 9, sql: RELATIONS },
  { version: 10, sql: TASKS_BY_HOST },
  { version: 11, sql: PROMOTIONS },
  { version: 12, sql: GUARDS },
  { version: 13, sql: DRIFT },
  { version: 14, sql: STAGED_ADVISORIES },
  { version: 15, sql: TOLD },
];
