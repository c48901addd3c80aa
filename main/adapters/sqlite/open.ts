/**
 * Opens the store's database: WAL, every commit on disk before it is reported (a run's commit must survive power loss),
 * readable by its owner alone.
 */
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { err, FrostFault, ok, type Result } from '../../../shared/errors.ts';
import type { Log, Store } from '../../core/ports.ts';
import { advisoryStore } from './advisories.ts';
import { artefactIndex } from './artefacts.ts';
import { auditStore } from './audit.ts';
import { bundleStore } from './bundles.ts';
import { catalogStore } from './catalog.ts';
import { Db } from './db.ts';
import { driftStore } from './drift.ts';
import { backupsOf, damaged, faultOf } from './faults.ts';
import { guardStore } from './guards.ts';
import { hostStore } from './hosts.ts';
import { migrate, versionOf } from './migrate.ts';
import { MIGRATIONS } from './migrations.ts';
import { planStore } from './plans.ts';
import { promotionStore } from './promotions.ts';
import { ruleStore } from './rules.ts';
import { runStore } from './runs.ts';
import { scanStore } from './scans.ts';
import { settingStore } from './settings.ts';
import { signatureStore } from './signatures.ts';
import { snapshotStore } from './snapshots.ts';
import { trustStore } from './trust.ts';

/** "Frst", so that no other program's database is ever taken for ours and migrated. */
const APPLICATION_ID = 0x46727374;
const MAGIC = 'SQLite format 3\0';
const HEADER_BYTES = 100;
const BUSY_MS = 5000;
const WAL_LIMIT_BYTES = 32 * 1024 * 1024;
const NEWEST = MIGRATIONS.at(-1)?.version ?? 0;

const size = (file: string): number => (existsSync(file) ? statSync(file).size : 0);

/** The folder of a new database is made 0700; one that is there is left as it is (it may be anybody's). */
const prepareFile = (file: string): void => {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  if (existsSync(file)) {
    if ((statSync(file).mode & 0o777) !== 0o600) chmodSync(file, 0o600);
    // SQLite would open it for reading and fail later, with a less telling error.
    accessSync(file, constants.W_OK);
    accessSync(dirname(file), constants.W_OK);
    if (size(file) > 0) return;
    // SQLite takes an empty file for a new database; one that lost its content must not become a fresh start.
    if (size(`${file}-wal`) > 0 || backupsOf(file).length > 0) throw damaged(file, 'it is empty');
  } else closeSync(openSync(file, 'wx', 0o600));
};

/**
 * A file that lost its end: SQLite notices missing pages, but reads a cut one as if it ended in zeros. Only after an orderly
 * end does the header's page count (https://sqlite.org/fileformat2.html#the_database_header) have to agree with the size.
 */
const checkSize = (file: string): void => {
  const header = Buffer.alloc(HEADER_BYTES);
  const opened = openSync(file, 'r');
  const read = readSync(opened, header, 0, HEADER_BYTES, 0);
  closeSync(opened);
  if (read === 0) return;
  if (header.toString('latin1', 0, MAGIC.length) !== MAGIC) throw damaged(file, 'it is not a database');
  const pageBytes = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
  const countIsValid = header.readUInt32BE(24) === header.readUInt32BE(92);
  if (read < HEADER_BYTES || (countIsValid && size(file) < pageBytes * header.readUInt32BE(28)))
    throw damaged(file, 'its end is missing');
};

const checkIdentity = (handle: Database.Database, file: string): void => {
  const tables = handle.prepare('SELECT count(*) FROM sqlite_schema').pluck().get();
  const id = Number(handle.pragma('application_id', { simple: true }));
  if (tables !== 0 && (id !== APPLICATION_ID || versionOf(handle) === 0))
    throw damaged(file, 'it is a database of another program');
};

const checkPages = (handle: Database.Database, file: string): void => {
  const found = handle.pragma('quick_check(1)', { simple: true });
  if (found !== 'ok') throw damaged(file, String(found).slice(0, 300));
};

const openHandle = (file: string, log: Log): Database.Database => {
  prepareFile(file);
  // A process that ended in order leaves no WAL behind. Where there is one, every page is looked at once.
  const unclean = size(`${file}-wal`) > 0;
  if (!unclean) checkSize(file);
  const handle = new Database(file, { timeout: BUSY_MS });
  try {
    checkIdentity(handle, file);
    const present = versionOf(handle);
    if (unclean || (present > 0 && present < NEWEST)) checkPages(handle, file);
    handle.pragma('trusted_schema = OFF');
    handle.pragma('cell_size_check = ON');
    // A newer database is only looked at.
    if (present <= NEWEST) {
      handle.pragma('journal_mode = WAL');
      handle.pragma(`journal_size_limit = ${WAL_LIMIT_BYTES}`);
      handle.pragma('synchronous = FULL');
      handle.pragma('foreign_keys = ON');
      if (present === 0) handle.pragma(`application_id = ${APPLICATION_ID}`);
    }
    migrate(handle, file, MIGRATIONS, log);
    if (unclean) log.write('info', 'database recovered after an unclean end');
    return handle;
  } catch (error) {
    handle.close();
    throw error;
  }
};

/**
 * Errors: `store.newer` (left untouched), `store.damaged` (names the file and its backup copies), `store.full` (disk full or
 * read-only), `store.busy`. A process opens a file once; see lock.ts for keeping other processes out.
 */
export const openStore = (options: { file: string; log: Log }): Result<Store> => {
  try {
    const db = new Db(openHandle(options.file, options.log), options.file);
    return ok({
      ...hostStore(db),
      ...scanStore(db),
      ...snapshotStore(db),
      ...signatureStore(db),
      ...promotionStore(db),
      ...planStore(db),
      ...runStore(db),
      ...guardStore(db),
      ...driftStore(db),
      ...settingStore(db),
      ...auditStore(db),
      ...trustStore(db),
      ...artefactIndex(db),
      ...catalogStore(db),
      ...bundleStore(db),
      ...ruleStore(db),
      ...advisoryStore(db),
      atomically: (work) => db.transaction(work),
      close: () => db.close(),
    });
  } catch (error) {
    const fault = faultOf(error, options.file);
    if (fault instanceof FrostFault) return err(fault.error);
    throw error;
  }
};
